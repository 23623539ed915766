/*
 * scenario.h - how a scenario declares itself: what runs, under which limits, what is expected.
 *
 * A file in scenarios/ that defines `const struct scenario scenario` is a scenario; there is no
 * other place to register it. The same binary prints its declaration (`--spec`, one JSON object)
 * and runs it. The launcher reads the declaration from the program and never links it, so the two
 * cannot drift; lab/spec includes this header for the shapes only.
 *
 * Pattern of use:
 *  1. The head comment of the file states the experiment and the expected numbers.
 *  2. A static function does it; it returns when done, or is killed.
 *  3. `const struct scenario scenario = { ... }` at the bottom.
 *
 * Units: sizes are bytes, times as named. Enum value 0 is always UNSET / KEEP, and amounts carry
 * is_set, so that BYTES(0) is sayable.
 */
#ifndef OOMLAB_SCENARIO_H
#define OOMLAB_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#define KIB(n) ((uint64_t)(n) << 10)
#define MIB(n) ((uint64_t)(n) << 20)
#define GIB(n) ((uint64_t)(n) << 30)

/* An amount of memory that may be absent, "max" (no limit), or bytes; all zero means absent. */
struct amount {
	bool is_set;
	bool is_max;	/* the word "max"; bytes is then meaningless */
	uint64_t bytes; /* 0 is a value, not "unset" */
};

/* Bare brace lists: they stand in file-scope initialisers, where compound literals may not. */
#define BYTES(n)                             \
	{                                    \
		.is_set = true, .bytes = (n) \
	}
#define NO_LIMIT                               \
	{                                      \
		.is_set = true, .is_max = true \
	}

/* What became of a run; the words are those of report.json, see outcome_names. */
enum outcome {
	OUTCOME_UNSET,
	OUTCOME_SURVIVED,	  /* the target ended with status 0 */
	OUTCOME_REFUSED,	  /* an allocation was refused with ENOMEM: not an OOM kill */
	OUTCOME_OOM_KILLED,	  /* the target was killed by the kernel's OOM killer */
	OUTCOME_CHILD_OOM_KILLED, /* a child was; the target itself ended otherwise */
	OUTCOME_SIGNALLED,	  /* a signal that was not the OOM killer's */
	OUTCOME_FAILED,		  /* the target ended with a status other than 0 */
	OUTCOME_THROTTLED,	  /* stopped by the watchdog while memory.high held it back */
	OUTCOME_LIVELOCKED,	  /* stopped by the watchdog while OOMs found nobody to kill */
	OUTCOME_TIMED_OUT,	  /* stopped by the watchdog, neither of the two */
	OUTCOME_PANICKED,	  /* the guest's kernel panicked while the target ran */
	OUTCOME_LAB_ERROR,	  /* the lab could not do its part */
	OUTCOME_COUNT
};

/* As the kernel prints it after "constraint=CONSTRAINT_" (include/linux/oom.h). */
enum constraint {
	CONSTRAINT_UNSET,
	CONSTRAINT_NONE,
	CONSTRAINT_CPUSET,
	CONSTRAINT_MEMORY_POLICY,
	CONSTRAINT_MEMCG,
	CONSTRAINT_COUNT
};

enum victim { VICTIM_UNSET, VICTIM_SELF, VICTIM_CHILD, VICTIM_NOBODY, VICTIM_COUNT };

/* vm.overcommit_memory plus one, so that 0 can mean: leave it as it is. */
enum overcommit {
	OVERCOMMIT_KEEP,
	OVERCOMMIT_HEURISTIC, /* 0 */
	OVERCOMMIT_ALWAYS,    /* 1 */
	OVERCOMMIT_NEVER,     /* 2 */
	OVERCOMMIT_COUNT
};

enum thp { THP_KEEP, THP_ALWAYS, THP_MADVISE, THP_NEVER, THP_COUNT };

/* What a host must offer; a missing need makes the verdict `skip` with its reason. */
enum need {
	NEED_END,
	NEED_MEMCG_V2,	   /* cgroup v2 with the memory controller */
	NEED_KMSG,	   /* a readable kernel log */
	NEED_SYS_RESOURCE, /* CAP_SYS_RESOURCE: to lower oom_score_adj, to raise resource limits */
	NEED_COUNT
};

/* An expected count or amount; all zero means: not checked. */
struct range {
	bool is_set;
	uint64_t min, max; /* both inclusive */
};

#define EXACTLY(n)                                     \
	{                                              \
		.is_set = true, .min = (n), .max = (n) \
	}
#define AT_LEAST(n)                                           \
	{                                                     \
		.is_set = true, .min = (n), .max = UINT64_MAX \
	}
#define AT_MOST(n)                                   \
	{                                            \
		.is_set = true, .min = 0, .max = (n) \
	}
#define WITHIN_PCT(n, pct)                                                                     \
	{                                                                                      \
		.is_set = true, .min = (n) - (n) / 100 * (pct), .max = (n) + (n) / 100 * (pct) \
	}

/* How many processes of that name the OOM killer killed; EXACTLY(0): they are spared. */
struct expect_victim {
	const char *comm; /* as the kernel has it: 15 bytes at most */
	struct range count;
};

/* A counter of a node's memory.events.local at the end of the run. */
struct expect_node {
	const char *node, *counter; /* "low", "high", "max", "oom", "oom_kill", "oom_group_kill" */
	struct range count;
};

struct expect {
	enum outcome outcome;
	enum constraint constraint; /* of the kill */
	enum victim victim;
	const char *scope; /* whose limit: "own", "ancestor", "global", "cpuset", "mempolicy" */
	const struct expect_victim *victims; /* ended by one without a comm; NULL: not checked */
	const struct expect_node *nodes;     /* ended by one without a node; NULL: not checked */
	struct range oom_kill;		     /* memory.events oom_kill, delta over the run */
	struct range oom_group_kill;	     /* memory.events oom_group_kill, the same */
	struct range peak_bytes;	     /* memory.peak */
	struct range vsz_bytes;		     /* at the last checkpoint, as ps shows it */
	struct range rss_bytes;		     /* at the last checkpoint, as ps shows it */
};

/*
 * What ps(1) showed of the same elsewhere: the report sets it beside what it shows here, where
 * `checkpoint` is the last that the run came to. checkpoint NULL: nothing.
 */
struct ps_figures {
	const char *checkpoint;
	const char *where; /* in a table's first column */
	uint64_t vsz_bytes, rss_bytes;
	const char *meaning; /* one or two sentences: what the figures show */
};

struct cgroup_limits {
	struct amount memory_max;
	struct amount memory_high;
	struct amount memory_swap_max;
	bool oom_group;
};

/*
 * A cgroup below that of the run, which the scenario's program makes before run() (cgroup v2 only;
 * `needs` must say NEED_MEMCG_V2). Its limits are read back, and the program gives up where one is not
 * in force.
 */
struct scenario_node {
	const char *name; /* "a", or "a/b" behind "a"; each part is [a-z0-9-]+ */
	struct cgroup_limits limits;
	struct amount memory_min, memory_low;
	const char *cpuset_mems; /* as the file takes it, "1"; NULL: as above it */
};

#define SCENARIO_NODES_MAX 8

/* Settings of a whole kernel. Any that is not KEEP sends the run to the VM. */
struct vm_settings {
	enum overcommit overcommit_memory;
	int overcommit_ratio; /* percent, 1..100; 0: keep the kernel's */
	enum thp thp;	      /* transparent_hugepage/enabled */
	uint64_t swap_bytes;  /* of the guest's swap disk; 0: none */
	uint64_t zram_bytes; /* compressed memory to swap to, as large as a disk of this; 0: none */
	uint64_t scratch_bytes; /* of an ext4 at /scratch, on a disk of its own; 0: none */
	uint64_t ram_bytes;	/* of the guest; 0: the lab chooses from the limit */
	bool own_boot;		/* needs a kernel of its own: panic, global OOM, exactly this RAM */
	int numa_nodes;		/* of the guest, which share its RAM evenly; 0: one */
};

struct scenario_env;

struct scenario {
	const char *name;    /* [a-z0-9-]+, that of the file */
	const char *summary; /* one line for `oomlab list` */
	const char *lesson;  /* one or two sentences: what the reader should take home */
	const char *group;   /* [a-z0-9-]+: those of a kind, for `oomlab suite GROUP`; or NULL */
	const char *twin;    /* scenario to compare it with: one thing differs; or NULL */
	void (*run)(struct scenario_env *env);
	struct cgroup_limits cgroup;
	/*
	 * Cgroups below the run's own, ended by one without a name; NULL: none. A cgroup with
	 * others below it holds no process itself, so the program starts in `target_node`, one that
	 * has none below it; NULL: in one without limits that is made for it, "target".
	 */
	const struct scenario_node *nodes;
	const char *target_node;
	struct vm_settings vm;
	const enum need *needs; /* ends with NEED_END; NULL: none */
	/*
	 * Files of this host that it needs, ended by NULL: programs by name, looked for in PATH,
	 * or paths; one with a slash in it that is not absolute is relative to the scenario's own
	 * program. The VM shows it this host's files then. Where one is missing, the verdict is
	 * `skip`, and `install` says what to do: a command. NULL: none.
	 */
	const char *const *host_files;
	const char *install;
	unsigned int timeout_sec; /* 0: 60 */
	uint64_t ceiling_bytes;	  /* the program never touches more than this, limit or not */
	struct expect expect;
	struct ps_figures ps;
};

extern const struct scenario scenario;

/*
 * The gate: a SOCK_SEQPACKET socket whose number the launcher puts in this environment variable.
 * Target to launcher, one packet each: "start" | "checkpoint NAME" | "refused ERRNO BYTES WHAT".
 * The launcher answers each with "go"; the target waits for it. A closed socket counts as "go".
 */
#define SCENARIO_GATE_ENV "OOMLAB_GATE_FD"

/* What a running scenario is handed. */
struct scenario_env {
	int gate_fd;	    /* -1 when started by hand, without the lab */
	const char *cgroup; /* with nodes: the directory of the run's cgroup; else NULL */
};

/*
 * Tells the launcher "I am at `name`" and waits until it has looked at this process (VSZ and RSS
 * as ps(1) reads them). Without a launcher it prints both itself. name: [a-z0-9 -]+.
 */
void scenario_checkpoint(struct scenario_env *env, const char *name);

/*
 * Writes a byte of each page of [p, p + bytes), so that all of them are charged; the compiler
 * cannot remove it.
 */
static inline void scenario_touch(void *p, size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile unsigned char *const at = (volatile unsigned char *)p;

	for (size_t i = 0; i < bytes; i += page - ((uintptr_t)(at + i) & (page - 1)))
		at[i] = 1;
}

/* Maps anonymous memory and touches all of it; it is kept to the end. Status 125 where it is refused. */
static inline void scenario_take(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		_exit(125);
	scenario_touch(p, bytes);
}

/*
 * Starts a process of that name (15 bytes count) that enters `node` (NULL: it stays where its parent
 * is), does fn(env, arg) and ends with status 0. Returns its pid; a failure ends the program with
 * status 125.
 */
pid_t scenario_fork(struct scenario_env *env, const char *comm, const char *node,
		    void (*fn)(struct scenario_env *env, void *arg), void *arg);

/*
 * Becomes another program, which is looked for in PATH, with these words (the first is its name), ended
 * by NULL. A failure ends the program with status 125.
 */
void scenario_exec(const char *const *argv) __attribute__((noreturn));

/* Waits for it: the status as waitpid(2) has it. */
int scenario_wait(pid_t pid);

/* Writes `value` into a file of a node ("memory.max", "8388608"); "": of the run's own cgroup. */
void scenario_set_node(struct scenario_env *env, const char *node, const char *file,
		       const char *value);

/*
 * Writes `value` to the setting of the whole kernel at `path`, in a guest of the lab alone: vm.own_boot
 * must be declared, and started by hand the program ends with status 125.
 */
void scenario_set_kernel(struct scenario_env *env, const char *path, const char *value);

/* Sets oom_score_adj of this process, -1000 to 1000. */
void scenario_set_score(int adj);

/*
 * Tells the launcher that an allocation of `bytes` by `what` was refused with errno_value, then
 * ends the process with status 1. This is what makes the outcome `refused`.
 */
void scenario_refused(struct scenario_env *env, const char *what, uint64_t bytes, int errno_value)
	__attribute__((noreturn));

#endif
