/*
 * json.h - the kernel message inside one line of JSON (journalctl -o json, container logs); pure.
 *
 * Captured: {"_TRANSPORT":"kernel","PRIORITY":"3","MESSAGE":"Out of memory: Killed process 1 (a)"}
 * Only flat objects are looked at; MESSAGE may be an array of bytes, as the journal writes text
 * that is not UTF-8. Not a validator: anything odd is simply not a message.
 */
#ifndef OOMLAB_OOMLOG_JSON_H
#define OOMLAB_OOMLOG_JSON_H

#include "base/strbuf.h"
#include "oomlog/span.h"

/*
 * Appends the message of the object in `raw` to out, with a printk stamp in front when the object
 * has a monotonic time. False when raw is no such object or another program wrote the message.
 */
bool json_message(struct span raw, struct strbuf *out);

#endif
