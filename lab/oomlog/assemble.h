/*
 * assemble.h - messages in, events out: which lines belong together.
 *
 * An event begins with "invoked oom-killer" or, in a log that starts in the middle, with whatever
 * of a dump comes first; it ends where the next begins, at a boot, or after a while without a line
 * of its own. A kill line without a dump (the kernel limits the rate of dumps, not of kills) is an
 * event of its own. Table rows and counters alone, without a word about a kill, are none.
 */
#ifndef OOMLAB_OOMLOG_ASSEMBLE_H
#define OOMLAB_OOMLOG_ASSEMBLE_H

#include "klog/joiner.h"
#include "oomlog/draft.h"

enum { TOLD_MAX = 32 };

struct assembler {
	struct draft draft;
	struct oomlog_options options;
	bool open;    /* an event is being filled */
	bool certain; /* ... and it is one, not just rows that might lead to one */
	bool in_slabs;
	uint64_t idle; /* messages since the last of the event's own */
	uint64_t suppressed_line;
	int64_t suppressed;	      /* announced for the next event; absent if not */
	struct pending_kill *pending; /* kill lines right behind the event's, not yet told apart */
	size_t pending_count, pending_room;
	struct told_kill {
		int64_t time_ns, pid, total_vm_bytes, anon_rss_bytes;
	} told[TOLD_MAX]; /* the last kills with a printk stamp */
	size_t told_count;
	int64_t own_ns;	     /* stamp of the open event's last line; absent: none */
	char own_wall[64];   /* the same of the date in front; "": none */
	int64_t last_pid;    /* the last victim of the event before */
	enum kind last_kind; /* of the last message */
	uint64_t
		other_dump; /* line of the last report of something else with a Mem-Info; 0: none */
	uint64_t by_hand;   /* line of the last sysrq f that no event followed yet; 0: none */
	uint64_t events;
};

void assembler_init(struct assembler *a, const struct oomlog_options *options);
void assembler_release(struct assembler *a);

/* Takes the next message. ctx is the struct assembler (a message_fn). */
void assembler_message(void *ctx, const struct message *message);

/* Ends the open event, if any, and hands it to the callback if it is one. */
void assembler_close(struct assembler *a);

#endif
