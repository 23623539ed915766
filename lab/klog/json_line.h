/*
 * json_line.h - takes the kernel message out of one line of JSON (journalctl -o json or
 * json-pretty, log shippers, lists of lines); pure. Field names: systemd.journal-fields(7), and
 * those of common log shippers.
 *
 * Captured: {"_TRANSPORT":"kernel","PRIORITY":"3","MESSAGE":"Out of memory: Killed process 1 (a)"}
 * Only flat objects are looked at; MESSAGE may be an array of bytes, as the journal writes text
 * that is not UTF-8. Not a validator: anything odd is simply not a message.
 */
#ifndef OOMLAB_KLOG_JSON_LINE_H
#define OOMLAB_KLOG_JSON_LINE_H

#include "base/strbuf.h"
#include "klog/span.h"

/* True when json_line_message() is worth a call: the kernel's own lines do not end so. */
static inline bool json_line_may_be(struct span raw)
{
	raw = span_rtrim(raw);
	return raw.n > 2 && memchr("}],\"", raw.p[raw.n - 1], 4) && span_has_char(raw, '"');
}

/*
 * Appends the message of the object, of the member ("MESSAGE": "...") or of the list's string
 * ("[  12.345678] ...") in `raw` to out, with a printk stamp in front when an object has a
 * monotonic time. False when raw is none of these or another program wrote the message; something
 * may have been appended then.
 */
bool json_line_message(struct span raw, struct strbuf *out);

#endif
