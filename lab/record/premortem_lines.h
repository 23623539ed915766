/*
 * premortem_lines.h - the lines of a record that have the snapshot just before the limit.
 *
 * On cgroup v2 the lab sets memory.high a little under memory.max; when the charge passes it, the
 * lab freezes everything in the cgroup, takes the snapshot, and lets it go on. The kinds of line,
 * in the order written:
 *
 *	premortem          armed: the limit, and the value of memory.high
 *	premortem_look     the time of the snapshot, memory.current and memory.stat
 *	premortem_arena    an arena as the trace ring had it then; fields of "arena"
 *	premortem_thread   a thread: its stack as in record_touch, its system call
 *	premortem_process  the process of these threads
 *	premortem_mapping  resident memory by mapping, summed by name
 *	premortem_file     an open file that lives in memory: tmpfs, memfd
 *	premortem_left     what the snapshot left out, and how many
 *	premortem_core     the core file, or why there is none
 *	premortem_thaw     when the cgroup went on, with memory.high set back to max
 *
 * Units, absent values and ownership are record.h's.
 */
#ifndef OOMLAB_RECORD_PREMORTEM_LINES_H
#define OOMLAB_RECORD_PREMORTEM_LINES_H

#include "record/record.h"

struct premortem_process {
	int64_t pid;
	const char *comm;
	int64_t threads; /* how many it had */
	unsigned int line;
};

struct premortem_thread {
	int64_t pid, tid;
	const char *comm;
	int64_t syscall;   /* number of the system call it is in; absent: none, or not known */
	bool is_running;   /* it could not be stopped: nothing more is known of it */
	bool is_whole;	   /* all registers were read; else the stack is a guess from two of them */
	int64_t sp;	   /* stack pointer; absent: not known */
	const char *stack; /* as in record_touch; NULL: not known */
	unsigned int line;
};

struct premortem_mapping {
	int64_t pid;
	const char *name;  /* of /proc/PID/smaps; NULL: anonymous memory without a name */
	const char *arena; /* the arena that lies in it; NULL: none is known */
	int64_t arena_id;
	int64_t mappings;   /* how many were summed */
	int64_t start;	    /* of the first; absent where it has no meaning */
	int64_t size, rss;  /* bytes */
	int64_t anon, huge; /* parts of rss: anonymous / in huge pages */
	int64_t swap;	    /* bytes swapped out, not in rss */
	bool is_rest;	    /* the sum of all mappings that have no line of their own */
	unsigned int line;
};

struct premortem_file {
	int64_t pid, fd;
	const char *name;
	int64_t size, resident; /* bytes: as ls(1) shows it / in memory */
	unsigned int line;
};

/* What was left out of the snapshot, to keep it short. */
struct premortem_left {
	enum snapshot_part what;
	int64_t count;
	unsigned int line;
};

struct record_premortem {
	/* armed */
	int64_t percent, limit, high; /* memory.high in bytes and in percent of the limit */
	unsigned int armed_line;      /* 0: no such line */
	/* the snapshot */
	int64_t t_ns;	 /* absent: none was taken */
	bool is_frozen;	 /* the cgroup was frozen while it was taken */
	int64_t wait_ns; /* from the event of memory.high until it was frozen */
	const char *why; /* why it was not frozen, or why no snapshot was taken */
	int64_t value[METRIC_COUNT];
	unsigned int look_line;
	/* its end */
	int64_t thaw_ns;
	int64_t high_events; /* rise of `high` in memory.events, which the lab itself caused */
	unsigned int thaw_line;
	/* the core file */
	const char *core, *core_why; /* path / why there is none; both NULL: not requested */
	int64_t core_bytes;
	unsigned int core_line;

	struct premortem_process *processes;
	size_t process_count;
	struct premortem_thread *threads;
	size_t thread_count;
	struct premortem_mapping *mappings;
	size_t mapping_count;
	struct premortem_file *files;
	size_t file_count;
	struct record_arena *arenas;
	size_t arena_count;
	struct premortem_left *left;
	size_t left_count;
};

/* The writer; each takes what its line holds from the struct. */
void premortem_put_armed(struct record_writer *w, const struct record_premortem *p);
void premortem_put_look(struct record_writer *w, const struct record_premortem *p);
void premortem_put_thaw(struct record_writer *w, const struct record_premortem *p);
void premortem_put_core(struct record_writer *w, const struct record_premortem *p);
void premortem_put_process(struct record_writer *w, const struct premortem_process *process);
void premortem_put_thread(struct record_writer *w, const struct premortem_thread *thread);
void premortem_put_mapping(struct record_writer *w, const struct premortem_mapping *mapping);
void premortem_put_file(struct record_writer *w, const struct premortem_file *file);
void premortem_put_arena(struct record_writer *w, const struct record_arena *arena);
void premortem_put_left(struct record_writer *w, enum snapshot_part what, int64_t count);

/*
 * For record_load(): takes a line of one of the kinds above. Returns 0, or -1 when it is none, is
 * damaged, or is one too many. Strings are borrowed from `object`, which is kept in r->lines.
 */
int premortem_load(struct record *r, const char *ev, json_t *object, unsigned int line);
void premortem_free(struct record_premortem *p);

/* True when a snapshot was taken. */
static inline bool premortem_was_taken(const struct record *r)
{
	return r->premortem && r->premortem->look_line && r->premortem->t_ns != ABSENT;
}

#endif
