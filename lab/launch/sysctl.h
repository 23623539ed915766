/*
 * sysctl.h - settings of the whole kernel: read, saved, set, put back and read again.
 *
 * In a guest there is nobody to put them back for. On a host they are changed only when the user
 * allows it, by one run at a time; the old values go to a file first (sysctl_state.h), from which
 * the next run, or `oomlab doctor --restore`, puts them back after a crash.
 */
#ifndef OOMLAB_LAUNCH_SYSCTL_H
#define OOMLAB_LAUNCH_SYSCTL_H

#include <stddef.h>

#include "base/err.h"
#include "launch/sysctl_state.h"
#include "spec/spec.h"

struct sysctl_change {
	const char *path;
	char value[SYSCTL_VALUE_MAX];
};

struct sysctl_set {
	struct sysctl_change changes[SYSCTL_MAX];
	size_t count;
	struct sysctl_state state;
	const char *root; /* before each path; "": this kernel's own settings */
};

/* What the spec asks of the kernel, as changes not yet applied. Pure. */
void sysctl_plan(const struct spec *spec, struct sysctl_set *set);

/*
 * Puts back what a dead launcher left, saves, applies and reads back. state_dir: where the old
 * values are kept until sysctl_restore(); NULL in a guest. Fails while another run has settings of
 * this host in use; on failure what was applied is put back.
 */
int sysctl_apply(struct sysctl_set *set, const char *state_dir, struct err *err);

/* -1: something could not be put back; the error says what it is and was. It stays saved then. */
int sysctl_restore(struct sysctl_set *set, struct err *err);

/* One setting that a launcher changed and has not put back. */
struct sysctl_finding {
	struct sysctl_saved saved;
	char found[SYSCTL_VALUE_MAX]; /* what it was set to when it was looked at */
	char now[SYSCTL_VALUE_MAX];   /* what it is set to after all that was done */
	int cause; /* why it could not be put back: errno; 0: nothing went wrong */
};

struct sysctl_findings {
	pid_t holder; /* whose they are: a running process, -1 for one not seen from here; 0: nobody
		       */
	struct sysctl_finding items[SYSCTL_MAX];
	size_t count;
};

/*
 * What is saved in state_dir, and what is set; root as in struct sysctl_set. With `restore` what
 * nobody holds is put back first. -1: the folder is not to be trusted, or what is saved cannot be
 * read or kept.
 */
int sysctl_examine(const char *state_dir, const char *root, bool restore,
		   struct sysctl_findings *findings, struct err *err);

/* Reads a setting as one word: for "[always] madvise never" the one in brackets. 0 or -errno. */
int sysctl_read(const char *path, char *value, size_t size);

#endif
