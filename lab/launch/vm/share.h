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
	int fd;			/* connected to it, for QEMU; -1: none */
	int words_fd;		/* what it says on stderr, in memory; -1: none */
};

#define SHARE_INIT                   \
	{                            \
		SPAWNED_INIT, -1, -1 \
	}

/*
 * Starts virtiofsd for one QEMU and waits until it serves. The guardian (NULL:
 * none) ends it when this process dies. Returns 0, or -1 with the sentence, virtiofsd's own reason
 * in it, and nothing left behind.
 */
int share_start(struct share *share, struct guardian *guardian, struct err *err)
	__attribute__((nonnull(1, 3), warn_unused_result));

/* Whether it could be: starts it and ends it again. 0, or -1 with the sentence and the cure. */
int share_probe(struct err *err) __attribute__((nonnull, warn_unused_result));

/* The last line virtiofsd wrote to its stderr, malloc'd; "" when there is none. */
char *share_words(const struct share *share);

/* Kills and reaps it, closes all. Safe after share_start() failed, and twice. */
void share_stop(struct share *share);

#endif
