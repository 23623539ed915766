/*
 * record.h - the facts of one run: written append-only while it runs, read back as one struct.
 *
 * A record is `record.jsonl`, schema "oomlab.record/1": one JSON object a line, each written by a
 * single write(2), so that the record is usable after the writer is killed. A last line that is cut
 * short is dropped, and is_cut is set. Other rooms know no lines: they write with record_put_*()
 * and read with record_load(). Verdict and report know nothing but the record.
 *
 * Units: bytes; ns on CLOCK_MONOTONIC of the kernel that ran the target. Numbers that are absent
 * are ABSENT (never 0), strings NULL.
 * The member `line` of a struct is the 1-based number of its line in the file, for evidence.
 * Not thread safe. When a write fails, struct record_writer keeps the error.
 */
#ifndef OOMLAB_RECORD_RECORD_H
#define OOMLAB_RECORD_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/absent.h"
#include "base/err.h"
#include "base/folder.h"
#include "record/names.h"
#include "spec/spec.h"

#define RECORD_SCHEMA "oomlab.record/1"
#define RECORD_FILE   "record.jsonl"

/* More than any run writes. A larger file, which somebody else may have made, is not read. */
enum { RECORD_LINE_BYTES_MAX = 64 << 20, RECORD_BYTES_MAX = 1 << 30 };

struct record_counters {
	int64_t value[COUNTER_COUNT];
};

struct record_sample {
	int64_t t_ns;
	int64_t value[METRIC_COUNT];
	unsigned int line;
};

struct record_kmsg {
	int64_t t_ns;
	uint64_t seq;
	int priority;	  /* 0..7 */
	const char *text; /* first line only; \xNN escapes as the kernel wrote them */
	unsigned int line;
};

/* A cgroup whose counters were read: level 0 is the target's own, 1 its parent, ... */
struct record_cgroup {
	int level;
	const char *path; /* as in /proc/PID/cgroup of the kernel that ran it */
	struct amount memory_max, memory_high, memory_swap_max; /* as read back */
	int64_t oom_group;					/* 0, 1 */
	struct record_counters before, after;			/* memory.events */
	struct record_counters local_before, local_after;
	unsigned int line;	  /* of the last counters line */
	unsigned int limits_line; /* of the limits as read back */
};

struct record_process_end {
	int64_t t_ns;
	int64_t pid;
	bool is_target;
	bool is_engines_word; /* the status is from a container's engine, not from wait(2) */
	int64_t exit_status;  /* or ABSENT */
	int64_t signal;	      /* or ABSENT */
	unsigned int line;
};

struct record_checkpoint {
	int64_t t_ns;
	const char *name;
	int64_t vsz_bytes, rss_bytes;
	unsigned int line;
};

struct record_site {
	uint64_t address;
	const char *function, *file; /* NULL: not resolved */
	int line_number;	     /* 0: unknown */
	unsigned int line;
};

/* One arena, from the trace; its sites are addresses of elements of sites[]. */
struct record_arena {
	int64_t id, pid;
	const char *name;
	enum policy policy;
	enum origin source;
	int64_t reserved, committed, touched, used, peak; /* bytes */
	int64_t clear_target, cleared;	/* eager clearing: bytes to do / done by the last record */
	uint64_t init_site, clear_site; /* 0: unknown */
	uint64_t base;			/* address of the first byte; 0: unknown */
	int64_t refused_errno;		/* 0: not refused */
	int64_t first_record, last_record; /* numbers of its records in the trace */
	unsigned int line;
};

/* A file whose code the target mapped; stacks name it by its id. */
struct record_module {
	int64_t id;
	const char *path;
	unsigned int line;
};

/*
 * Resident bytes that came and went at one stack of one process, summed over samples. The stack is
 * the text of stack.h: "3+15a2b0" is an address in module 3 by that file's own headers, "+7f00.."
 * one in no file. All addresses but the first are inside the call instruction. A NULL stack stands
 * for all stacks that are not told apart.
 */
struct record_touch {
	int64_t pid;
	bool is_syscall; /* touched by the kernel on behalf of a system call */
	const char *stack;
	int64_t anon, file, shmem; /* bytes that became resident; absent: none */
	int64_t anon_lost;	   /* anonymous bytes that went; absent: none */
	int64_t swapped_in;	   /* part of anon that had been swapped out; absent: none */
	int64_t faults;		   /* page faults, of whatever size; absent: none */
	int64_t lone; /* faults that were alone in their 2 MiB; absent: none, or sizes are known */
	int64_t mapping;  /* id of a record_mapping; absent: not known in which */
	bool is_on_stack; /* the memory is the stack of a thread */
	int64_t samples;
	unsigned int line;
};

/*
 * Address space as the kernel gave it to a process: one mapping of 1 MiB or more, or several summed
 * (enum mapping_what). What was given back unused is not counted; touches say what was touched.
 */
struct record_mapping {
	int64_t id, pid;
	enum mapping_what what;
	bool is_requested;	   /* at an address that the program chose */
	uint64_t start;		   /* of the first of `calls` */
	int64_t bytes;		   /* of all calls together; absent: of files */
	int64_t calls;		   /* absent: not counted */
	int64_t returned;	   /* of bytes: was given back; absent: that was not seen */
	int64_t t_ns;		   /* of the first call */
	int64_t first_ns, last_ns; /* first and last touch; absent: not seen */
	const char *stack;	   /* of the first call, as in record_touch; NULL: not known */
	unsigned int line;
};

/*
 * A thread that invoked the OOM killer, with its call chain at that moment, as the touch profile took
 * it: once for each victim.
 */
struct record_invoker {
	int64_t t_ns, pid, tid;
	int64_t victim;	   /* pid, as the kernel log has it */
	const char *stack; /* as in record_touch */
	unsigned int line;
};

/*
 * A file that lives in memory (tmpfs, memfd) and has 1 MiB or more, as it was when the charge came
 * near the limit; the largest first. Its memory need not be charged to the run's cgroup alone.
 */
struct record_memory_file {
	int64_t t_ns; /* when it was read; files that were read together have the same */
	const char *name;
	int64_t pid; /* has it open; absent: found in its file system, written since the start */
	const char *comm;	/* of that process */
	int64_t size, resident; /* bytes: as ls(1) shows it / in memory */
	unsigned int line;
};

/* The resident counters of a process as the last samples had them. */
struct record_resident {
	int64_t pid;
	int64_t anon, file, shmem; /* bytes */
	int64_t inherited;	   /* part of anon that was shared with the parent at the fork */
	bool has_forked;	   /* the process forked, or came from a fork without an exec */
	unsigned int line;
};

/*
 * Functions that left a stack by a tail call: wherever the frame `outer` stands behind `inner`, the
 * frames of `jumps` stood between them. Stacks have them once the record is loaded.
 */
struct record_tail_call {
	const char *inner, *outer; /* frames of stack.h */
	const char *jumps;	   /* the same, one or more, the innermost first */
	unsigned int line;
};

/*
 * A frame of a stack, resolved: `at` is its text in the stack. `calls` is the function that the
 * call instruction there names, by the program's table of imports; NULL: it names none. Where
 * functions are inlined, one `at` has several frames: level is ABSENT for the innermost, 1 for the
 * function it is inlined into, at the line of that call, and so on to the one that has the code.
 */
struct record_frame {
	const char *at, *function, *file, *calls;
	int64_t level;
	int line_number; /* 0: unknown */
	unsigned int line;
};

/*
 * What one call site of one process requested, counted by the preload library. live is what was
 * requested and not given back when the process ended or was killed; calls that were under way then
 * may be missing.
 */
struct record_reservation {
	int64_t pid; /* as the process saw itself; absent: of several, all that is not told apart */
	enum taken what;
	uint64_t site;		       /* the return address of the call; 0: several */
	const char *at;		       /* the call as a frame of stack.h; NULL: not known */
	int64_t calls, refused, frees; /* calls that got memory, failed with ENOMEM, gave it back */
	int64_t asked, live, peak;     /* bytes: requested in all / at the end / highest live */
	int64_t refused_bytes; /* of the largest request that was refused; absent: not known */
	enum program_end ended;
	unsigned int line;
};

/*
 * Address space held at the end: a mapping, or an allocation of TRACE_LARGE_BYTES or more. pid,
 * what and site are those of its record_reservation.
 */
struct record_range {
	int64_t pid;
	enum taken what;
	uint64_t site, start;
	int64_t bytes;
	unsigned int line;
};

/* /proc/PID/maps, for the symbols. */
struct record_maps {
	int64_t pid;
	const char *exe, *maps;
	unsigned int line;
};

/*
 * A process that the target started, directly or not. Only those have a line that the kernel said
 * it killed, or that were seen outside of the run's cgroup.
 */
struct record_process {
	int64_t t_ns;			/* of its fork; absent: not seen */
	int64_t pid, parent;		/* parent absent: not known */
	const char *comm, *parent_comm; /* as last set; NULL: not known */
	const char *cgroup; /* where it was seen outside of the run's cgroup; NULL: nowhere */
	unsigned int line;
};

/*
 * A cgroup that is neither the run's own nor above it: it was made below it while the target ran,
 * or a process of the run was killed for its limit. Counters are as last read; those of a cgroup
 * that is not below the run's own may count events from before the run.
 */
struct record_cgroup_seen {
	int64_t t_ns;
	const char *path;
	struct amount memory_max;
	int64_t oom_group;		   /* 0, 1 */
	struct record_counters all, local; /* local: absent on v1 */
	unsigned int line;
};

/* The engine that ran the container, and what it reports of the container's end. */
struct record_engine {
	const char *name, *version, *image, *container;
	int64_t oom_killed;  /* its OOMKilled: 0, 1; absent: not known */
	int64_t exit_status; /* 128 + signal after a signal: 137 after SIGKILL */
	const char *error;
	unsigned int line;
};

/* Names of sources that other code looks up. */
#define RECORD_SOURCE_KMSG	"kmsg"
#define RECORD_SOURCE_PROCESSES "process records"
#define RECORD_SOURCE_TOUCH	"touch profile"

struct record_source {
	const char *name; /* kmsg, memory.events, memory.stat, trace, mark_victim, ... */
	bool is_open;
	bool is_needless; /* not open because another source tells the same: nothing is missing */
	const char *why;  /* not open: the reason and a remedy; open: what it lacks, or NULL */
	unsigned int line;
};

/* A line of a text or a count; which members are used depends on its kind (lines.h). */
struct record_note {
	const char *name, *text;
	int64_t count;
	int64_t t_ns;
	unsigned int line;
};

struct record_mark {
	int64_t t_ns;
	enum mark what;
	int64_t value; /* the counter's value; absent: the mark is no counter's */
	unsigned int line;
};

struct record_loss {
	enum loss what;
	int64_t count;
	unsigned int line; /* the record's last line, if the loader found the loss */
};

/* The outcome of the scenario's twin when it last ran here. */
struct record_twin {
	const char *name; /* NULL: it was not run */
	enum outcome outcome;
	int64_t peak; /* bytes */
	unsigned int line;
};

struct record_isolation {
	enum isolation files;
	const char *note; /* the sentence of an older record, shown as it is; or NULL */
	unsigned int line;
};

/* What the launcher's guardian did, in place of the launcher. */
struct record_guardian {
	int64_t t_ns;
	enum guardian_why why; /* GUARDIAN_NOTHING: it had nothing to do */
	int64_t ended;	       /* processes that it ended */
	int64_t left; /* processes, cgroups, containers, files that it could not end or remove */
	int64_t oom_kill; /* the cgroup's counter after that; absent: not known */
	unsigned int line;
};

struct record {
	/* run */
	const char *id, *backend, *kernel, *machine, *started_at, *accelerator;
	const char **argv;
	size_t argc;
	int64_t page_size, cgroup_version;
	struct record_engine engine; /* name NULL: none */
	const char *cgroup_path;     /* the target's, as the kernel prints it in oom-kill: lines */
	int64_t target_pid;
	int64_t start_ns, gate_ns, end_ns; /* absent when the run did not get there */
	/* the spec of the scenario or command, with the options of the command line */
	struct spec spec;
	/*
	 * Settings found on the kernel that ran it, name to text. The report knows
	 * vm.overcommit_memory, vm.overcommit_ratio, MemTotal, SwapTotal, CommitLimit and
	 * Committed_AS (the last four as /proc/meminfo has them: "2006172 kB", or in bytes).
	 */
	json_t *settings; /* borrowed: lives as long as the record; object, never NULL */
	struct record_cgroup *cgroups;
	size_t cgroup_count;
	struct record_source *sources;
	size_t source_count;
	struct record_sample *samples;
	size_t sample_count;
	struct record_kmsg *kmsg;
	size_t kmsg_count;
	struct record_process_end *ends;
	size_t end_count;
	struct record_process *processes; /* of several with one pid the last is the newest */
	size_t process_count;
	struct record_cgroup_seen *cgroups_seen; /* of several with one path the last, too */
	size_t cgroup_seen_count;
	struct record_checkpoint *checkpoints;
	size_t checkpoint_count;
	struct record_arena *arenas;
	size_t arena_count;
	struct record_site *sites;
	size_t site_count;
	struct record_maps *maps;
	size_t maps_count;
	struct record_module *modules;
	size_t module_count;
	struct record_touch *touches;
	size_t touch_count;
	struct record_mapping *mappings;
	size_t mapping_count;
	struct record_invoker *invokers;
	size_t invoker_count;
	struct record_memory_file *memory_files;
	size_t memory_file_count;
	struct record_resident *residents;
	size_t resident_count;
	struct record_frame *frames;
	size_t frame_count;
	struct record_tail_call *tail_calls;
	size_t tail_call_count;
	struct record_reservation
		*reservations; /* by the preload library; the largest peak first */
	size_t reservation_count;
	struct record_range *ranges;
	size_t range_count;
	struct record_premortem *premortem; /* premortem_lines.h; NULL: no line of it */
	struct record_mark *marks;
	size_t mark_count;
	struct record_loss *lost;
	size_t lost_count;
	struct record_note *notes; /* remarks on quality: {text} */
	size_t note_count;
	struct record_twin twin;
	struct record_isolation isolation;
	struct record_note *mark_victims; /* oom:mark_victim: {count = pid, text = comm} */
	size_t mark_victim_count;
	int64_t refused_errno, refused_bytes; /* the target reported it at the gate; or ABSENT */
	const char *refused_what;
	unsigned int refused_line;
	enum watchdog watchdog; /* why the lab stopped the target; WATCHDOG_NONE: it did not */
	unsigned int watchdog_line;
	struct record_guardian guardian;
	int64_t residue_bytes; /* still charged after every process had gone */
	unsigned int residue_line;
	const char *error; /* the lab's own failure, one sentence */
	unsigned int error_line;
	const char *
		panic; /* the kernel's own line; NULL: it did not panic after the target had begun */
	unsigned int panic_line;
	const char *skip; /* the reason why the run was not even tried */
	bool is_complete; /* the "end" line was read */
	bool is_unclosed; /* the "closed" line, which was to follow "end", was not read */
	bool is_cut;	  /* the last line was cut short, and dropped */
	size_t line_count;
	json_t *lines; /* owner of every string above */
};

/*
 * Reads a record. Returns 0 or -1. Lines that are no JSON object, of an unknown kind, or with
 * fields of the wrong type are dropped and counted in lost (LOSS_RECORD): a damaged record is
 * still read. Lines of earlier versions are read, too (load_before.h). Fails only when the file
 * cannot be read, is no regular file (base/folder.h), is larger than RECORD_BYTES_MAX, has a line
 * longer than RECORD_LINE_BYTES_MAX or has no "run" line; then nothing is to be released. After 0
 * the caller releases with record_release().
 */
int record_load(const char *path, struct record *record, struct err *err);
/* The same of RECORD_FILE in the folder of a run, and of `len` bytes in memory. */
int record_load_in(const struct folder *folder, struct record *record, struct err *err);
int record_load_memory(const char *data, size_t len, struct record *record, struct err *err);
void record_release(struct record *record);

/*
 * Text as a JSON string: bytes that are not UTF-8, and NULs, become the text \xNN. NULL gives NULL.
 * The caller owns the reference.
 */
json_t *record_string(const char *text);

/* The writer. It borrows fd. `err` keeps the first failure; later puts do nothing. */
struct record_writer {
	int fd;
	bool failed;
	int64_t lines; /* written so far */
	struct err err;
};
void record_writer_init(struct record_writer *w, int fd);

/* Writes a line of any kind: "ev" first, then the members of `line`, whose reference it takes. */
void record_put(struct record_writer *w, const char *ev, json_t *line);
/*
 * One line that is already JSON text without newline (from the guest), written as it is. Returns
 * 0, or -1 and writes nothing when it is no JSON object with a string "ev".
 */
int record_put_raw(struct record_writer *w, const char *text, size_t len);

struct record_run {
	const char *id, *backend, *kernel, *machine, *started_at, *accelerator;
	char *const *argv;
	int64_t page_size, cgroup_version;
	const char *last_line; /* RECORD_CLOSED: that line will be written behind "end"; or NULL */
};
/* Several lines add up: a member that is NULL or ABSENT keeps the value of an earlier line. */
void record_put_run(struct record_writer *w, const struct record_run *run);
/* Written when the container is made: name, version, image, container; at its end: the rest. */
void record_put_engine(struct record_writer *w, const struct record_engine *engine);
void record_put_engine_end(struct record_writer *w, const struct record_engine *engine);
void record_put_spec(struct record_writer *w, const struct spec *spec);
void record_put_setting(struct record_writer *w, const char *name, const char *value);
/* The limits in force, read back; level as in record_cgroup. */
void record_put_cgroup(struct record_writer *w, int level, const char *path,
		       const struct cgroup_limits *limits);
/* The last line of a level and a moment counts. local may be NULL. */
void record_put_counters(struct record_writer *w, int64_t t_ns, int level, enum moment when,
			 const struct record_counters *all, const struct record_counters *local);
void record_put_source(struct record_writer *w, const char *name, bool is_open, const char *why);
/* A source that was not opened because another tells the same. */
void record_put_needless(struct record_writer *w, const char *name, const char *why);
void record_put_start(struct record_writer *w, int64_t t_ns, int64_t pid, const char *cgroup_path);
void record_put_gate(struct record_writer *w, int64_t t_ns);
void record_put_sample(struct record_writer *w, const struct record_sample *sample);
/* text: what follows the ';' of a /dev/kmsg record, len bytes, newline excluded. */
void record_put_kmsg(struct record_writer *w, int64_t t_ns, uint64_t seq, int priority,
		     const char *text, size_t len);
void record_put_checkpoint(struct record_writer *w, const struct record_checkpoint *c);
void record_put_refused(struct record_writer *w, int64_t t_ns, int64_t errno_value, int64_t bytes,
			const char *what);
void record_put_exit(struct record_writer *w, const struct record_process_end *e);
void record_put_process(struct record_writer *w, const struct record_process *process);
void record_put_cgroup_seen(struct record_writer *w, const struct record_cgroup_seen *cgroup);
/* value: the counter's new value, or ABSENT. */
void record_put_mark(struct record_writer *w, int64_t t_ns, enum mark what, int64_t value);
void record_put_mark_victim(struct record_writer *w, int64_t t_ns, int64_t pid, const char *comm);
void record_put_watchdog(struct record_writer *w, int64_t t_ns, enum watchdog why);
/*
 * Writes the guardian's line, with its newline, into `text`. Returns its length, or 0 if `size` is
 * too small. Allocates nothing: the guardian uses it when the launcher is gone or stopped.
 * pre: why is not GUARDIAN_NOTHING.
 */
int record_guardian_line(const struct record_guardian *guardian, char *text, size_t size);
void record_put_residue(struct record_writer *w, int64_t bytes);
void record_put_lost(struct record_writer *w, enum loss what, int64_t count);
/* A remark on quality, one sentence without its full stop. It is shown; no verdict rests on it. */
void record_put_note(struct record_writer *w, const char *text);
void record_put_twin(struct record_writer *w, const struct record_twin *twin);
void record_put_isolation(struct record_writer *w, enum isolation files);
void record_put_maps(struct record_writer *w, int64_t pid, const char *exe, const char *maps);
void record_put_arena(struct record_writer *w, const struct record_arena *arena);
void record_put_site(struct record_writer *w, const struct record_site *site);
void record_put_module(struct record_writer *w, int64_t id, const char *path);
void record_put_touch(struct record_writer *w, const struct record_touch *touch);
void record_put_mapping(struct record_writer *w, const struct record_mapping *mapping);
void record_put_invoker(struct record_writer *w, const struct record_invoker *invoker);
void record_put_memory_file(struct record_writer *w, const struct record_memory_file *file);
void record_put_resident(struct record_writer *w, const struct record_resident *resident);
void record_put_frame(struct record_writer *w, const struct record_frame *frame);
void record_put_tail_call(struct record_writer *w, const struct record_tail_call *tail_call);
void record_put_reservation(struct record_writer *w, const struct record_reservation *reservation);
void record_put_range(struct record_writer *w, const struct record_range *range);
void record_put_error(struct record_writer *w, const char *text);
void record_put_panic(struct record_writer *w, const char *text);
void record_put_skip(struct record_writer *w, const char *why);
void record_put_end(struct record_writer *w, int64_t t_ns);
/* The last line of a writer that adds lines behind "end", as a VM's launcher: how many came before. */
#define RECORD_CLOSED "closed"
void record_put_closed(struct record_writer *w);

#endif
