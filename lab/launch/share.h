/*
 * share.h - shows the guest the host's whole file system, read-only, through QEMU's virtiofsd.
 *
 * virtiofsd runs in a mount namespace in which every mount is read-only: whatever root in the guest
 * does, it cannot write to the host. It can read all that the user who started it can.
 * LIMITATION: needs root (virtiofsd of QEMU 7.2 sets up a sandbox), and Linux 5.12 (mount_setattr).
 */
#ifndef OOMLAB_SHARE_H
#define OOMLAB_SHARE_H

#include <sys/types.h>

#include "base/err.h"

struct share {
	pid_t pid; /* of virtiofsd; -1: none */
	int fd;	   /* connected to it, for QEMU; -1: none */
};

#define SHARE_INIT     \
	{              \
		-1, -1 \
	}

/*
 * Starts virtiofsd for one QEMU. It dies with the thread that started it. Returns 0, or -1 with the
 * sentence and nothing left behind. Whether virtiofsd liked it shows when the guest mounts.
 */
int share_start(struct share *share, struct err *err) __attribute__((nonnull, warn_unused_result));

/* Kills and reaps it, closes the socket. Safe after share_start() failed, and twice. */
void share_stop(struct share *share);

#endif
