/*
 * assemble.h - messages in, events out: which lines belong together.
 *
 * An event begins with "invoked oom-killer" or, in a log that starts in the middle, with the first
 * line of a dump that is there. It ends where the next one begins, at a boot, or after a number of
 * messages that are not part of it. A kill line without a dump (the kernel limits the rate of
 * dumps, not of kills) is an event of its own. Table rows and counters without a line about a kill
 * are no event. Times are nanoseconds on the clock of the log's stamps.
 */
#ifndef OOMLAB_OOMLOG_ASSEMBLE_H
#define OOMLAB_OOMLOG_ASSEMBLE_H

#include "klog/joiner.h"
#include "oomlog/draft.h"

enum { RECENT_KILLS_MAX = 32 };

struct assembler {
	struct draft draft;
	struct oomlog_options options;
	bool open;	   /* an event is being filled */
	bool certain;	   /* a line was seen that only an OOM event has */
	bool in_slabs;	   /* reading the list of unreclaimable slabs */
	bool in_allocs;	   /* reading the list of the places that allocated most */
	unsigned int rows; /* of a task table, one behind the other */
	/* Frames in a row that begin an OOM trace: 1 dump_stack, 2 and dump_header. */
	unsigned int header_step;
	uint64_t idle; /* messages since the last one that is part of the event */
	uint64_t suppressed_line;
	int64_t suppressed;	      /* messages suppressed before the next event; or ABSENT */
	struct pending_kill *pending; /* kill lines put off: of the open event, or of another */
	size_t pending_count, pending_capacity;
	struct kill_stamp {
		int64_t time_ns, pid, total_vm_bytes, anon_rss_bytes;
	} recent_kills[RECENT_KILLS_MAX]; /* of the last kill lines that had a stamp */
	size_t recent_kill_count;
	int64_t last_ns;    /* stamp of the open event's last line; or ABSENT */
	char last_wall[64]; /* date in front of that line; "": none */
	int64_t last_pid;   /* last victim of the previous event */
	struct last_kill {
		char comm[16], memcg[256]; /* "": none, not told */
		int64_t anon_rss_bytes;
		uint64_t line;
	} last_kill;		  /* of the first victim of the previous event that had one */
	enum kind last_kind;	  /* of the last message */
	uint64_t other_dump;	  /* line of the last memory report that is no OOM's; 0: none */
	uint64_t by_hand;	  /* line of the last sysrq f that no event followed yet; 0: none */
	struct oomlog_event held; /* an event kept back, if has_held; its lists are in the pool */
	struct pool held_pool;
	bool has_held;
	uint64_t events; /* handed to the callback so far */
};

/* Copies the options. The caller ends with assembler_release(), which hands nothing out. */
void assembler_init(struct assembler *a, const struct oomlog_options *options);
void assembler_release(struct assembler *a);

/* Takes the next message. ctx is the struct assembler (a message_fn). */
void assembler_message(void *ctx, const struct message *message);

/* Ends the open event, if any, and hands it to the callback if it is certain. */
void assembler_close(struct assembler *a);

#endif
