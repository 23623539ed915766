/*
 * line.h - one physical line of a pasted log without what was put in front of the kernel's text.
 *
 * Whatever carries kernel messages to people adds something: printk stamps and caller ids,
 * /dev/kmsg headers, syslog and journal headers, mail quotes, list bullets, colours. Each is
 * recognised by its shape and taken off, outermost first; what is left begins where the kernel
 * began. Captured lines, one per style (tests/fixtures/oomlog/prefixes.txt):
 *
 *	[   52.419530] text                           dmesg, serial console
 *	[   49.921978][ T6736] text                   with CONFIG_PRINTK_CALLER
 *	[Di Aug 12 03:54:03 2025] text                dmesg -T, any locale
 *	kern  :warn  : 2025-01-21T04:41:44,283302+00:00 text     dmesg --decode --time-format iso
 *	4,19685342,241227987454,-,caller=T12845;text  /dev/kmsg
 *	<4>[76541.325574] text                        pstore, vmcore-dmesg
 *	Jan  5 15:19:27 host kernel: [ 5864.708440] text         syslog
 *	Sat Jan 25 09:40:15 2020 kern.info kernel: [ 12.345678] text   busybox
 *	>  | [  599.515700][T23028] text              quoted mail
 *	{"MESSAGE":"text","_TRANSPORT":"kernel"}      journalctl -o json
 *
 * A header that names another program than the kernel makes the line foreign: such programs quote
 * kernel text, and a quote is not a kill. Printk levels and kmsg priorities with a facility other
 * than kern are foreign too (user space can write to /dev/kmsg).
 *
 * LIMITATIONS: a header without a known shape is not taken off; the line then counts as having
 * none. Times with a date only are kept as text, not converted: they carry no zone.
 */
#ifndef OOMLAB_KLOG_LINE_H
#define OOMLAB_KLOG_LINE_H

#include "klog/span.h"

struct line {
	struct span text; /* the message; leading blanks kept if the line had no header */
	struct span wall; /* date and time as printed, empty if none */
	int64_t time_ns;  /* printk stamp; ABSENT if none */
	int64_t caller;	  /* task that printed it (CONFIG_PRINTK_CALLER); ABSENT: not said */
	bool headed;	  /* something that starts a message stood in front: not a continuation */
	bool foreign;	  /* another program's message */
	bool escaped;	  /* from /dev/kmsg or JSON: newlines of the message are inside text */
	size_t indent;	  /* blanks in front of everything */
	size_t columns;	  /* width of the whole physical line, to tell a hard wrap */
};

enum { LINE_SHAPE_MAX = 64 };

/*
 * Takes the headers off `raw` (one line without its newline). `scratch` holds at least raw.n bytes
 * and receives the text where it must be rewritten (escapes, no-break spaces); line->text points
 * into raw or scratch. `known` is the log's own: the shape of a header that was not known by itself
 * but proved to be one; empty in the beginning. `plain` says that all of raw is printable ASCII
 * but for carriage returns at its end.
 */
void line_strip(struct line *line, struct span raw, bool plain, char *scratch,
		char known[LINE_SHAPE_MAX]);

#endif
