/*
 * names.h - the closed sets of a record: what a line says with one word of a few, as an enum with
 * one table of its words. The table serves writing, loading and JSON alike.
 *
 * Value 0 is what a line without the word means. Where its word is NULL it is never written.
 * Loading: a line with a word that is not in the table is damaged (record.h); a newer version's
 * word is so never shown, and never taken for another.
 * A word that a version has written stays in its table: records are kept.
 */
#ifndef OOMLAB_RECORD_NAMES_H
#define OOMLAB_RECORD_NAMES_H

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

/* When counters were read. */
enum moment { MOMENT_NONE, MOMENT_BEFORE, MOMENT_AFTER, MOMENT_COUNT };
extern const char *const record_moment_names[MOMENT_COUNT];

/* Why the lab stopped the target. */
enum watchdog {
	WATCHDOG_NONE,
	WATCHDOG_TIMEOUT,
	WATCHDOG_INTERRUPT, /* the lab was asked to stop */
	WATCHDOG_LIVELOCK,  /* nobody could be killed */
	WATCHDOG_ESCAPE,    /* the target left its cgroup */
	WATCHDOG_COUNT
};
extern const char *const record_watchdog_names[WATCHDOG_COUNT];

/* Why the guardian did the launcher's part. */
enum guardian_why {
	GUARDIAN_NOTHING,
	GUARDIAN_GONE,	  /* the launcher has ended */
	GUARDIAN_STOPPED, /* it is stopped or traced, past the deadline */
	GUARDIAN_LATE,	  /* it is neither, and far past the deadline */
	GUARDIAN_WHY_COUNT
};
extern const char *const record_guardian_names[GUARDIAN_WHY_COUNT];

/* What happened, for the timeline: a counter rose (its value stands beside), or one of the rest. */
enum mark {
	MARK_NONE,
	MARK_LOW, /* the counters, in their order */
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
	LOSS_RING_HEADER,     /* ... its header: more than it may be lost */
	LOSS_SAMPLES,	      /* of the touch profile */
	LOSS_SAMPLES_BAD,     /* ... that cannot be read */
	LOSS_PROCESS_RECORDS, /* of who started whom */
	LOSS_PROCESSES,	      /* whose allocation calls --preload did not count */
	LOSS_ALLOCATIONS,     /* that it counted and did not follow */
	LOSS_HEADERS,	      /* kernel accounts of a kill */
	LOSS_RECORD,	      /* lines of the record itself */
	LOSS_COUNT
};
extern const char *const record_loss_names[LOSS_COUNT];

/* When an arena clears its memory; the values are those of src/arena.h. */
enum policy { POLICY_UNKNOWN, POLICY_EAGER, POLICY_ON_ALLOCATION, POLICY_NEVER, POLICY_COUNT };
extern const char *const record_policy_names[POLICY_COUNT];

/* Where an arena has its memory from; the values are those of src/arena.h. */
enum origin { ORIGIN_UNKNOWN, ORIGIN_MALLOC, ORIGIN_RESERVE, ORIGIN_BUFFER, ORIGIN_COUNT };
extern const char *const record_origin_names[ORIGIN_COUNT];

/* By what call memory was asked for; the values are those of src/trace_format.h. */
enum taken { TAKEN_UNKNOWN, TAKEN_MALLOC, TAKEN_MMAP, TAKEN_FILE, TAKEN_BRK, TAKEN_COUNT };
extern const char *const record_taken_names[TAKEN_COUNT];

/* How a program of a process ended. */
enum program_end {
	PROGRAM_END_NONE, /* it ran on, or was killed */
	PROGRAM_END_EXIT,
	PROGRAM_END_EXEC, /* another took its place */
	PROGRAM_END_COUNT
};
extern const char *const record_program_end_names[PROGRAM_END_COUNT];

/* What kind of address space it is. */
enum mapping_what {
	MAPPING_NONE,
	MAPPING_MMAP,
	MAPPING_SHARED,	   /* mmap(2) of shared memory, or of a file in memory */
	MAPPING_HEAP,	   /* brk(2) */
	MAPPING_SMALL,	   /* all else that is anonymous, each of less than 1 MiB */
	MAPPING_UNSEEN,	   /* ... of more: nobody was seen to ask for it */
	MAPPING_PIECES,	   /* ... of any size; written by versions before */
	MAPPING_ANONYMOUS, /* ... of any size, where nothing tells who asked */
	MAPPING_FILE,
	MAPPING_LABS, /* the lab's own, mapped into the target */
	MAPPING_WHAT_COUNT
};
extern const char *const record_mapping_names[MAPPING_WHAT_COUNT];

/* What a snapshot had too much of. */
enum snapshot_part {
	PART_NONE,
	PART_PROCESSES,
	PART_THREADS,
	PART_MAPPINGS,
	PART_FILES,
	PART_COUNT
};
extern const char *const record_part_names[PART_COUNT];

/* What a VM held of this host's files, besides what a scenario needs. */
enum isolation {
	ISOLATION_NONE,	   /* it is not said: no VM, or a scenario in it */
	ISOLATION_COMMAND, /* the command, what it loads and what --file named */
	ISOLATION_HOST,	   /* all of them, to be read */
	ISOLATION_COUNT
};
extern const char *const record_isolation_names[ISOLATION_COUNT];

#endif
