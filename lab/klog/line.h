/*
 * line.h - takes off what was put in front of the kernel's text in one physical line of a log.
 *
 * Whatever carries kernel messages to people adds headers: printk stamps and caller ids, /dev/kmsg
 * fields, dates and names of syslog and the journal, mail quotes, list bullets, colours. Each is
 * recognised by its shape and taken off, outermost first. Sources of the shapes:
 * kernel/printk/printk.c, Documentation/ABI/testing/dev-kmsg, dmesg(1) of util-linux, RFC 3164 and
 * RFC 5424, journalctl(1). Captured lines, one per style (tests/fixtures/oomlog/prefixes.txt):
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
 * kernel text, and a quote is not a kill. A line whose priority has a facility other than kern is
 * foreign too (user space can write to /dev/kmsg).
 *
 * LIMITATIONS: a header of unknown shape is not taken off; the line then counts as having none.
 * Dates are kept as text, not converted, as most carry no zone.
 */
#ifndef OOMLAB_KLOG_LINE_H
#define OOMLAB_KLOG_LINE_H

#include "klog/span.h"

struct line {
	struct span text; /* the message; keeps its leading blanks if the line had no header */
	struct span wall; /* date and time as printed, empty if none */
	int64_t time_ns;  /* printk stamp; ABSENT if none */
	int64_t caller;	  /* task that printed it (CONFIG_PRINTK_CALLER); ABSENT: not said */
	bool headed;	  /* it had a header, so that it starts a message */
	bool foreign;	  /* another program's message */
	bool escaped;	  /* from /dev/kmsg or JSON: newlines of the message are inside text */
	size_t indent;	  /* blanks in front of everything */
	size_t columns;	  /* width of the whole physical line, which tells where terminals wrap */
};

enum { LINE_SHAPE_MAX = 64 };

/*
 * Takes the headers off `raw` (one line without its newline). `scratch` holds at least raw.n bytes
 * and receives the text where it must be rewritten (colours, no-break spaces); line->text points
 * into raw or scratch. `known` is kept by the caller for the whole log, empty in the beginning: the
 * shape of an unknown header that proved to be one. `plain` says that all of raw is printable ASCII
 * but for carriage returns at its end.
 */
void line_strip(struct line *line, struct span raw, bool plain, char *scratch,
		char known[LINE_SHAPE_MAX]);

#endif
