/*
 * oomlog.h - kernel log text in, OOM events out; pure: no files, no clock, no global state.
 *
 * Pattern of use:
 *  1. oomlog_new() with a callback; 2. oomlog_feed() any pieces of text, in order, cut anywhere;
 *  3. oomlog_end() flushes an unfinished event; 4. oomlog_free().
 * The callback sees each event once it is complete; the event is the parser's and is valid until
 * the callback returns. Memory stays constant however long the log is (one event is held).
 *
 * The text is hostile: task names and cgroup paths hold whatever their owners put there.
 * Fields the log does not state are absent: OOMLOG_ABSENT for numbers, NULL for strings. Nothing
 * is guessed.
 *
 * Units: everything in bytes and nanoseconds; the kernel's kB and pages are converted here.
 * Source of truth: mm/oom_kill.c, mm/memcontrol.c, lib/show_mem.c of 2.6.32 to 6.18.
 */
#ifndef OOMLAB_OOMLOG_H
#define OOMLAB_OOMLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OOMLOG_ABSENT INT64_MIN

/* One row of the task table. pid and tgid as printed; sizes in bytes. */
struct oomlog_task {
	int64_t pid, uid, tgid;
	int64_t total_vm_bytes, rss_bytes, rss_anon_bytes, rss_file_bytes, rss_shmem_bytes;
	int64_t pgtables_bytes, swap_bytes, oom_score_adj;
	const char *comm;
};

/* One "name value" of the memcg statistics, or of Mem-Info; the value as bytes where it is one. */
struct oomlog_stat {
	const char *name;
	int64_t value;
};

/* One process killed. A group kill has several; a pid is listed once. */
struct oomlog_victim {
	const char *comm;
	int64_t pid, uid;
	int64_t total_vm_bytes, anon_rss_bytes, file_rss_bytes, shmem_rss_bytes, pgtables_bytes;
	int64_t oom_score_adj;
	uint64_t line; /* of its "Killed process" line */
};

/* Where the log says a thing: 1-based line numbers of the fed text; 0: not seen. */
struct oomlog_lines {
	uint64_t first, last, invoked, limit, table, summary, killed;
};

struct oomlog_event {
	int64_t time_ns; /* of the first line, as stamped; absent without stamps */
	const char *kernel;
	const char *invoker_comm;
	int64_t invoker_pid, invoker_uid, invoker_oom_score_adj;
	const char *gfp_mask; /* as printed: "0xcc0(GFP_KERNEL)" */
	int64_t order;
	const char *constraint; /* "MEMCG", "NONE", ... as printed, without CONSTRAINT_ */
	const char *scope;      /* "own", "ancestor", "memcg", "global", "cpuset", "mempolicy" */
	const char *oom_memcg, *task_memcg;
	struct oomlog_victim *victims;
	size_t victim_count; /* 0: nobody was killed, or the log does not say */
	int64_t limit_bytes, usage_bytes, failcnt;
	int64_t swap_limit_bytes, swap_usage_bytes;
	int64_t swap_total_bytes, swap_free_bytes;
	int64_t page_size;
	struct oomlog_task *tasks;
	size_t task_count;
	struct oomlog_stat *stats; /* "Memory cgroup stats" */
	size_t stat_count;
	const char **trace; /* symbols of the call trace, innermost first, without offsets */
	size_t trace_count;
	uint64_t user_rip, user_rsp, user_rcx; /* registers of the invoker; valid if has_registers */
	bool has_registers;
	const char *mechanism; /* "page_fault", "syscall_read", "tmpfs_write", "limit_lowered", ... */
	bool group_kill, panic, no_killable_process;
	struct oomlog_lines lines;
};

struct oomlog;
typedef void oomlog_event_fn(const struct oomlog_event *event, void *ctx);

struct oomlog_options {
	int64_t page_size;     /* 0: infer, else 4096 */
	oomlog_event_fn *event; /* never NULL */
	void *ctx;
};

struct oomlog *oomlog_new(const struct oomlog_options *options);
void oomlog_feed(struct oomlog *log, const char *data, size_t len);
void oomlog_end(struct oomlog *log);
void oomlog_free(struct oomlog *log);

#endif
