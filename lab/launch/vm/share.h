/*
 * share.h - shows the guest the host's whole file system, read-only, through QEMU's virtiofsd.
 *
 * virtiofsd runs in a mount namespace in which every mount is read-only: whatever root in the guest
 * does, it cannot write to the host. It can read all that the user who started it can.
 * LIMITATION: needs Linux 5.12 (mount_setattr); for an ordinary user, user namespaces
 * (share_user.h).
 */
#ifndef OOMLAB_LAUNCH_VM_SHARE_H
#define OOMLAB_LAUNCH_VM_SHARE_H

#include "base/err.h"
#include "base/spawn.h"
#include "launch/guardian.h"

struct share {
	struct spawned process; /* virtiofsd */
	int fd;			/* connected to virtiofsd, for QEMU; -1: none */
	int words_fd;		/* a file in memory with what it wrote to its stderr; -1: none */
};

#define SHARE_INIT                   \
	{                            \
		SPAWNED_INIT, -1, -1 \
	}

/*
 * Starts virtiofsd for one QEMU and waits until it serves. The guardian (NULL: none) kills it when
 * this process dies. Makes this process a child subreaper. Returns 0, or -1 with virtiofsd's own
 * reason in err and nothing left behind. pre: *share is SHARE_INIT.
 */
int share_start(struct share *share, struct guardian *guardian, struct err *err)
	__attribute__((nonnull(1, 3), warn_unused_result));

/*
 * Whether the host can be shared: starts virtiofsd and ends it again. 0, or -1 with the cure in
 * err.
 */
int share_probe(struct err *err) __attribute__((nonnull, warn_unused_result));

/* The last line of virtiofsd's stderr; "" when there is none. The caller frees. */
char *share_words(const struct share *share);

/* Kills and reaps virtiofsd, closes all. Safe after share_start() failed, and twice. */
void share_stop(struct share *share);

#endif
