/*
 * qemu.h - starts QEMU for one guest: its arguments, and the process with its end of each channel.
 *
 * Pattern of use:
 *	struct qemu q;
 *	if (qemu_start(&config, &q, err) < 0) ...
 *	... read q.channels[], poll q.process.pidfd ...
 *	qemu_stop(&q);
 *
 * The process is ended by the guardian when this one dies, is in a session of its own (a ^C
 * at the terminal is not for it), has no network, and is the first the host's OOM killer takes. It
 * uses no file by name that it would leave behind.
 *
 * The guest has one CPU. With two, an emulated guest boots more slowly, and a kernel that patches
 * its own code while the other CPU runs it may stop with "Oops: int3" (seen with QEMU 7.2).
 */
#ifndef OOMLAB_LAUNCH_VM_QEMU_H
#define OOMLAB_LAUNCH_VM_QEMU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/spawn.h"
#include "launch/guardian.h"
#include "launch/vm/guest.h"
#include "launch/vm/kernel.h"
#include "launch/vm/machine.h"

#define CHANNEL_CONSOLE PORT_COUNT
#define CHANNEL_COUNT	(PORT_COUNT + 1)

struct qemu_config {
	const struct machine *machine;
	const struct machine_board *board;
	const struct kernel *kernel;
	const char *accelerator; /* "kvm" or "tcg" */
	uint64_t ram_bytes;
	unsigned int clock_khz; /* of an emulated guest, as machine_guest_khz() says; 0: not told */
	int initramfs_fd;	/* borrowed */
	int swap_fd;		/* the swap disk, borrowed; -1: none */
	int numa_nodes;		/* 0, 1: one */
	int share_fd;		/* connected to virtiofsd, borrowed; -1: the host is not shared */
};

struct qemu {
	struct spawned process;	     /* its status once stopped */
	int channels[CHANNEL_COUNT]; /* ours: sockets to the ports, in order, and the console */
	int stderr_fd;		     /* what QEMU itself says, in memory; read from 0 */
};

/* Returns 0, or -1 with the sentence and nothing left behind. *q needs no initialisation. */
int qemu_start(const struct qemu_config *config, struct guardian *guardian, struct qemu *q,
	       struct err *err);

/* Kills the process if it still runs, reaps it, sets its status, closes all. Call once. */
void qemu_stop(struct qemu *q);

/*
 * The first line QEMU wrote to its stderr that is no warning, without its own name, malloc'd; ""
 * when there is none. pre: not stopped yet.
 */
char *qemu_words(const struct qemu *q);

#endif
