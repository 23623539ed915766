/*
 * names.h - the enums of a record, each with one table of its words. The table serves writing,
 * loading and JSON alike.
 *
 * Value 0 is what a line without the word means. A value whose word is NULL is never written.
 * A line with a word that is not in the table is damaged (record.h), so a word of a newer version
 * is neither shown nor taken for another. A word that a version has written stays in its table:
 * records are kept.
 */
#ifndef OOMLAB_RECORD_NAMES_H
#define OOMLAB_RECORD_NAMES_H

/* What a sample holds, in bytes unless said; record_metric_names[] has the JSON keys. */
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
	METRIC_REFAULT_FILE, /* workingset_refault_*: count of pages that came back after reclaim */
	METRIC_REFAULT_ANON,
	METRIC_PSI_SOME_US, /* memory.pressure some total, microseconds */
	METRIC_PSI_FULL_US,
	METRIC_VSZ, /* of the target process, as ps prints it */
	METRIC_RSS,
	METRIC_TMP_FILES,   /* only of a VM's guest: files written since the start in /tmp, */
	METRIC_SHM_FILES,   /* ... in /dev/shm, */
	METRIC_OTHER_FILES, /* ... and anywhere else */
	METRIC_COUNT
};
extern const char *const record_metric_names[METRIC_COUNT];

/*
 * Counters of memory.events and memory.events.local. Cgroup v1 has two of them: oom_kill is that of
 * memory.oom_control, and max the failcnt of memory plus that of memory and swap together.
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

/* When counters were read. */
enum moment { MOMENT_NONE, MOMENT_BEFORE, MOMENT_AFTER, MOMENT_COUNT };
extern const char *const record_moment_names[MOMENT_COUNT];

/* Why the lab stopped the target. */
enum watchdog {
	WATCHDOG_NONE,
	WATCHDOG_TIMEOUT,
	WATCHDOG_INTERRUPT, /* a signal told the lab to stop */
	WATCHDOG_LIVELOCK,  /* memory ran out and nobody could be killed */
	WATCHDOG_ESCAPE,    /* the target left its cgroup */
	WATCHDOG_COUNT
};
extern const char *const record_watchdog_names[WATCHDOG_COUNT];

/* Why the guardian ended the processes of the run in place of the launcher. */
enum guardian_why {
	GUARDIAN_NOTHING,
	GUARDIAN_GONE,	  /* the launcher has ended */
	GUARDIAN_STOPPED, /* the launcher is stopped or traced, past the deadline */
	GUARDIAN_LATE,	  /* the launcher is neither, and far past the deadline */
	GUARDIAN_WHY_COUNT
};
extern const char *const record_guardian_names[GUARDIAN_WHY_COUNT];

/* An entry of the timeline: a counter rose (record_mark has its value), or something else. */
enum mark {
	MARK_NONE,
	MARK_LOW, /* the counters of enum counter, in their order */
	MARK_HIGH,
	MARK_MAX,
	MARK_OOM,
	MARK_OOM_KILL,
	MARK_OOM_GROUP_KILL,
	MARK_PREMORTEM, /* the snapshot before the kill */
	MARK_COUNT
};
extern const char *const record_mark_names[MARK_COUNT];

/* What did not arrive, or could not be kept. */
enum loss {
	LOSS_NONE,
	LOSS_KMSG,	      /* records of the kernel log, overwritten unread */
	LOSS_KMSG_FIRST,      /* ... before the first that was read */
	LOSS_KMSG_LIMIT,      /* ... beyond what is kept */
	LOSS_MARK_VICTIM,     /* events of that tracepoint */
	LOSS_MESSAGES,	      /* of the scenario, beyond what is kept */
	LOSS_RING,	      /* records of the arena trace */
	LOSS_ARENAS,	      /* of the arena trace */
	LOSS_RING_BLOCKS,     /* ... blocks of records */
	LOSS_RING_HEADER,     /* ... its header, so more than this may be lost */
	LOSS_SAMPLES,	      /* of the touch profile */
	LOSS_SAMPLES_BAD,     /* ... that cannot be read */
	LOSS_PROCESS_RECORDS, /* records of which process started which */
	LOSS_PROCESSES,	      /* processes whose allocation calls --preload did not count */
	LOSS_ALLOCATIONS,     /* allocations that it counted and did not follow */
	LOSS_HEADERS, /* the kernel's reports of kills, of which it printed one line alone */
	LOSS_RECORD,  /* lines of the record itself */
	LOSS_COUNT
};
extern const char *const record_loss_names[LOSS_COUNT];

/* When an arena clears its memory; the values are those of src/arena.h. */
enum policy { POLICY_UNKNOWN, POLICY_EAGER, POLICY_ON_ALLOCATION, POLICY_NEVER, POLICY_COUNT };
extern const char *const record_policy_names[POLICY_COUNT];

/* Where an arena takes its memory from; the values are those of src/arena.h. */
enum origin { ORIGIN_UNKNOWN, ORIGIN_MALLOC, ORIGIN_RESERVE, ORIGIN_BUFFER, ORIGIN_COUNT };
extern const char *const record_origin_names[ORIGIN_COUNT];

/* By what call memory was requested; the values are those of src/trace_format.h. */
enum taken { TAKEN_UNKNOWN, TAKEN_MALLOC, TAKEN_MMAP, TAKEN_FILE, TAKEN_BRK, TAKEN_COUNT };
extern const char *const record_taken_names[TAKEN_COUNT];

/* How a program of a process ended. */
enum program_end {
	PROGRAM_END_NONE, /* not seen: it ran on, or was killed */
	PROGRAM_END_EXIT,
	PROGRAM_END_EXEC, /* execve(2) put another program in its place */
	PROGRAM_END_COUNT
};
extern const char *const record_program_end_names[PROGRAM_END_COUNT];

/* The kind of a record_mapping. */
enum mapping_what {
	MAPPING_NONE,
	MAPPING_MMAP,
	MAPPING_SHARED,	   /* mmap(2) of shared memory, or of a file in memory */
	MAPPING_HEAP,	   /* brk(2) */
	MAPPING_SMALL,	   /* all other anonymous mappings of less than 1 MiB each */
	MAPPING_UNSEEN,	   /* all other larger ones: no call was seen to request them */
	MAPPING_PIECES,	   /* all other ones of any size; only in records of earlier versions */
	MAPPING_ANONYMOUS, /* all other ones of any size, where no calls were recorded */
	MAPPING_FILE,
	MAPPING_LABS, /* mapped into the target by the lab itself */
	MAPPING_WHAT_COUNT
};
extern const char *const record_mapping_names[MAPPING_WHAT_COUNT];

/* What a snapshot had more of than it keeps. */
enum snapshot_part {
	PART_NONE,
	PART_PROCESSES,
	PART_THREADS,
	PART_MAPPINGS,
	PART_FILES,
	PART_COUNT
};
extern const char *const record_part_names[PART_COUNT];

/* Which of this host's files a VM could see, besides what a scenario needs. */
enum isolation {
	ISOLATION_NONE,	   /* the record does not say: no VM, or a scenario ran in it */
	ISOLATION_COMMAND, /* the command, what it loads and what --file named */
	ISOLATION_HOST,	   /* all of them, read-only */
	ISOLATION_COUNT
};
extern const char *const record_isolation_names[ISOLATION_COUNT];

#endif
