/*
 * kind.h - tells from its first words which kind of OOM line a message is, and whether it is whole.
 *
 * Not a parser: only enough is looked at to hand the message to the right one and to know whether
 * a wrapped line goes on. A message of no OOM kind is KIND_OTHER. Kernel source of truth:
 * dump_header(), dump_tasks(), dump_oom_summary(), __oom_kill_process() in mm/oom_kill.c,
 * mem_cgroup_print_oom_*() in mm/memcontrol.c, show_free_areas() in mm/page_alloc.c and
 * mm/show_mem.c, 2.6.18 to 6.18.
 */
#ifndef OOMLAB_KLOG_KIND_H
#define OOMLAB_KLOG_KIND_H

#include "klog/span.h"

enum kind {
	KIND_OTHER,
	KIND_INVOKED,	   /* hog invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, ... */
	KIND_CPU,	   /* CPU: 0 PID: 98 Comm: hog Not tainted 6.1.0-56-cloud-amd64 #1 ... */
	KIND_TASK_IN,	   /* Task in /a killed as a result of limit of /b */
	KIND_TASK_IN_REST, /*  killed as a result of limit of /b */
	KIND_USAGE,	   /* memory: usage 32768kB, limit 32768kB, failcnt 20 */
	KIND_USAGE_OTHER,  /* swap: / memory+swap: / kmem: usage ... */
	KIND_STATS,	   /* Memory cgroup stats for /a: ... */
	KIND_STAT,	   /* anon 33476608 */
	KIND_TASKS_STATE,  /* Tasks state (memory values in pages): */
	KIND_TABLE_HEAD,   /* [  pid  ]   uid  tgid total_vm      rss ... name */
	KIND_ROW,	   /* [    202]     0   202    17179     8192    ... hog */
	KIND_SUMMARY,	   /* oom-kill:constraint=CONSTRAINT_MEMCG,...,task=hog,pid=202,uid=0 */
	KIND_SUMMARY_REST, /* ,task=hog,pid=202,uid=0 */
	KIND_CHOSEN,	   /* Out of memory: Kill process 1532 (hog) score 919 or sacrifice child */
	KIND_KILLED,	   /* [Out of memory: ]Killed process 1532 (hog) total-vm:1641388kB, ... */
	KIND_GROUP,	   /* Tasks in /a are going to be killed due to memory.oom.group set */
	KIND_NO_KILLABLE,  /* Out of memory and no killable processes... */
	KIND_PANIC,	   /* Kernel panic - not syncing: System is deadlocked on memory */
	KIND_REAPED,	   /* oom_reaper: reaped process 1532 (hog), now anon-rss:0kB, ... */
	KIND_SUPPRESSED,   /* oom_kill_process: 6 callbacks suppressed */
	KIND_TRACE_HEAD,   /* Call Trace: */
	KIND_FRAME,	   /*  dump_stack+0x57/0x80 */
	KIND_REGISTERS,	   /* RIP: 0033:0x4284ca, RSP: ..., RAX: ... */
	KIND_MEMINFO,	   /* Mem-Info: */
	KIND_COUNTERS,	   /* active_anon:5403 inactive_anon:2167 isolated_anon:0 */
	KIND_NODE,	   /* Node 0 active_anon:21612kB inactive_anon:8668kB ... */
	KIND_ZONE,	   /* Node 0 Normal free:4300kB min:7732kB low:8640kB high:9548kB ... */
	KIND_BUDDY,	   /* Node 0 Normal: 19*4kB (U) 18*8kB (UE) ... = 4604kB */
	KIND_SWAP,	   /* Total swap = 8388604kB, Free swap  = 0kB */
	KIND_PAGES,	   /* 512558 pages RAM */
	KIND_SLAB_HEAD,	   /* Unreclaimable slab info: */
	KIND_SLAB,	   /* kmalloc-64      1234KB       2345KB, only after its head */
	KIND_ALLOCS_HEAD,  /* Memory allocations: (6.10 and later, allocation tagging) */
	KIND_HUGEPAGES,	   /* Node 0 hugepages_total=3 hugepages_free=3 ... hugepages_size=2048kB */
	KIND_CPUSET,	   /* hog cpuset=/ mems_allowed=0 */
	KIND_RESERVE,	   /* lowmem_reserve[]: 0 994 994 994 */
	KIND_BOOT,	   /* Linux version 6.1.0-... */
	KIND_EXITING,	   /* Out of memory: OOM victim 12 (hog) is already exiting. Skip ... */
	KIND_BY_HAND,	   /* sysrq: Manual OOM execution */
	KIND_NO_COMPACTION, /* COMPACTION is disabled!!! */
	KIND_COUNT,
};

/* The kind of one message without headers. KIND_SLAB is no result: only its head tells it. */
enum kind kind_of(struct span text);

/* True when the text may be cut off within words of a kind: "Out of mem", "[ 12", "CPU: 3 P". */
bool kind_begun(struct span text);

/*
 * True when `piece`, a line without a header, continues the message `text` of `kind`. `is_headed`
 * says that the message had a header, as then every message of its log has one.
 */
bool kind_wants(enum kind kind, struct span text, struct span piece, bool is_headed);

/* True when the piece is to be joined without a blank, as the break is inside a word. */
bool kind_glues(enum kind kind, struct span text, struct span piece);

#endif
