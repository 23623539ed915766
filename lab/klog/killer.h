/*
 * killer.h - tells lines about kills, evictions and refusals for want of memory that are not the
 * kernel's OOM killer; pure.
 *
 * Each is told by words that its program or driver prints, wherever they stand in the line, as the
 * name in front of them is often cut off. A line of the OOM killer itself is none of these.
 * Captured:
 *
 *	lowmemorykiller: Killing 'd.play.games.ui' (2613), adj 1000,
 *	sending SIGTERM to process 696 uid 1001 "ipfs": badness 757, VmRSS 637 MiB
 *	kswapd0: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL), ...
 *	init.scope: Failed with result 'oom-kill'.
 */
#ifndef OOMLAB_KLOG_KILLER_H
#define OOMLAB_KLOG_KILLER_H

#include "klog/span.h"

enum killer {
	KILLER_NONE,
	KILLER_SYSTEMD_OOMD,
	KILLER_EARLYOOM,
	KILLER_NOHANG,
	KILLER_LOWMEMORYKILLER, /* the driver in the kernel, and Android's lmkd */
	KILLER_KUBELET,		/* evicts pods */
	KILLER_TALOS,
	KILLER_ALLOCATION,     /* an allocation that failed: nobody is killed */
	KILLER_FAULT_LEAKED,   /* VM_FAULT_OOM leaked out to the #PF handler */
	KILLER_OVERCOMMIT,     /* memory was promised to nobody: a refusal */
	KILLER_SYSTEMD_RESULT, /* systemd ends a unit because one of its processes was killed */
	KILLER_COUNT,
};

/* Whose line it is. `text` is a line with or without its headers. */
enum killer killer_of(struct span text);

#endif
