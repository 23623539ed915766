/*
 * stage.h - the processes of an OOM kill that is to happen again: cgroups, processes of given
 * sizes, and one of them that requests memory in a given way until the kernel kills.
 *
 * `oomlab replay` writes a stage as text, which the program replay-stage reads; a scenario may hold
 * one as data.
 *
 * Only for root of a VM of oomlab, and refused elsewhere: it sets kernel-wide settings (pid_max, overcommit_memory,
 * oom_kill_allocating_task, pipe limits), and the kernel may choose any process of the machine.
 *
 * How a size comes about: private memory is written, memory of tmpfs and of files is mapped from
 * one file of each kind that all processes share (so it is charged once); page tables beyond those
 * that the private memory needs come from spreading it. What a process has by itself is counted.
 * What is then missing to the limit, or of the machine, is a tmpfs file that no process maps.
 *
 * Units: bytes. The text, a line each, numbers in decimal, indexes from 0, any order:
 *	way WORD | bound WORD | invoker INDEX | limit PLACE BYTES | group PLACE
 *	kill-allocating | may-grow | slab BYTES | panic 1|2
 *	place PATH
 *	process PID UID ADJ PRIVATE TMPFS FILE PGTABLES PLACE COMM
 * COMM goes to the line's end.
 */
#ifndef OOMLAB_STAGE_H
#define OOMLAB_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Of its own size the invoker requests the last part at the end, where it requests memory of its
 * own: at most so much of it, and at most three quarters. An invoker that may grow has all its size
 * when memory runs out, another has that at most.
 */
#define STAGE_HELD_BACK (UINT64_C(4) << 20)
#define STAGE_OVERSHOOT (UINT64_C(3) << 18) /* a small invoker may grow by as much all the same */

/* How memory is requested when it runs out, by the invoker unless it says otherwise. */
enum stage_way {
	STAGE_TOUCH,	  /* writes new private memory */
	STAGE_TOUCH_FILE, /* reads a mapped file */
	STAGE_WRITE_FILE,
	STAGE_WRITE_TMPFS,
	STAGE_PIPE,
	STAGE_FORK,
	STAGE_LOWER_LIMIT, /* the stage lowers memory.max, in the invoker's name */
	STAGE_SYSRQ,	   /* the stage asks for a kill by hand */
	STAGE_MIN_TTL,	   /* multi-generational LRU: kswapd kills to protect what is in use */
	STAGE_WAY_COUNT
};

/* What runs out. */
enum stage_bound {
	STAGE_MACHINE,
	STAGE_CGROUP, /* the limit */
	STAGE_CPUSET, /* the second NUMA node, by cpuset.mems */
	STAGE_POLICY, /* the second NUMA node, by set_mempolicy(2) */
	STAGE_BOUND_COUNT
};

/* In the order of the enums. */
#define STAGE_WAY_WORDS                                                                            \
	{                                                                                          \
		"touch", "touch-file", "write-file", "write-tmpfs", "pipe", "fork", "lower-limit", \
			"sysrq", "min-ttl"                                                         \
	}
#define STAGE_BOUND_WORDS                               \
	{                                               \
		"machine", "cgroup", "cpuset", "policy" \
	}

struct stage_process {
	const char *comm; /* the kernel keeps 15 bytes */
	int pid;	  /* must be free */
	unsigned int uid; /* and gid */
	int oom_score_adj;
	uint64_t private_bytes, tmpfs_bytes, file_bytes, pgtables_bytes;
	size_t place; /* index into places */
};

struct stage {
	/* cgroups below that of the run, "a/b"; parents come before their children. */
	const char *const *places;
	size_t place_count;
	size_t limited; /* the place with the limit; SIZE_MAX: none */
	uint64_t limit_bytes;
	size_t grouped; /* the place with memory.oom.group; SIZE_MAX: none */
	enum stage_bound bound;
	enum stage_way way;
	bool kills_invoker; /* vm.oom_kill_allocating_task */
	int panic_on_oom;   /* vm.panic_on_oom: 0, 1 or 2 */
	bool may_grow;	    /* the invoker, beyond its size */
	/* Unreclaimable slab of what runs out, all in all: messages that nobody receives. */
	uint64_t slab_bytes;
	const struct stage_process *processes;
	size_t process_count;
	size_t invoker;
};

/* What became of it; exit statuses of replay-stage. */
enum stage_end {
	STAGE_KILLED = 0,    /* a process was killed once all were there */
	STAGE_SURVIVED = 1,  /* nobody was, within a minute */
	STAGE_BROKEN = 2,    /* it could not be set up; a line on stderr says why */
	STAGE_TOO_EARLY = 3, /* a process was killed before all were there: too little room */
};

/* Sets it up, lets it happen, and ends all processes that it made. */
enum stage_end stage_run(const struct stage *stage);

#endif
