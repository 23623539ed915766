/*
 * record.h - the facts of one run: written append-only while it runs, read back as one struct.
 *
 * A record is `record.jsonl`, schema "oomlab.record/1": one JSON object a line, each written by a
 * single write(2), so that it is usable after the writer is killed; a last line cut short is
 * dropped and said so. This header is the only place that knows the lines: writers call the
 * record_put_*() functions, readers call record_load(). What the record does not say is not known
 * to the verdict or the report.
 *
 * Units: bytes; ns on CLOCK_MONOTONIC of the kernel that ran the target. Numbers that are absent
 * are ABSENT (never 0), strings NULL.
 * Every line of the file has a number (1-based): evidence ids are made from it.
 * Not thread safe. A full disk is an error of the put that meets it.
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
#include "spec/spec.h"

#define RECORD_SCHEMA "oomlab.record/1"
#define RECORD_FILE   "record.jsonl"

/* More than any run writes, and an end to what somebody else may give to be read. */
enum { RECORD_LINE_BYTES_MAX = 64 << 20, RECORD_BYTES_MAX = 1 << 30 };

/* What a sample holds; record_metric_names[] has the JSON keys. All bytes unless said. */
enum metric {
	METRIC_CURRENT, /* memory.current */
	METRIC_PEAK,	/* memory.peak */
	METRIC_SWAP,	/* memory.swap.current */
	METRIC_ANON,	/* memory.stat: anon; v1: total_rss */
	METRIC_FILE,	/* file, shmem included; v1: total_cache */
	METRIC_SHMEM,
	METRIC_KERNEL, /* all kernel memory; v1: memory.kmem.usage_in_bytes */
	METRIC_KERNEL_STACK,
	METRIC_PAGETABLES,
	METRIC_PERCPU,
	METRIC_SLAB,
	METRIC_SOCK,
	METRIC_VMALLOC,
	METRIC_ANON_THP,
	METRIC_PGFAULT,	     /* count */
	METRIC_PGMAJFAULT,   /* count */
	METRIC_REFAULT_FILE, /* workingset_refault_*: pages read again soon after they were dropped
			      */
	METRIC_REFAULT_ANON,
	METRIC_PSI_SOME_US, /* memory.pressure some total, microseconds */
	METRIC_PSI_FULL_US,
	METRIC_VSZ, /* of the target process, as ps prints it */
	METRIC_RSS,
	METRIC_TMP_FILES,   /* in a guest, since the start: bytes that files in /tmp hold, */
	METRIC_SHM_FILES,   /* ... in /dev/shm, */
	METRIC_OTHER_FILES, /* ... and those written anywhere else */
	METRIC_COUNT
};
extern const char *const record_metric_names[METRIC_COUNT];

/*
 * memory.events and memory.events.local; v1 has oom_kill (memory.oom_control) and max: the failcnt
 * of memory plus that of memory and swap together.
 */
enum counter {
	COUNTER_LOW,
	COUNTER_HIGH,
	COUNTER_MAX,
	COUNTER_OOM,
	COUNTER_OOM_KILL,
	COUNTER_OOM_GROUP_KILL,
	COUNTER_COUNT
};
extern const char *const record_counter_names[COUNTER_COUNT];
/* The names of outcomes and constraints are spec.h's. */

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
	bool is_engines_word; /* the status is what a container's engine says */
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

/* One arena, from the trace; sites are addresses found again in sites[]. */
struct record_arena {
	int64_t id, pid;
	const char *name, *policy, *source;		  /* policy: eager, on_allocation, never;
							     source: malloc, reserve, buffer */
	int64_t reserved, committed, touched, used, peak; /* bytes */
	int64_t clear_target, cleared;	/* eager clearing: asked for, and done when last heard of */
	uint64_t init_site, clear_site; /* 0: unknown */
	uint64_t base;			/* address of the first byte; 0: unknown */
	int64_t refused_errno;		/* 0: not refused */
	int64_t first_record, last_record; /* range in the trace */
	unsigned int line;
};

/* A file whose code the target mapped; stacks name it by its id. */
struct record_module {
	int64_t id;
	const char *path;
	unsigned int line;
};

/*
 * Resident bytes that came and went at one stack of one process, sums of samples. The stack is
 * text, as stack.h says: "3+15a2b0" is an address in module 3 as the module's own headers count,
 * "+7f00.." one in no file. All but the first are inside the
 * call instruction. NULL: stacks that are not told apart.
 */
struct record_touch {
	int64_t pid;
	bool is_syscall; /* touched by the kernel on behalf of a system call */
	const char *stack;
	int64_t anon, anon_lost, file, shmem; /* bytes; absent: none */
	int64_t swapped_in;		      /* of anon: had been swapped out; absent: none */
	int64_t faults;			      /* page faults, of whatever size; absent: none */
	int64_t lone; /* of the faults: each alone in its 2 MiB; absent: none, or sizes are known */
	int64_t mapping;  /* of the record's mappings; absent: not known in which */
	bool is_on_stack; /* the memory is the stack of a thread */
	int64_t samples;
	unsigned int line;
};

/*
 * Address space that was asked for, as the kernel gave it: of 1 MiB and more in one piece, the heap
 * of brk(2), or the rest of a process that nobody was seen to ask for ("small": each of less than
 * 1 MiB; "unseen": of more; "pieces" and "anonymous": of any size), all its files, and what is the
 * lab's own. Given back is not seen; what is touched is in the touches.
 */
struct record_mapping {
	int64_t id, pid;
	const char *what;  /* mmap, shared, heap, small, unseen, file, labs, pieces, anonymous */
	bool is_requested; /* at an address that the program chose */
	uint64_t start;	   /* of the first of `calls` */
	int64_t bytes;	   /* of all calls together; absent: of files */
	int64_t calls;	   /* absent: not counted */
	int64_t t_ns;	   /* of the first call */
	int64_t first_ns, last_ns; /* when it was touched; absent: not seen */
	const char *stack;	   /* of the first call, as in a touch; NULL: not known */
	unsigned int line;
};

/*
 * A file that lives in memory (tmpfs, memfd), as it was when the lab looked: of 1 MiB and more, the
 * largest first, while what is charged comes near the limit. What it holds need not be charged to
 * the run's cgroup alone.
 */
struct record_memory_file {
	int64_t t_ns; /* of the look; those of one have the same */
	const char *name;
	int64_t pid; /* has it open; absent: found in its file system, written since the start */
	const char *comm;	/* of that process */
	int64_t size, resident; /* bytes; as ls(1) shows it; what it holds */
	unsigned int line;
};

/* What the samples last said of a process. */
struct record_resident {
	int64_t pid;
	int64_t anon, file, shmem; /* bytes */
	int64_t inherited;	   /* of anon: shared with the parent at the fork */
	bool has_forked;	   /* it, or it came from a fork without an exec */
	unsigned int line;
};

/*
 * A place of a stack, resolved: `at` as it stands there. calls: the function that the call
 * instruction there names, by the program's own table of what it imports; NULL: it names none.
 * Where functions are inlined a place has several frames: of level absent the innermost, of 1 the
 * function it is inlined into, at the line of that call, and so on to the one that has the code.
 */
struct record_frame {
	const char *at, *function, *file, *calls;
	int64_t level;
	int line_number; /* 0: unknown */
	unsigned int line;
};

/*
 * What one line of code of one process asked for, counted by the preload library. live = asked -
 * given back, when the process ended or was killed; exact but for the calls under way then.
 */
struct record_reservation {
	int64_t pid; /* as the process saw itself; absent: of several, all that is not told apart */
	const char *what; /* malloc, mmap, mmap_file, brk */
	uint64_t site;	  /* the return address of the call; 0: several */
	const char *at;	  /* the call, as the places of stacks are written; NULL: not known */
	int64_t calls, refused, frees; /* calls that gave memory, that did not, that gave it back */
	int64_t asked, live, peak;     /* bytes */
	const char *ended; /* exit, exec: how that program ended; NULL: it ran or was killed */
	unsigned int line;
};

/* Address space held at the end, of TRACE_LARGE_BYTES and more or mapped; who: pid, what, site. */
struct record_range {
	int64_t pid;
	const char *what;
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
 * A process that the target started, itself or through others, wherever it went: one that the
 * kernel said it killed, or that was seen outside of the run's cgroup.
 */
struct record_process {
	int64_t t_ns;			/* of its fork; absent: not seen */
	int64_t pid, parent;		/* parent absent: not known */
	const char *comm, *parent_comm; /* as last set; NULL: not known */
	const char *cgroup; /* outside of the run's, where it was seen; NULL: not seen outside */
	unsigned int line;
};

/*
 * A cgroup besides the run's own and those above it: made below it while the target ran, or the one
 * whose limit a process of the run was killed for. Counters are as last read; those of a cgroup
 * that is not below the run's own may have begun before it.
 */
struct record_cgroup_seen {
	int64_t t_ns;
	const char *path;
	struct amount memory_max;
	int64_t oom_group;		   /* 0, 1 */
	struct record_counters all, local; /* local: absent on v1 */
	unsigned int line;
};

/* What ran the container, and what it says became of it. */
struct record_engine {
	const char *name, *version, *image, *container;
	int64_t oom_killed;  /* its OOMKilled: 0, 1; absent when it could not be asked */
	int64_t exit_status; /* as it maps it: 137 after SIGKILL */
	const char *error;
	unsigned int line;
};

/* The source that tells which processes the target started. */
#define RECORD_SOURCE_PROCESSES "process records"

/* A reason that begins so: the source was left alone because another tells the same. */
#define RECORD_NOT_NEEDED "not needed"

struct record_source {
	const char *name; /* kmsg, memory.events, memory.stat, trace, mark_victim, ... */
	bool is_open;
	const char *why; /* absent: the reason and what would give it; open: what it lacks */
	unsigned int line;
};

struct record_note {
	const char *name, *text;
	int64_t count;
	int64_t t_ns;
	unsigned int line;
};

/* What the launcher's guardian did, in place of the launcher. */
struct record_guardian {
	int64_t t_ns;
	const char *why;     /* one of these; NULL: it had nothing to do */
	int64_t ended, left; /* processes; what could not be ended or removed */
	int64_t oom_kill;    /* the cgroup's counter when all was ended; absent: not known */
	unsigned int line;
};
#define RECORD_GUARDIAN_GONE	"launcher gone"
#define RECORD_GUARDIAN_STOPPED "launcher stopped"
#define RECORD_GUARDIAN_LATE	"launcher late"

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
	/* spec, as it was asked for after the command line had its say */
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
	struct record_process *processes; /* the last line of a pid has what is known of it */
	size_t process_count;
	struct record_cgroup_seen *cgroups_seen; /* the last line of a path is the newest */
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
	struct record_memory_file *memory_files;
	size_t memory_file_count;
	struct record_resident *residents;
	size_t resident_count;
	struct record_frame *frames;
	size_t frame_count;
	struct record_reservation
		*reservations; /* by the preload library; the largest peak first */
	size_t reservation_count;
	struct record_range *ranges;
	size_t range_count;
	struct record_premortem *premortem; /* premortem.h; NULL: nothing is said of it */
	struct record_note *marks;	    /* things that happened: {t, name} for the timeline */
	size_t mark_count;
	struct record_note *lost; /* {name, count}: kmsg, headers, ring, samples, record */
	size_t lost_count;
	struct record_note *notes; /* remarks on quality: {text} */
	size_t note_count;
	struct record_note *mark_victims; /* oom:mark_victim: {count = pid, text = comm} */
	size_t mark_victim_count;
	int64_t refused_errno, refused_bytes; /* said by the target at the gate; absent if not */
	const char *refused_what;
	unsigned int refused_line;
	const char *watchdog; /* why the lab stopped the target: timeout, interrupt; else NULL */
	unsigned int watchdog_line;
	struct record_guardian guardian;
	int64_t residue_bytes; /* still charged after every process had gone */
	unsigned int residue_line;
	const char *error; /* the lab's own failure, one sentence */
	unsigned int error_line;
	const char *skip; /* the reason why the run was not even tried */
	bool is_complete; /* the "end" line was read */
	bool is_unclosed; /* ... and not the "closed" line that is to follow it */
	size_t line_count;
	json_t *lines; /* owner of every string above */
};

/*
 * Reads a record. Returns 0 or -1. Lines that are no JSON object, of an unknown kind, or with
 * fields of the wrong type are dropped and counted in lost (name "record"): a damaged record is
 * still read. Fails only when the file cannot be read, is no regular file (folder.h), is larger
 * than RECORD_BYTES_MAX or holds no "run" line. The caller releases with record_release().
 */
int record_load(const char *path, struct record *record, struct err *err);
/* The same of RECORD_FILE in the folder of a run. */
int record_load_in(const struct folder *folder, struct record *record, struct err *err);
int record_load_memory(const char *data, size_t len, struct record *record, struct err *err);
void record_release(struct record *record);

/*
 * Text as a JSON string: bytes that are not UTF-8, and NULs, become the text \xNN. NULL gives NULL.
 * The caller owns the reference.
 */
json_t *record_string(const char *text);

/* The writer. fd is borrowed. The first failure is kept in `err` and later puts do nothing. */
struct record_writer {
	int fd;
	bool failed;
	int64_t lines; /* written so far */
	struct err err;
};
void record_writer_init(struct record_writer *w, int fd);

/* Any line; steals `line`; adds "ev" first and writes. */
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
	const char *last_line; /* RECORD_CLOSED: such a line will be the last, behind the end; or
				  NULL */
};
/* Lines add up: what one leaves absent (NULL, ABSENT) stays as an earlier one said it. */
void record_put_run(struct record_writer *w, const struct record_run *run);
/* When the container is made: name, version, image, container; at its end the rest. */
void record_put_engine(struct record_writer *w, const struct record_engine *engine);
void record_put_engine_end(struct record_writer *w, const struct record_engine *engine);
void record_put_spec(struct record_writer *w, const struct spec *spec);
void record_put_setting(struct record_writer *w, const char *name, const char *value);
/* The limits in force, read back; level as in record_cgroup. */
void record_put_cgroup(struct record_writer *w, int level, const char *path,
		       const struct cgroup_limits *limits);
/* when: "before" or "after"; the last "after" wins. local may be NULL. */
void record_put_counters(struct record_writer *w, int64_t t_ns, int level, const char *when,
			 const struct record_counters *all, const struct record_counters *local);
void record_put_source(struct record_writer *w, const char *name, bool is_open, const char *why);
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
void record_put_mark(struct record_writer *w, int64_t t_ns, const char *name);
void record_put_mark_victim(struct record_writer *w, int64_t t_ns, int64_t pid, const char *comm);
void record_put_watchdog(struct record_writer *w, int64_t t_ns, const char *why);
/*
 * The guardian's line, with its newline, into `text`; returns its length. Nothing is allocated: it
 * is written when the writer is gone, or held still.
 */
int record_guardian_line(const struct record_guardian *guardian, char *text, size_t size);
void record_put_residue(struct record_writer *w, int64_t bytes);
void record_put_lost(struct record_writer *w, const char *name, int64_t count);
/*
 * A remark on quality, one sentence without its full stop. "twin NAME: survived, peak 64.5 MiB" is
 * told instead as what the scenario's twin showed.
 */
void record_put_note(struct record_writer *w, const char *text);

/* A note that is also looked for: why a command may have failed in the VM. */
#define RECORD_NOTE_ALONE                                                                      \
	"The guest had the command, what it loads and what --file named, and nothing else of " \
	"this host; --share-host shows it all"
/* A note of the reader's. */
#define RECORD_NOTE_UNCLOSED                                                                    \
	"The record was cut after its end: what the launcher adds there, such as the lines of " \
	"code and what did not arrive from the guest, is missing"
void record_put_maps(struct record_writer *w, int64_t pid, const char *exe, const char *maps);
void record_put_arena(struct record_writer *w, const struct record_arena *arena);
void record_put_site(struct record_writer *w, const struct record_site *site);
void record_put_module(struct record_writer *w, int64_t id, const char *path);
void record_put_touch(struct record_writer *w, const struct record_touch *touch);
void record_put_mapping(struct record_writer *w, const struct record_mapping *mapping);
void record_put_memory_file(struct record_writer *w, const struct record_memory_file *file);
void record_put_resident(struct record_writer *w, const struct record_resident *resident);
void record_put_frame(struct record_writer *w, const struct record_frame *frame);
void record_put_reservation(struct record_writer *w, const struct record_reservation *reservation);
void record_put_range(struct record_writer *w, const struct record_range *range);
void record_put_error(struct record_writer *w, const char *text);
void record_put_skip(struct record_writer *w, const char *why);
void record_put_end(struct record_writer *w, int64_t t_ns);
/* How many lines stand before it: what adds lines behind the end, as a VM's launcher, ends so. */
#define RECORD_CLOSED "closed"
void record_put_closed(struct record_writer *w);

#endif
