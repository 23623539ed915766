/*
 * oomlog.h - kernel log text in, OOM events out; pure: no files, no clock, no global state.
 *
 * Pattern of use:
 *  1. oomlog_new() with a callback; 2. oomlog_feed() any pieces of text, in order, cut anywhere;
 *  3. oomlog_end() flushes an unfinished event; 4. oomlog_free().
 * The callback sees each event once it is complete; the event is the parser's and is valid until
 * the callback returns. Memory stays constant however long the log is (one event and a window of
 * text are held).
 *
 * The text is hostile: task names and cgroup paths hold whatever their owners put there.
 * Fields the log does not state are absent: ABSENT for numbers, NULL for strings. Nothing
 * is guessed; what the parser is unsure of it leaves out, and says so in the event's notes.
 *
 * Units: everything in bytes and nanoseconds; the kernel's kB and pages are converted here.
 * Source of truth: mm/oom_kill.c, mm/memcontrol.c, lib/show_mem.c of 2.6.32 to 6.18. What the lines
 * look like, kernel by kernel: klog/kind.h, klog/line.h, klog/table.h, draft.h.
 *
 * Allocates; ends the program when memory runs out (base/strbuf.h). One struct oomlog belongs to
 * one thread at a time. LIMITATIONS: an event keeps at most OOMLOG_TASKS_MAX rows, 1024 statistics,
 * 256 counters, 256 zones, 4096 slabs, 64 places of allocations and 128 frames.
 */
#ifndef OOMLAB_OOMLOG_OOMLOG_H
#define OOMLAB_OOMLOG_OOMLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/absent.h"
#include "klog/killer.h"
#include "oomlog/mechanism.h"
#include "oomlog/scope.h"

#define OOMLOG_TASKS_MAX 262144
#define OOMLOG_PAGE_MIN	 4096
#define OOMLOG_PAGE_MAX	 262144
#define OOMLOG_ORDERS	 21 /* 0..20; no kernel has more */

/* One row of the task table. pid and tgid as printed; sizes in bytes. */
struct oomlog_task {
	int64_t pid, uid, tgid;
	int64_t total_vm_bytes, rss_bytes, rss_anon_bytes, rss_file_bytes, rss_shmem_bytes;
	int64_t pgtables_bytes, swap_bytes, oom_score_adj;
	const char *comm;
	uint64_t line;
};

/* One "name value" of the memcg statistics, or of Mem-Info; the value as bytes where it is one. */
struct oomlog_stat {
	const char *name;
	int64_t value;
};

/* One killed process. An event of a group kill has several, each pid once. */
struct oomlog_victim {
	const char *comm;
	int64_t pid, uid;
	int64_t total_vm_bytes, anon_rss_bytes, file_rss_bytes, shmem_rss_bytes, pgtables_bytes;
	int64_t oom_score_adj;
	uint64_t line; /* of its "Killed process" line */
};

/* One memory zone of Mem-Info, with its watermarks and free blocks. */
struct oomlog_zone {
	const char *name; /* "Node 0 Normal" as printed */
	int64_t free_bytes, min_bytes, low_bytes, high_bytes, managed_bytes;
	/* lowmem_reserve, the bytes kept from requests that a higher zone could serve: the largest
	 * and the smallest of its numbers but 0; absent: none. */
	int64_t reserve_bytes, low_reserve_bytes;
	int64_t free_cma_bytes;	  /* part of free_bytes: for movable pages only */
	int64_t highatomic_bytes; /* kept for requests that cannot wait (reserved_highatomic) */
	int64_t blocks[OOMLOG_ORDERS]; /* free blocks by order; ABSENT behind the last */
	bool only_cma[OOMLOG_ORDERS];  /* all free blocks of that order are CMA's */
	uint64_t line, buddy_line;     /* 0: not seen */
};

/* One kind of unreclaimable kernel object, from the list the kernel prints when slab is large. */
struct oomlog_slab {
	const char *name;
	int64_t used_bytes, total_bytes;
};

/* One place in the kernel's code and what it has allocated (allocation tagging). */
struct oomlog_alloc {
	const char *where; /* "fs/file_table.c:202 func:alloc_empty_file", as printed */
	int64_t bytes, calls;
};

/* One observation about the log's quality: what is missing, cut, contradictory or repeated. */
struct oomlog_note {
	const char *text; /* one sentence */
	uint64_t line;	  /* 0: no particular line */
};

/* Where the log says a thing: 1-based line numbers of the fed text; 0: not seen. */
struct oomlog_lines {
	uint64_t first, last, invoked, limit, table, summary, killed;
	uint64_t cpu, task_in, swap_limit, stats, meminfo, swap, trace, chosen, group, no_killable;
	uint64_t panic, slab, registers, exiting, duplicate, suppressed;
	uint64_t hugepages, zspages, balloon, allocs;
	/* The kill line before, of a process of the same name, cgroup and size; and systemd's word
	 * that a unit failed because of the kill. */
	uint64_t previous, result;
};

struct oomlog_event {
	int64_t time_ns;  /* of the first line, as stamped; absent without stamps */
	const char *wall; /* date and time in front of the first line, as printed */
	const char *kernel;
	const char *invoker_comm;
	int64_t invoker_pid, invoker_uid, invoker_oom_score_adj;
	const char *gfp_mask; /* as printed: "0xcc0(GFP_KERNEL)" */
	int64_t order;	      /* 0..20; -1: requested by hand (sysrq) */
	/* "MEMCG", "NONE", ... as printed, without CONSTRAINT_; "MEMCG" also where other lines tell
	 * that a cgroup's limit was reached. */
	const char *constraint;
	enum scope scope;
	const char *nodemask, *cpuset, *mems_allowed; /* as printed in the summary line */
	const char *oom_memcg, *task_memcg;
	/* The summary line's choice; may be a thread of the victim. */
	const char *summary_comm;
	int64_t summary_pid, summary_uid;
	/* Kernels before 5.1 first name their choice, then perhaps kill a child of it. */
	const char *chosen_comm;
	int64_t chosen_pid, chosen_score;
	struct oomlog_victim *victims;
	size_t victim_count; /* 0: nobody was killed, or the log does not say */
	int64_t limit_bytes, usage_bytes, failcnt; /* limit as printed, also if limit_is_max */
	bool limit_is_max; /* the printed limit is the kernel's number for "no limit" */
	int64_t swap_limit_bytes, swap_usage_bytes;   /* cgroup v2 */
	int64_t memsw_limit_bytes, memsw_usage_bytes; /* cgroup v1, memory+swap */
	int64_t kmem_limit_bytes, kmem_usage_bytes;   /* cgroup v1 */
	int64_t swap_total_bytes, swap_free_bytes;    /* of the machine */
	int64_t kernel_stack_bytes;		      /* summed over zones or nodes */
	/* Pools of huge pages of all sizes: all, and those of them that nobody uses. */
	int64_t hugepages_bytes, hugepages_free_bytes;
	int64_t zspages_bytes;		   /* compressed pages of zram and zswap (6.19 and later) */
	int64_t balloon_bytes;		   /* given back to the hypervisor (6.19 and later) */
	int64_t ram_bytes, reserved_bytes; /* "pages RAM", "pages reserved" */
	int64_t page_size;		   /* given, inferred, else 4096 */
	bool page_size_inferred;	   /* from this event's own numbers */
	bool page_size_assumed;		   /* 4096, and nothing tells that it is */
	struct oomlog_task *tasks;
	size_t task_count;
	int64_t rows_unread;	   /* lines of the table that cannot be read; 0 if none */
	const char *table_columns; /* comma separated, as the table's header names them */
	struct oomlog_stat *stats; /* "Memory cgroup stats", summed over the cgroups printed */
	size_t stat_count;
	const char *stats_memcg;
	struct oomlog_stat *meminfo; /* counters of Mem-Info, in bytes */
	size_t meminfo_count;
	struct oomlog_zone *zones;
	size_t zone_count;
	struct oomlog_slab *slabs;
	size_t slab_count;
	struct oomlog_alloc *allocs; /* the largest first, as printed */
	size_t alloc_count;
	const char **trace; /* symbols of the call trace, innermost first, without offsets */
	size_t trace_count;
	/* Registers of the invoker in user mode; valid if has_registers; 0: not said. */
	uint64_t user_rip, user_rsp, user_rcx, user_rdi;
	bool has_registers;
	unsigned char user_code[8]; /* the instruction at user_rip and what follows */
	size_t user_code_length;    /* 0: the kernel could not read it */
	enum mechanism mechanism;   /* what the invoker was doing */
	bool group_kill, panic, no_killable_process, allocating_task;
	bool panic_is_compulsory;   /* vm.panic_on_oom is 2 */
	bool old_score;		    /* scored as before 2.6.36: by address space, children, age */
	int64_t beancounter;	    /* OpenVZ: "Out of memory in UB 1234"; absent elsewhere */
	bool invoker_is_unsaid;	    /* "oom-killer: gfp_mask=...": before 2.6.22 */
	bool by_hand;		    /* sysrq f: a line just before says so, or order is -1 */
	bool compaction_disabled;   /* "COMPACTION is disabled!!!" */
	const char *group_memcg;    /* whose memory.oom.group is set */
	const char *failed_unit;    /* of systemd, "Failed with result 'oom-kill'" */
	int64_t exiting_count;	    /* "OOM victim N (comm) is already exiting" */
	int64_t headers_suppressed; /* "N callbacks suppressed" just before; absent if not said */
	int64_t duplicate_kills;    /* kill lines that named a victim again; 0 if none */
	int64_t reaped_count;	    /* oom_reaper lines */
	struct oomlog_note *notes;
	size_t note_count;
	struct oomlog_lines lines;
};

/* A line of another killer, or of a refusal, that is part of no event. */
struct oomlog_other {
	enum killer killer;
	uint64_t line;
};

struct oomlog;
typedef void oomlog_other_fn(const struct oomlog_other *other, void *ctx);
typedef void oomlog_event_fn(const struct oomlog_event *event, void *ctx);

struct oomlog_options {
	int64_t page_size;	/* 0: infer, else 4096 */
	oomlog_event_fn *event; /* never NULL */
	void *ctx;
	oomlog_other_fn *other; /* NULL: not asked for */
};

/* Returns a parser that the caller ends with oomlog_free(); copies the options. */
struct oomlog *oomlog_new(const struct oomlog_options *options);

/* Takes the next len bytes; calls back for each event they complete. */
void oomlog_feed(struct oomlog *log, const char *data, size_t len);

/* The text is over: takes a last line without newline, calls back for an event still open. */
void oomlog_end(struct oomlog *log);

/* Releases everything; NULL is allowed. No callback. */
void oomlog_free(struct oomlog *log);

/* Lines fed so far. */
uint64_t oomlog_line_count(const struct oomlog *log);

/* Whether a kernel may have pages of so many bytes. */
static inline bool oomlog_is_page_size(int64_t bytes)
{
	return bytes >= OOMLOG_PAGE_MIN && bytes <= OOMLOG_PAGE_MAX && !(bytes & (bytes - 1));
}

/* The value of one of an event's stats or meminfo by name, or ABSENT. */
int64_t oomlog_stat_value(const struct oomlog_stat *stats, size_t count, const char *name);

#endif
