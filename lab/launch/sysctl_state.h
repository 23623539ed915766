/*
 * sysctl_state.h - what kernel-wide settings were before the lab changed them, kept in a folder.
 *
 * The folder holds one file of saved values and, while it is in use, one lock. Who has the lock may
 * change settings; it is a record lock of fcntl(2), which no child inherits and which goes with its
 * process, however that dies. The file outlives its launcher, and then says what is to be put back:
 * it is written beside, synced, and renamed, so that at any instant the old one or the new one is
 * there whole.
 *
 *	if (sysctl_state_lock(&state, dir, err) < 0)	(loads what a dead launcher left)
 *	...change state.saved; sysctl_state_write(&state, err);	(before each first change)
 *	sysctl_state_release(&state);
 *
 * The folder and its files are believed only when they belong to this user or to root and nobody
 * else may write them. LIMITATION: a container with a /run of its own has a lock of its own.
 */
#ifndef OOMLAB_LAUNCH_SYSCTL_STATE_H
#define OOMLAB_LAUNCH_SYSCTL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum { SYSCTL_MAX = 4, SYSCTL_VALUE_MAX = 32 };

#define SYSCTL_OVERCOMMIT_KBYTES "/proc/sys/vm/overcommit_kbytes"
#define SYSCTL_OVERCOMMIT_RATIO	 "/proc/sys/vm/overcommit_ratio"
#define SYSCTL_OVERCOMMIT_MEMORY "/proc/sys/vm/overcommit_memory"
#define SYSCTL_THP_ENABLED	 "/sys/kernel/mm/transparent_hugepage/enabled"

/* One setting that is to be put back. */
struct sysctl_saved {
	const char *path; /* one of the four above: a file is no licence to write anywhere */
	char old[SYSCTL_VALUE_MAX];   /* before the lab: letters and digits */
	char value[SYSCTL_VALUE_MAX]; /* what the lab set */
};

struct sysctl_state {
	struct sysctl_saved saved[SYSCTL_MAX];
	size_t count;
	int dir, lock; /* -1: nothing is kept on disk */
	bool is_locked;
};

#define SYSCTL_STATE_INIT             \
	{                             \
		.dir = -1, .lock = -1 \
	}

/*
 * Makes the folder where it is not, takes the lock and loads what is saved there. -1: another
 * process has it (the error names it), or the folder or a file in it is not to be trusted; nothing
 * is held then.
 */
int sysctl_state_lock(struct sysctl_state *state, const char *folder, struct err *err);

/*
 * Loads without the lock. *holder: the process that has it, 0 for nobody, -1 for one that this
 * process cannot see. No folder: nothing is saved. 0 or -1.
 */
int sysctl_state_look(struct sysctl_state *state, const char *folder, pid_t *holder,
		      struct err *err);

/* Makes the file hold what state does; with nothing saved there is none. pre: locked. */
int sysctl_state_write(const struct sysctl_state *state, struct err *err);

void sysctl_state_release(struct sysctl_state *state);

/* The entry for a setting; the two of overcommit's share, of which one undoes the other, are one.
 */
struct sysctl_saved *sysctl_state_find(struct sysctl_state *state, const char *path);

/*
 * Reads the file's text: pure. boot: the id of this boot; what was saved in an earlier one is
 * nothing to be put back. 0, or -EINVAL for what this lab has not written.
 */
int sysctl_state_parse(const char *text, size_t len, const char *boot, struct sysctl_state *state);

/* Root's; any user may look. */
#define SYSCTL_STATE_ROOT "/run/oomlab"

/* Where it is kept: SYSCTL_STATE_ROOT for root, else $XDG_RUNTIME_DIR/oomlab or /tmp/oomlab-UID. */
char *sysctl_state_dir(void);

#endif
