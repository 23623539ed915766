/*
 * sysctl.h - settings of the whole kernel: read, saved, set, and put back in reverse.
 *
 * In a guest there is nobody to put them back for. On a host they are changed only when the user
 * allows it; the old values go to a state file first, so that `oomlab doctor --restore` can put
 * them back after a crash.
 */
#ifndef OOMLAB_SYSCTL_H
#define OOMLAB_SYSCTL_H

#include <stddef.h>

#include "base/err.h"
#include "spec/spec.h"

enum { SYSCTL_MAX = 4 };

struct sysctl_change {
	const char *path;
	char value[32], old[32];
};

struct sysctl_set {
	struct sysctl_change changes[SYSCTL_MAX];
	size_t count, applied;
	char *state_path; /* NULL: nothing is saved */
};

/* What the spec asks of the kernel, as changes not yet applied. Pure. */
void sysctl_plan(const struct spec *spec, struct sysctl_set *set);

/*
 * Applies and reads back. state_dir: where the old values are kept until sysctl_restore(); NULL in
 * a guest. On failure what was applied is put back.
 */
int sysctl_apply(struct sysctl_set *set, const char *state_dir, struct err *err);
void sysctl_restore(struct sysctl_set *set);

/*
 * Puts back what dead launchers left in state_dir. Returns how many files were found; *stuck
 * counts those that could not be put back. With dry set only counts.
 */
int sysctl_restore_leftovers(const char *state_dir, bool dry, int *stuck);

/* Where state files go: /run/oomlab for root, else $XDG_RUNTIME_DIR/oomlab or /tmp/oomlab-UID. */
char *sysctl_state_dir(void);

/* Reads a setting as one word: for "[always] madvise never" the one in brackets. 0 or -errno. */
int sysctl_read(const char *path, char *value, size_t size);

#endif
