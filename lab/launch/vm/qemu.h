/*
 * qemu.h - starts and stops QEMU for one guest, with a socket to each of the guest's ports.
 *
 * Pattern of use:
 *	struct qemu q;
 *	if (qemu_start(&config, &q, err) < 0) ...
 *	... read q.channels[], poll q.process.pidfd ...
 *	qemu_stop(&q);
 *
 * QEMU has a session of its own (so ^C at the terminal does not reach it), no network, and an
 * oom_score_adj of 1000. The guardian kills it when the launcher dies. It leaves no file behind.
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
#include "launch/vm/guest_devices.h"
#include "launch/vm/kernel.h"
#include "launch/vm/machine.h"

/* A channel per enum guest_port, then the console. */
#define CHANNEL_CONSOLE PORT_COUNT
#define CHANNEL_COUNT	(PORT_COUNT + 1)

struct qemu_config {
	const struct machine *machine;
	const struct machine_board *board;
	const struct kernel *kernel;
	const char *accelerator; /* "kvm" or "tcg" */
	uint64_t ram_bytes;
	unsigned int clock_khz;	  /* from machine_guest_khz(), for an emulated guest; 0: not told */
	int initramfs_fd;	  /* borrowed */
	int disk_fds[DISK_COUNT]; /* borrowed; -1: none */
	uint64_t zram_bytes;	  /* 0: none */
	int numa_nodes;		  /* 0 and 1: one node */
	int share_fd;		  /* connected to virtiofsd, borrowed; -1: the host is not shared */
};

struct qemu {
	struct spawned process;	     /* has the status after qemu_stop() */
	int channels[CHANNEL_COUNT]; /* owned: our ends of the sockets; -1: closed */
	int stderr_fd;		     /* a file in memory with what QEMU wrote to its stderr */
};

/* Returns 0, or -1 with err and nothing left behind. *q needs no initialisation. */
int qemu_start(const struct qemu_config *config, struct guardian *guardian, struct qemu *q,
	       struct err *err);

/* Kills QEMU if it still runs, reaps it, sets its status, closes all. Call once. */
void qemu_stop(struct qemu *q);

/*
 * QEMU's own reason: the first line of its stderr that is no warning, without the program's name;
 * "" when there is none. The caller frees. pre: not stopped yet.
 */
char *qemu_words(const struct qemu *q);

#endif
