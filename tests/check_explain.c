/*
 * check_explain.c - each sentence has its condition: for each there is a log in which it must be
 * and a log, as like the first as can be, in which it must not.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "explain_helpers.h"
#include "suite.h"

#define INVOKED(comm, gfp, order) \
	comm " invoked oom-killer: gfp_mask=" gfp ", order=" #order ", oom_score_adj=0\n"
#define KERNEL_MASK "0xcc0(GFP_KERNEL)"
#define USER_MASK   "0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)"
#define TRACE	    "Call Trace:\n dump_stack_lvl+0x5f/0x90\n dump_header+0x46/0x190\n"
#define KILLING	    " oom_kill_process+0x8/0x93\n out_of_memory+0x21c/0x4c0\n"
#define IN_KSWAPD   " balance_pgdat+0x749/0x960\n kswapd+0x1ed/0x380\n kthread+0xe1/0x110\n"
#define IN_FAULT                                                               \
	" __alloc_pages_slowpath+0x44e/0x640\n do_anonymous_page+0x2e/0x170\n" \
	" handle_mm_fault+0x3e9/0x710\n asm_exc_page_fault+0x26/0x30\n"
#define HEAD   "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
#define ROW9   HEAD "[      9]     0     9      100       10     4096        0             0 b\n"
#define KILLED "Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB, file-rss:0kB\n"

/* A machine of 1 GiB, in pages; `more` is in front of the counters' end. */
#define MACHINE(anon, more)                                                  \
	"Mem-Info:\nactive_anon:" #anon " inactive_anon:0 isolated_anon:0\n" \
	" active_file:10 inactive_file:10 isolated_file:0\n" more            \
	" free:1000 free_pcp:0 free_cma:0\n"
#define RAM	   "262144 pages RAM\n0 pages reserved\n"
#define NODE(more) "Node 0 active_anon:4kB inactive_anon:0kB " more " all_unreclaimable? no\n"
#define HUGE(total)                      \
	"Node 0 hugepages_total=" #total \
	" hugepages_free=9 hugepages_surp=0 hugepages_size=2048kB\n"
#define SLABS "Unreclaimable slab info:\nName                      Used          Total\n"
#define START INVOKED("hog", USER_MASK, 0)
#define MEMCG_FULL                                            \
	"memory: usage 102400kB, limit 102400kB, failcnt 7\n" \
	"swap: usage 0kB, limit 0kB, failcnt 0\n"
#define MEMCG_KILLED \
	"Memory cgroup out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB, file-rss:0kB\n"

#define KILLED_WITH(anon, adj)                                                   \
	"Out of memory: Killed process 9 (b) total-vm:5000000kB, anon-rss:" anon \
	"kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:40kB oom_score_adj:" adj "\n"
#define AGAIN(pid, anon)                                   \
	"Memory cgroup out of memory: Killed process " pid \
	" (b) total-vm:15395264kB, anon-rss:" anon "kB, file-rss:10236kB\nx\n"
#define ZONE(free) \
	"Normal free:" free "kB min:102400kB low:110000kB high:120000kB managed:900000kB\n"
#define ID  "46b3e0a4df44b752b841aecca454e6e78995d567912a84950390bae6f6777a63"
#define CRI "cri-containerd-" ID ".scope"
#define POD                                                  \
	"/kubepods.slice/kubepods-burstable.slice/kubepods-" \
	"burstable-pod94eb36cd_29e1_478b_b365_4cb5dfc7d6fb.slice"
#define SUMMARY(top, own)                                                                             \
	"oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=" top \
	",task_memcg=" own ",task=b,pid=9,uid=0\n" MEMCG_KILLED

static const struct {
	const char *said, *with, *without;
} pairs[] = {
	{"Nobody was refused memory: kswapd0 asked for a kill",
	 INVOKED("kswapd0", KERNEL_MASK, 0) TRACE KILLING IN_KSWAPD,
	 INVOKED("kswapd0", USER_MASK, 0) TRACE KILLING IN_FAULT},
	{"The machine had nothing to evict that was not in recent use (min_ttl_ms): whom it killed",
	 INVOKED("kswapd0", KERNEL_MASK, 0) TRACE KILLING
	 " lru_gen_age_node+0x1d8/0x278\n balance_pgdat+0x2f8/0x8b0\n",
	 INVOKED("kswapd0", KERNEL_MASK, 0) TRACE KILLING},
	{"No allocation failed, if kswapd0 is the kernel's own reclaim thread",
	 INVOKED("kswapd0", KERNEL_MASK, 0) TRACE, INVOKED("kswapd0", USER_MASK, 0)},
	{"min_ttl_ms is the choice between a kill and thrashing",
	 INVOKED("kswapd0", KERNEL_MASK, 0) TRACE KILLING IN_KSWAPD,
	 INVOKED("hog", USER_MASK, 0) TRACE KILLING IN_FAULT},
	{"No cgroup limit was involved: the machine as a whole was short of memory.",
	 INVOKED("kswapd0", KERNEL_MASK, 0) KILLED, INVOKED("hog", KERNEL_MASK, 0) KILLED},
	{"Kernel threads have no memory of their own",
	 INVOKED("kworker/0:1", KERNEL_MASK, 0) KILLED,
	 INVOKED("kworker/0:1", USER_MASK, 0) TRACE KILLING IN_FAULT KILLED},
	{"lists processes, not threads.",
	 INVOKED("hog", USER_MASK, 0) "CPU: 0 PID: 77 Comm: hog Not tainted 6.1.0 #1\n" ROW9 KILLED,
	 INVOKED("kworker/0:1", KERNEL_MASK,
		 0) "CPU: 0 PID: 77 Comm: kworker/0:1 Not tainted 6.1.0 #1\n" ROW9 KILLED},
	{"By the call trace an allocation from the machine's memory failed",
	 " dump_stack+0x1/0x2\n dump_header+0x1/0x2\n" KILLING " __alloc_pages+0x1/0x2\n",
	 "dump_stack+0x1/0x2\n dump_header+0x1/0x2\n" KILLING " __alloc_pages+0x1/0x2\n" KILLED},
	{"Who requested memory is not named here; by the call trace it was sending or receiving",
	 " dump_stack_lvl from dump_header+0x54/0x1fc\n dump_header from oom_kill_process+0x23c/0x2\n"
	 " oom_kill_process from out_of_memory+0x21/0x3\n out_of_memory from __alloc_pages+0xa/0x1\n"
	 " __alloc_pages from sock_sendmsg+0x1/0x2\n sock_sendmsg from sock_write_iter+0x1/0x2\n",
	 START TRACE KILLING " sock_sendmsg+0x1/0x2\n"},
	{"whom it killed the log does not say", INVOKED("hog", USER_MASK, 0) TRACE KILLING,
	 INVOKED("hog", USER_MASK, 0) TRACE},
	{"Who was killed, and whether anybody was.", INVOKED("hog", USER_MASK, 0) TRACE,
	 INVOKED("hog", USER_MASK, 0) TRACE KILLING},
	{"it was bringing everything back from swap (swapoff)",
	 INVOKED("swapoff", USER_MASK, 0) TRACE KILLING
	 " read_swap_cache_async+0x1/0x2\n try_to_unuse+0x1/0x2\n",
	 INVOKED("swapoff", USER_MASK, 0) TRACE KILLING " read_swap_cache_async+0x1/0x2\n"},
	{"it was creating a BPF map or program (bpf)",
	 INVOKED("hog", KERNEL_MASK, 0) TRACE KILLING
	 " __vmalloc_node_range+0x1/0x2\n __do_sys_bpf+0x1/0x2\n do_syscall_64+0x1/0x2\n",
	 INVOKED("hog", KERNEL_MASK, 0) TRACE KILLING " __vmalloc_node_range+0x1/0x2\n"},
	{"it was inside a driver's request (ioctl, graphics memory)",
	 INVOKED("hog", USER_MASK, 0) TRACE KILLING
	 " shmem_read_folio_gfp+0x1/0x2\n i915_gem_object_get_pages+0x1/0x2\n",
	 INVOKED("hog", USER_MASK, 0) TRACE KILLING " shmem_read_folio_gfp+0x1/0x2\n"},
	/* what the victim's own lines decide */
	{"Its oom_score_adj of 1000 is reason enough", KILLED_WITH("40", "1000"),
	 KILLED_WITH("40", "200")},
	{"adds 20.0 % of all memory that counts to its score", KILLED_WITH("40", "200"),
	 KILLED_WITH("40", "0")},
	{"Its oom_score_adj of -900 takes 90.0 % of all memory that counts off its score",
	 KILLED_WITH("40", "-900"), KILLED_WITH("40", "-100")},
	{"The highest score is next to nothing",
	 "Out of memory: Kill process 9 (b) score 1 or sacrifice child\n"
	 "Killed process 9 (b) total-vm:400kB, anon-rss:40kB, file-rss:0kB\n",
	 "Out of memory: Kill process 9 (b) score 10 or sacrifice child\n"
	 "Killed process 9 (b) total-vm:400kB, anon-rss:40kB, file-rss:0kB\n"},
	{"Its death frees little: 80 KiB of anonymous memory and page tables, unless",
	 KILLED_WITH("40", "0"), KILLED_WITH("4000000", "0")},
	{"what no RSS shows (swap, memory of a graphics card", KILLED_WITH("40", "0"),
	 START MACHINE(9000, "") "Total swap = 0kB\n" RAM KILLED},
	{"Its death frees little: 5.0 MiB of anonymous memory and page tables",
	 START MACHINE(9000, "") RAM KILLED_WITH("5120", "0"),
	 START MACHINE(9000, "") RAM KILLED_WITH("51200", "0")},
	{"The victim is small (40 KiB): either the limit is small, too,", MEMCG_KILLED,
	 START MEMCG_FULL MEMCG_KILLED},
	{"swapoff marks whoever runs it as the first to be killed",
	 INVOKED("b", USER_MASK, 0) TRACE KILLING " try_to_unuse+0x1/0x2\n" KILLED,
	 INVOKED("c", USER_MASK, 0) TRACE KILLING " try_to_unuse+0x1/0x2\n" KILLED},
	{"b was killed before at the same size: it grows to the limit again",
	 AGAIN("5", "10461592") AGAIN("9", "10461428"),
	 AGAIN("5", "10461592") AGAIN("9", "8461428")},
	{"Zone Normal has 200 MiB free, above its minimum of 100 MiB: by this report the request",
	 INVOKED("hog", KERNEL_MASK, 0) ZONE("204800") KILLED,
	 INVOKED("hog", KERNEL_MASK, 0) ZONE("20480") KILLED},
	{"keeps 150 MiB of it for requests that cannot wait (reserved_highatomic)",
	 START "Normal free:204800kB min:102400kB low:1kB high:2kB reserved_highatomic:153600KB "
	       "managed:900000kB\n" KILLED,
	 START "Normal free:204800kB min:102400kB low:1kB high:2kB reserved_highatomic:1536KB "
	       "managed:900000kB\n" KILLED},
	{"above its minimum of 100 MiB: no watermark was the cause",
	 INVOKED("kswapd0", KERNEL_MASK, 0) ZONE("204800") KILLED,
	 INVOKED("hog", KERNEL_MASK, 0) ZONE("204800") KILLED},
	{"shared memory may be part of it, locked (SHM_LOCK) or held by a graphics driver",
	 START MACHINE(9000, " unevictable:100000\n shmem:100000\n") RAM KILLED,
	 START MACHINE(9000, " unevictable:100000\n shmem:100\n") RAM KILLED},
	{"systemd then ended the unit init.scope because of a kill in it",
	 KILLED "10:00:00 systemd[1]: init.scope: Failed with result 'oom-kill'.\n",
	 KILLED "10:00:00 systemd[1]: init.scope: Failed with result 'exit-code'.\n"},
	{"The oom_reaper line is of another victim, python3 (14441), killed before.",
	 KILLED "oom_reaper: reaped process 14441 (python3), now anon-rss:0kB, file-rss:0kB\n",
	 KILLED "oom_reaper: reaped process 9 (b), now anon-rss:0kB, file-rss:0kB\n"},
	/* pods and units */
	{"Pod 94eb36cd reached its limit of 100 MiB: b (pid 9) was killed.",
	 START MEMCG_FULL SUMMARY(POD, POD "/" CRI),
	 START MEMCG_FULL SUMMARY(POD "/" CRI, POD "/" CRI)},
	{"Container 46b3e0a4df44 of pod 94eb36cd reached its limit of 100 MiB",
	 START MEMCG_FULL SUMMARY(POD "/" CRI, POD "/" CRI),
	 START MEMCG_FULL SUMMARY(POD, POD "/" CRI)},
	{"raise resources.limits.memory of the container that grew (the victim's was 46b3e0a4df44)",
	 START MEMCG_FULL SUMMARY(POD, POD "/" CRI), START MEMCG_FULL SUMMARY("/a", "/a/b")},
	{"Raise resources.limits.memory of container 46b3e0a4df44 in the manifest of pod 94eb36cd",
	 START MEMCG_FULL SUMMARY("/kubepods/burstable/pod94eb36cd-29e1-478b/" ID,
				  "/kubepods/burstable/pod94eb36cd-29e1-478b/" ID),
	 START MEMCG_FULL SUMMARY("/docker/" ID, "/docker/" ID)},
	{"/kubepods.slice is what the node leaves to its pods",
	 START MEMCG_FULL SUMMARY("/kubepods.slice", POD "/" CRI),
	 START MEMCG_FULL SUMMARY(POD, POD "/" CRI)},
	{"inside of the container, by what runs there",
	 START MEMCG_FULL SUMMARY(POD "/" CRI "/app", POD "/" CRI "/app"),
	 START MEMCG_FULL SUMMARY(POD "/" CRI, POD "/" CRI)},
	{"Cgroup /docker/46b3e0a4df44... reached",
	 START MEMCG_FULL SUMMARY("/docker/" ID, "/docker/" ID),
	 START MEMCG_FULL SUMMARY(POD, POD)},
	{"Raise MemoryMax= of x.service",
	 START MEMCG_FULL SUMMARY("/system.slice/x.service", "/system.slice/x.service"),
	 START MEMCG_FULL SUMMARY("/x.service/a", "/x.service/a")},
	{"The limit is that of the unit x.service inside the LXC container",
	 START MEMCG_FULL SUMMARY("/lxc/7/ns/x.service", "/lxc/7/ns/x.service"),
	 START MEMCG_FULL SUMMARY("/system.slice/x.service", "/system.slice/x.service")},
	{"Raising the victim's own limit does not help: cgroup /a is what was full.",
	 START MEMCG_FULL SUMMARY("/a", "/a/b"), START MEMCG_FULL SUMMARY("/a", "/a")},
	{"is not what was full, for it has none",
	 START "memory: usage 102400kB, limit 9007199254740988kB, failcnt 7\n" SUMMARY("/a", "/a"),
	 START MEMCG_FULL SUMMARY("/a", "/a")},
	{"The victim's own cgroup /a was to give memory; no limit is set for it.",
	 START "memory: usage 102400kB, limit 9007199254740988kB, failcnt 7\n" SUMMARY("/a", "/a"),
	 START MEMCG_FULL SUMMARY("/a", "/a")},
	{"cgroup /a was to give memory; no limit is set for it. The victim ran in cgroup /a/b.",
	 START
	 "memory: usage 102400kB, limit 9007199254740988kB, failcnt 7\n" SUMMARY("/a", "/a/b"),
	 START MEMCG_FULL SUMMARY("/a", "/a/b")},
	{"A BPF program asked for a kill in cgroup /a: b (pid 9) was killed.",
	 INVOKED("kworker/u17:0", "0x0()", 0) TRACE KILLING
	 " bpf_out_of_memory+0x6f/0xd0\n worker_thread+0x1d9/0x3b0\n kthread+0x128/0x270\n" SUMMARY(
		 "/a", "/a"),
	 INVOKED("kworker/u17:0", "0x0()", 0) TRACE KILLING
	 " worker_thread+0x1d9/0x3b0\n kthread+0x128/0x270\n" SUMMARY("/a", "/a")},
	{"carried out a kill that a BPF program asked for (bpf_out_of_memory).",
	 INVOKED("kworker/u17:0", "0x0()", 0) TRACE KILLING
	 " bpf_out_of_memory+0x6f/0xd0\n kthread+0x128/0x270\n" SUMMARY("/a", "/a"),
	 INVOKED("kworker/u17:0", "0x0()", 0) TRACE KILLING
	 " kthread+0x128/0x270\n" SUMMARY("/a", "/a")},
	{"A BPF program decides when to kill here",
	 INVOKED("kworker/u17:0", "0x0()", 0) TRACE KILLING
	 " bpf_out_of_memory+0x6f/0xd0\n kthread+0x128/0x270\n" SUMMARY("/a", "/a"),
	 START MEMCG_FULL SUMMARY("/a", "/a")},
	/* a log that was filtered does not show that nobody was there */
	{"The task table is empty: no process was there to be killed.",
	 START MACHINE(100, "") HEAD "Out of memory and no killable processes...\n",
	 START HEAD "Out of memory and no killable processes...\n"},
	{"It is the only process listed: the kernel had no choice.",
	 START MEMCG_FULL "Memory cgroup stats for /a:\nanon 40960\n" ROW9 MEMCG_KILLED,
	 START MEMCG_FULL ROW9 MEMCG_KILLED},
	{"It is the only process listed: if the table is whole, the kernel had no choice.",
	 START MEMCG_FULL ROW9 MEMCG_KILLED,
	 START MEMCG_FULL "Memory cgroup stats for /a:\nanon 40960\n" ROW9 MEMCG_KILLED},
	{"Swap is not full: 900 MiB of 1000 MiB is free.",
	 START MACHINE(9000, "") "Free swap  = 921600kB\nTotal swap = 1024000kB\n" RAM KILLED,
	 START MACHINE(9000, "") "Free swap  = 0kB\nTotal swap = 1024000kB\n" RAM KILLED},
	/* advice fits what the memory is */
	{"Most of it is not on the heap but socket buffers",
	 START MEMCG_FULL "Memory cgroup stats for /a:\nanon 4096\nsock 99000000\n" MEMCG_KILLED,
	 START MEMCG_FULL "Memory cgroup stats for /a:\nanon 99000000\nsock 4096\n" MEMCG_KILLED},
	{"Allowing swap (memory.swap.max) would trade the kill for slowness.",
	 START MEMCG_FULL "Memory cgroup stats for /a:\nanon 99000000\n" MEMCG_KILLED,
	 START MEMCG_FULL MEMCG_KILLED},
	{"Of tmpfs and shared memory the files stay charged",
	 START MEMCG_FULL
	 "Memory cgroup stats for /a:\nanon 1\nfile 99000000\nshmem 99000000\n" MEMCG_KILLED,
	 START MEMCG_FULL
	 "Memory cgroup stats for /a:\nanon 1\nfile 99000000\nshmem 9\n" MEMCG_KILLED},
	{"Put a memory limit on what may grow", START MACHINE(200000, "") RAM KILLED,
	 START MACHINE(200, " slab_reclaimable:10 slab_unreclaimable:200000\n") RAM KILLED},
	{"Find out which kernel objects grow",
	 START MACHINE(200, " slab_reclaimable:10 slab_unreclaimable:200000\n") RAM KILLED,
	 START MACHINE(200000, " slab_reclaimable:10 slab_unreclaimable:2000\n") RAM KILLED},
	{"Size the pools of huge pages", START MACHINE(9000, "") HUGE(200) RAM KILLED,
	 START MACHINE(9000, "") HUGE(10) RAM KILLED},
	{"Find out first whose the memory is that no counter shows",
	 START MACHINE(9000, "") RAM KILLED, START MACHINE(250000, "") RAM KILLED},
	{"Limit the number of threads",
	 START MACHINE(9000, "") NODE("kernel_stack:128000kB") RAM KILLED,
	 START MACHINE(9000, "") NODE("kernel_stack:12800kB") RAM KILLED},
	{"Swap would give the kernel somewhere",
	 START MACHINE(200000, "") "Total swap = 0kB\n" RAM KILLED,
	 START MACHINE(200,
		       " slab_reclaimable:10 slab_unreclaimable:200000\n") "Total swap = 0kB\n" RAM
		 KILLED},
	{"delete what lies in tmpfs", START MACHINE(200000, " shmem:190000\n") RAM KILLED,
	 START MACHINE(200000, " shmem:1900\n") RAM KILLED},
	{"The victim is too small to be what filled the machine", KILLED,
	 "Out of memory: Killed process 9 (b) total-vm:400000kB, anon-rss:400000kB, "
	 "file-rss:0kB\n"},
	/* what a log that is cut does not prove */
	{"(order 2, 16 KiB).", INVOKED("hog", USER_MASK, 2) TRACE KILLING IN_FAULT,
	 INVOKED("hog", USER_MASK, 2) TRACE KILLING},
	{"(order 2, 16 KiB if pages are of 4 KiB, which the log does not tell).",
	 INVOKED("hog", USER_MASK, 2) TRACE KILLING,
	 INVOKED("hog", USER_MASK, 2) "CPU: 0 PID: 9 Comm: hog Not tainted 6.1.0-18-amd64 #1\n"},
	{"the task table has its header here, but no row", START HEAD KILLED, START ROW9 KILLED},
	{"no task table (vm.oom_dump_tasks=0", START KILLED, START HEAD KILLED},
	{"The log does not tell the page size",
	 START HEAD
	 "[      8]     0     8      100       10     4096        0             0 a\n" KILLED,
	 START TRACE KILLING IN_FAULT HEAD
	 "[      8]     0     8      100       10     4096        0             0 a\n" KILLED},
	{"pages of a graphics card or another device, huge pages). Addresses alone take no memory.",
	 "Out of memory: Killed process 9 (b) total-vm:400000kB, anon-rss:40kB, file-rss:0kB\n",
	 "Out of memory: Killed process 9 (b) total-vm:400000kB, anon-rss:400000kB, "
	 "file-rss:0kB\n"},
	/* what no process holds */
	{"Pools of huge pages take 400 MiB (39 %), of which 382 MiB are in use",
	 START MACHINE(9000, "") HUGE(200) RAM KILLED, START MACHINE(9000, "") HUGE(10) RAM KILLED},
	{"512 MiB (50 %) hold compressed pages of zram or zswap",
	 START MACHINE(9000,
		       "") "Node 0 Normal free:984kB min:8628kB low:1kB high:2kB zspages:524288kB "
			   "managed:900000kB\n" RAM KILLED,
	 START MACHINE(9000,
		       "") "Node 0 Normal free:984kB min:8628kB low:1kB high:2kB zspages:5242kB "
			   "managed:900000kB\n" RAM KILLED},
	{"The balloon has given 512 MiB (50 %) back to the hypervisor",
	 START MACHINE(9000, "") NODE("Balloon:524288kB") RAM KILLED,
	 START MACHINE(9000, "") NODE("Balloon:0kB") RAM KILLED},
	{"Kernel stacks take 125 MiB: that is some 8000 threads",
	 START MACHINE(9000, "") NODE("kernel_stack:128000kB") RAM KILLED,
	 START MACHINE(9000, "") NODE("kernel_stack:12800kB") RAM KILLED},
	{"Page tables take 391 MiB (38 %); 293 MiB of them are those of b (pid 9)",
	 START MACHINE(9000, " pagetables:100096\n") RAM
	 "Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB, file-rss:0kB, "
	 "shmem-rss:0kB, UID:0 pgtables:300032kB oom_score_adj:0\n",
	 START MACHINE(9000, " pagetables:100096\n") RAM KILLED},
	{"which no process's RSS shows: many processes map the same memory",
	 START MACHINE(9000, " pagetables:100096\n") RAM KILLED,
	 START MACHINE(9000, " pagetables:1000\n") RAM KILLED},
	{"had 293 MiB of page tables, more than it had resident",
	 "Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:40kB, file-rss:0kB, "
	 "shmem-rss:0kB, UID:0 pgtables:300032kB oom_score_adj:0\n",
	 "Out of memory: Killed process 9 (b) total-vm:400kB, anon-rss:400000kB, file-rss:0kB, "
	 "shmem-rss:0kB, UID:0 pgtables:300032kB oom_score_adj:0\n"},
	{"The largest kind of kernel object that cannot be freed is kmemleak_object with 300 MiB: "
	 "kmemleak's own notes",
	 START MACHINE(9000, " slab_reclaimable:10 slab_unreclaimable:100000\n") RAM SLABS
	 "kmemleak_object      307200KB     307200KB\nfilp 1KB 1KB\n" KILLED,
	 START MACHINE(9000, " slab_reclaimable:10 slab_unreclaimable:200000\n") RAM SLABS
	 "kmemleak_object      307200KB     307200KB\nfilp 1KB 1KB\n" KILLED},
	{"filp with 1 KiB, need not be the largest kind",
	 START MACHINE(9000, " slab_reclaimable:10 slab_unreclaimable:200000\n") RAM SLABS
	 "filp 1KB 1KB\n" KILLED,
	 START MACHINE(9000, " slab_reclaimable:10 slab_unreclaimable:200000\n") RAM SLABS
	 "filp 799999KB 799999KB\n" KILLED},
	{"fs/xfs/xfs_icache.c:82 [xfs] func:xfs_inode_alloc holds most, 2.5 GiB in 7 allocations; "
	 "then comes mm/slub.c:2264 func:a with 999 MiB",
	 START MACHINE(9000, "") RAM
	 "Memory allocations:\n     2.50 GiB        7 fs/xfs/xfs_icache.c:82 [xfs] "
	 "func:xfs_inode_alloc\n 999 MiB 8 mm/slub.c:2264 func:a\n" KILLED,
	 START MACHINE(9000, "") RAM
	 "     2.50 GiB        7 fs/xfs/xfs_icache.c:82 [xfs] func:xfs_inode_alloc\n" KILLED},
	{"is in none of these counters, and the log does not tell whose it is. It leaves open: "
	 "kernel stacks, pools of huge pages, zram or zswap, a balloon, vmalloc",
	 START MACHINE(9000, "") RAM KILLED, START MACHINE(250000, "") RAM KILLED},
	{"It leaves open: vmalloc, per-CPU memory",
	 START MACHINE(9000, "") NODE("kernel_stack:4kB Balloon:0kB")
		 HUGE(10) "Total swap = 0kB\n" RAM KILLED,
	 START MACHINE(9000, "") NODE("kernel_stack:4kB") HUGE(10) "Total swap = 0kB\n" RAM KILLED},
	{"The invoker was busy with maps of BPF",
	 START TRACE KILLING " __do_sys_bpf+0x1/0x2\n" MACHINE(9000, "") RAM KILLED,
	 START TRACE KILLING MACHINE(9000, "") RAM KILLED},
	{"the largest part among the counters that are left here, not all,",
	 START "Mem-Info:\nactive_anon:9000 inactive_anon:0 isolated_anon:0\n" RAM KILLED,
	 START MACHINE(9000, "") RAM KILLED},
	{"rows of the table are missing here",
	 START MEMCG_FULL "Memory cgroup stats for /a:\nanon 99900000\n" ROW9 MEMCG_KILLED,
	 START MEMCG_FULL
	 "Memory cgroup stats for /a:\nanon 99900\nshmem 99000000\n" ROW9 MEMCG_KILLED},
	{"most of it belongs to no process that could be killed for it, if the table is whole.",
	 START MEMCG_FULL ROW9 MEMCG_KILLED,
	 START MEMCG_FULL "Memory cgroup stats for /a:\nanon 99900\n" ROW9 MEMCG_KILLED},
};

static bool is_said(const char *log, const char *words, char **text)
{
	*text = explained(log, strlen(log), TEXT);
	squeeze(*text);
	return strstr(*text, words) != NULL;
}

START_TEST(sentence_is_said_where_it_holds)
{
	_cleanup_free_ char *text = NULL;

	ck_assert_msg(is_said(pairs[_i].with, pairs[_i].said, &text), "'%s' is not in: %s",
		      pairs[_i].said, text);
}
END_TEST

START_TEST(sentence_is_not_said_where_it_does_not_hold)
{
	_cleanup_free_ char *text = NULL;

	ck_assert_msg(!is_said(pairs[_i].without, pairs[_i].said, &text) && strstr(text, "OOM 1:"),
		      "'%s' or no event is in: %s", pairs[_i].said, text);
}
END_TEST

static TCase *sentences(void)
{
	TCase *tc = tcase_create("sentences");

	tcase_add_loop_test(tc, sentence_is_said_where_it_holds, 0, (int)ARRAY_SIZE(pairs));
	tcase_add_loop_test(tc, sentence_is_not_said_where_it_does_not_hold, 0,
			    (int)ARRAY_SIZE(pairs));
	return tc;
}

int main(void)
{
	TCase *const cases[] = {sentences()};

	return suite_run("explain", cases, ARRAY_SIZE(cases));
}
