/*
 * premortem_lines.h - the lines of a record that tell what the lab saw just before the limit.
 *
 * On cgroup v2 the lab sets memory.high a little under memory.max; when that is passed, everything
 * in the cgroup is frozen, looked at, and let go on. The kinds of line, in the order written:
 *
 *	premortem          armed: the limit, and where memory.high was put
 *	premortem_look     the moment; memory.current and memory.stat of then
 *	premortem_arena    an arena as the trace ring had it then; fields of "arena"
 *	premortem_thread   each thread: its stack as record_touch has it, its system call
 *	premortem_process  the process they are of
 *	premortem_mapping  resident memory by mapping, summed by name
 *	premortem_file     open files that live in memory: tmpfs, memfd
 *	premortem_left     what was left out, and how many of it
 *	premortem_core     the core file, or why there is none
 *	premortem_thaw     the moment it was let go on, with memory.high put back to max
 *
 * Units, absent values and ownership are record.h's.
 */
#ifndef OOMLAB_RECORD_PREMORTEM_LINES_H
#define OOMLAB_RECORD_PREMORTEM_LINES_H

#include "record/record.h"

struct premortem_process {
	int64_t pid;
	const char *comm;
	int64_t threads; /* it had */
	unsigned int line;
};

struct premortem_thread {
	int64_t pid, tid;
	const char *comm;
	int64_t syscall;   /* its number; absent: in none, or not known */
	bool is_running;   /* it could not be held: nothing more is known of it */
	bool is_whole;	   /* all registers were read; else the stack is a guess from two */
	int64_t sp;	   /* its stack pointer; absent: not known */
	const char *stack; /* as in record_touch; NULL: not known */
	unsigned int line;
};

struct premortem_mapping {
	int64_t pid;
	const char *name;  /* of /proc/PID/smaps; NULL: anonymous memory without a name */
	const char *arena; /* the arena that lies in it; NULL: none is known */
	int64_t arena_id;
	int64_t mappings;	  /* how many were summed */
	int64_t start;		  /* of the first; absent where it has no meaning */
	int64_t size, rss;	  /* bytes */
	int64_t anon, huge, swap; /* of rss: anonymous, in huge pages; beside it: swapped out */
	bool is_rest;		  /* all that have no line of their own */
	unsigned int line;
};

struct premortem_file {
	int64_t pid, fd;
	const char *name;
	int64_t size, resident; /* as ls(1) shows it; what it holds */
	unsigned int line;
};

/* What was left out of the look, to keep it short. */
struct premortem_left {
	enum snapshot_part what;
	int64_t count;
	unsigned int line;
};

struct record_premortem {
	/* armed */
	int64_t percent, limit, high;
	unsigned int armed_line; /* 0: no such line */
	/* the look */
	int64_t t_ns;	 /* absent: none was taken */
	bool is_frozen;	 /* nothing moved meanwhile */
	int64_t wait_ns; /* from the event to that */
	const char *why; /* why it was not frozen, or why there was no look at all */
	int64_t value[METRIC_COUNT];
	unsigned int look_line;
	/* the end of it */
	int64_t thaw_ns;
	int64_t high_events; /* of memory.events: the lab's own doing */
	unsigned int thaw_line;
	/* the core file */
	const char *core, *core_why; /* one of them, or none was asked for */
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

/* True when there was a look. */
static inline bool premortem_was_taken(const struct record *r)
{
	return r->premortem && r->premortem->look_line && r->premortem->t_ns != ABSENT;
}

#endif
