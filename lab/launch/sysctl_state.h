/*
 * sysctl_state.h - keeps in a folder what kernel-wide settings were before oomlab changed them.
 *
 * The folder holds one file of saved values and, while a run uses it, one lock file. The process
 * that has the lock may change settings. It is a record lock of fcntl(2): no child inherits it, and
 * it ends with its process. The file outlives its launcher and then says what is to be put back. It
 * is written under another name, synced, and renamed, so that a whole file is there at any instant.
 *
 *	if (sysctl_state_lock(&state, dir, err) < 0)	(loads what a dead launcher left)
 *	...change state.saved; sysctl_state_write(&state, err);	(before each first change)
 *	sysctl_state_release(&state);
 *
 *
 * The file has a line "oomlab settings 1", a line "boot ID", a line "PATH OLD NEW" per setting, and
 * a line "end".
 * The folder and its files are trusted only when they belong to this user or to root and nobody
 * else may write to them. LIMITATION: a container with a /run of its own has a lock of its own.
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
	const char *path; /* one of the four above, so that no file makes oomlab write elsewhere */
	char old[SYSCTL_VALUE_MAX];   /* before oomlab changed it */
	char value[SYSCTL_VALUE_MAX]; /* what oomlab set it to */
};

struct sysctl_state {
	struct sysctl_saved saved[SYSCTL_MAX];
	size_t count;
	int dir, lock; /* owned; -1: nothing is kept on disk */
	bool is_locked;
};

#define SYSCTL_STATE_INIT             \
	{                             \
		.dir = -1, .lock = -1 \
	}

/*
 * Makes the folder if it is missing, takes the lock and loads what is saved. 0, or -1: another
 * process has the lock (the error names it), or the folder or a file in it cannot be trusted;
 * nothing is held then.
 */
int sysctl_state_lock(struct sysctl_state *state, const char *folder, struct err *err);

/*
 * Loads what is saved without taking the lock; nothing is held afterwards. *holder: the process
 * that has the lock, 0 for none, -1 for one that this process cannot see. 0, also without a folder,
 * or -1.
 */
int sysctl_state_look(struct sysctl_state *state, const char *folder, pid_t *holder,
		      struct err *err);

/* Writes *state into the file, or removes the file when nothing is saved. 0 or -1. pre: locked. */
int sysctl_state_write(const struct sysctl_state *state, struct err *err);

/* Gives up the lock; the file of saved values stays. */
void sysctl_state_release(struct sysctl_state *state);

/*
 * The saved entry for a setting, or NULL. overcommit_ratio and overcommit_kbytes have one entry in
 * common, because setting one clears the other.
 */
struct sysctl_saved *sysctl_state_find(struct sysctl_state *state, const char *path);

/*
 * Reads the text of the file; pure. boot: the id of this boot (random(4), boot_id); values saved in
 * an earlier boot are dropped. 0, or -EINVAL for a text that this oomlab has not written.
 */
int sysctl_state_parse(const char *text, size_t len, const char *boot, struct sysctl_state *state);

/* The folder of root, which any user may read. */
#define SYSCTL_STATE_ROOT "/run/oomlab"

/*
 * The folder of this user, which the caller frees: SYSCTL_STATE_ROOT for root, else
 * $XDG_RUNTIME_DIR/oomlab or /tmp/oomlab-UID.
 */
char *sysctl_state_dir(void);

#endif
