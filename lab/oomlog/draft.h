/*
 * draft.h - an event under construction, and one reader for each kind of line that fills it.
 *
 * Each fact_*() takes the text of one whole message (struct message of klog/joiner.h) and its line
 * number, and sets in f->event what the message says; what cannot be read is left as it was. The
 * comment of each is a captured line. Sizes of the task table and of the page counters stay in
 * pages until draft_finish(), which knows the page size. Pure; strings live in f->pool until
 * draft_reset().
 *
 * fact_kill.c has the invoker, choice, kill, group and reaper; fact_summary.c the "oom-kill:" line;
 * fact_memory.c limits, statistics, Mem-Info; fact_lists.c slabs, pools of huge pages and the
 * places of allocations; fact_trace.c call trace and registers;
 * draft.c the task table.
 */
#ifndef OOMLAB_OOMLOG_DRAFT_H
#define OOMLAB_OOMLOG_DRAFT_H

#include "klog/table.h"
#include "oomlog/oomlog.h"
#include "oomlog/pool.h"

/* No size is larger, in bytes: a greater number is an error. Sums of a few fit into int64_t. */
#define FACT_SIZE_MAX (INT64_C(1) << 58)
/* Bytes of a task's name, at most: TASK_COMM_LEN of linux/sched.h without its NUL. */
#define COMM_MAX 15

/* The size in bytes, or ABSENT if it is negative or beyond FACT_SIZE_MAX. */
static inline int64_t fact_size(int64_t count, int64_t unit)
{
	return count < 0 || count > FACT_SIZE_MAX / unit ? ABSENT : count * unit;
}

/* The value, or ABSENT if it is outside of its range. */
static inline int64_t fact_within(int64_t value, int64_t min, int64_t max)
{
	return value < min || value > max ? ABSENT : value;
}

struct draft {
	struct oomlog_event event;
	struct pool pool;
	struct table table;
	size_t task_capacity, stat_capacity, meminfo_capacity, zone_capacity, slab_capacity,
		alloc_capacity, trace_capacity, victim_capacity, note_capacity;
	int64_t buddy_page_size; /* bytes of the smallest block of a buddy list; or ABSENT */
	int64_t ram_pages, reserved_pages;
	bool in_trace, trace_done;		/* reading the call trace / it is over */
	bool kill_says_memcg, kill_says_global; /* by the first words of the kill line */
	const char **path_wanted; /* member that the next piece of "Task in" sets, or NULL */
	bool summary_cut;	  /* the summary line ends before its pid */
	const char *summary_text; /* the pieces so far of a summary that is cut, or NULL */
	bool pgtables_in_pages;	  /* by columns nr_ptes, nr_pmds, nr_puds; else in bytes */
	bool stats_cut;		  /* the message of the statistics ended inside a line */
	uint64_t stat_line;	  /* of the last statistic read */
	uint64_t stat_names[8];	  /* a filter: the bits of hashes of the names in event.stats */
	const char *reaped_comm;  /* of the first oom_reaper line */
	int64_t reaped_pid;
	uint64_t reaped_line;
	bool chosen_with_children;   /* 2.6.11 to 2.6.19: the kill line repeats "Out of Memory:" */
	int64_t meminfo_ns;	     /* stamp of the first line of Mem-Info; or ABSENT */
	bool stats_are_listed;	     /* one statistic a line, of one cgroup (5.2 and later) */
	bool has_other_dump;	     /* a memory report that is no OOM's came in between */
	bool reaped_previous_victim; /* the reaped process is the previous event's last victim */
};

/* Empties f for the next event; keeps memory. A zeroed struct may be reset. */
void draft_reset(struct draft *f);
void draft_release(struct draft *f);

/* Adds a note: a sentence about the log's quality, without its full stop. */
void draft_note(struct draft *f, uint64_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0 */
void fact_invoked(struct draft *f, struct span text, uint64_t line);

/* CPU: 1 UID: 0 PID: 6524 Comm: h Not tainted 6.18.44-fc-v657 #1 PREEMPT(none) */
void fact_cpu(struct draft *f, struct span text, uint64_t line);

/* oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/t,... */
void fact_summary(struct draft *f, struct span text, uint64_t line);

/*
 * ",task=hog,pid=202,uid=0", ",global_oom,task_memcg=/": the next piece of the line above, which
 * the kernel prints in several; messages of other CPUs come in between.
 */
void fact_summary_rest(struct draft *f, struct span text);

/* Memory cgroup out of memory: Kill process 3897 (stress) score 1001 or sacrifice child */
void fact_chosen(struct draft *f, struct span text, uint64_t line);

/* Whether this choice is the one read before: two CPUs may announce the same. */
bool fact_chooses_again(const struct draft *f, struct span text);

/*
 * Reads the process that a kill line names, in any of the five wordings from "Killed process 5
 * (a)." (2.6) to "... UID:0 pgtables:76kB oom_score_adj:0" (5.4). comm may hold anything, ")
 * total-vm:" included. False if the line names none. Strings live in f's pool; old_score and
 * beancounter of f->event are set, too.
 */
bool fact_parse_killed(struct draft *f, struct span text, struct oomlog_victim *victim);

/* Whether the first words of a kill or choice line blame a cgroup's limit / the machine. */
bool fact_blames_memcg(struct span text);
bool fact_blames_machine(struct span text);

/* Adds a victim; a pid that is there already is counted as a duplicate kill. */
void fact_victim(struct draft *f, const struct oomlog_victim *victim);

/* hog cpuset=/ mems_allowed=0-1 (until 4.20, behind the invoked line) */
void fact_cpuset(struct draft *f, struct span text);

/* lowmem_reserve[]: 0 994 994 994 (pages; of the zone before it) */
void fact_reserve(struct draft *f, struct span text);

/* Tasks in /pod/a are going to be killed due to memory.oom.group set */
void fact_group(struct draft *f, struct span text, uint64_t line);

/* oom_reaper: reaped process 15512 (tail), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB */
void fact_reaped(struct draft *f, struct span text, uint64_t line);

/* Task in /docker/A killed as a result of limit of /docker */
void fact_task_in(struct draft *f, struct span text, uint64_t line);

/* "Task in", "/docker/A", "killed as a result of limit of", "/docker": pieces of that line. */
void fact_task_in_rest(struct draft *f, struct span text);

/* memory: usage 32768kB, limit 32768kB, failcnt 20, and swap:, memory+swap:, kmem: */
void fact_usage(struct draft *f, struct span text, uint64_t line);

/* Memory cgroup stats for /X: cache:188KB rss:1048388KB ..., or the head of a list. */
void fact_stats(struct draft *f, struct span text, uint64_t line);

/* anon 33476608 */
void fact_stat(struct draft *f, struct span text, uint64_t line);

/* [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name */
void fact_table_head(struct draft *f, struct span text, uint64_t line);

/* [    202]     0   202    17179     8192   110592        0             0 hog; false if no row. */
bool fact_row(struct draft *f, struct span text, uint64_t line);

/* active_anon:5403 inactive_anon:2167 isolated_anon:0 (pages) */
void fact_counters(struct draft *f, struct span text, uint64_t line);

/* Node 0 active_anon:21612kB ... kernel_stack:1234kB (4.8 and later; before, in the zone's line) */
void fact_node(struct draft *f, struct span text, uint64_t line);

/* Node 0 Normal free:4300kB min:7732kB low:8640kB high:9548kB ... managed:845292kB ... */
void fact_zone(struct draft *f, struct span text, uint64_t line);

/* Whether the zone of such a line is known already. */
bool fact_has_zone(const struct draft *f, struct span text);

/* Node 0 Normal: 19*4kB (U) 18*8kB (UE) ... 0*4096kB = 4604kB */
void fact_buddy(struct draft *f, struct span text, uint64_t line);

/* Total swap = 8388604kB, Free swap  = 0kB */
void fact_swap(struct draft *f, struct span text, uint64_t line);

/* 512558 pages RAM, 9881 pages reserved */
void fact_pages(struct draft *f, struct span text);

/* kmalloc-64           1234KB       2345KB; false when the list is over */
bool fact_slab(struct draft *f, struct span text);

/* Node 0 hugepages_total=3000 hugepages_free=3000 hugepages_surp=0 hugepages_size=2048kB */
void fact_hugepages(struct draft *f, struct span text, uint64_t line);

/*
 * 1047212032   511334 fs/xfs/xfs_icache.c:82 [xfs] func:xfs_inode_alloc, since 6.10 also with a
 * unit, "999 MiB"; false when the list is over
 */
bool fact_alloc(struct draft *f, struct span text);

/* Call Trace: <ffffffff801561f2>{out_of_memory+50} (2.6 x86_64: frames in the same line) */
void fact_trace_head(struct draft *f, struct span text);

/*  do_anonymous_page+0x340/0x900; false when it is no frame. */
bool fact_frame(struct draft *f, struct span text);

/* The function of a frame; empty when it is no frame, or one that may be left over ("? f+0x1"). */
struct span fact_frame_name(struct span text);

/* RIP: 0033:0x4284ca; RSP: 002b:00007ffe2efc4388 EFLAGS: ...; RAX: ... RBX: ... RCX: ... */
void fact_registers(struct draft *f, struct span text, uint64_t line);

/*
 * Completes the event: decides page size (page_size, unless 0), victims, scope and mechanism,
 * converts pages to bytes, cross-checks, and writes the notes.
 */
void draft_finish(struct draft *f, int64_t page_size);

/* Lines so far say that the machine, or a part of it, ran out. */
bool draft_is_of_machine(const struct draft *f);

/* Turns disagreements between lines and missing lines into notes. Called by draft_finish(). */
void draft_check(struct draft *f);

#endif
