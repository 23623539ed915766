/*
 * sysctl.h - changes kernel-wide settings for a run and puts them back (the kernel's
 * Documentation/admin-guide/sysctl/vm.rst and mm/transhuge.rst).
 *
 * On a host they are changed only when the user allows it, by one run at a time. The old values go
 * to a file first (sysctl_state.h): after a crash the next run, or `oomlab doctor --restore`, puts
 * them back from it. A guest keeps no such file.
 */
#ifndef OOMLAB_LAUNCH_SYSCTL_H
#define OOMLAB_LAUNCH_SYSCTL_H

#include <stddef.h>

#include "base/err.h"
#include "launch/sysctl_state.h"
#include "spec/spec.h"

struct sysctl_change {
	const char *path; /* one of SYSCTL_* */
	char value[SYSCTL_VALUE_MAX];
};

struct sysctl_set {
	struct sysctl_change changes[SYSCTL_MAX];
	size_t count;
	struct sysctl_state state;
	const char *root; /* before each path; "": this kernel's own settings */
};

/* Fills *set with the changes that the spec requests, in the order to apply them. Pure. */
void sysctl_plan(const struct spec *spec, struct sysctl_set *set);

/*
 * Puts back what a dead launcher left, saves the old values, applies the changes and reads them
 * back. state_dir: where the old values are kept until sysctl_restore(); NULL in a guest. 0, or -1:
 * another run has changed settings of this host, or one cannot be set; nothing stays changed then.
 */
int sysctl_apply(struct sysctl_set *set, const char *state_dir, struct err *err);

/*
 * Puts the old values back. 0, or -1: the error names each setting that could not be put back, with
 * both values; it stays saved.
 */
int sysctl_restore(struct sysctl_set *set, struct err *err);

/* One setting that a launcher changed and has not put back. */
struct sysctl_finding {
	struct sysctl_saved saved;
	char found[SYSCTL_VALUE_MAX]; /* its value at first; "": unknown */
	char now[SYSCTL_VALUE_MAX];   /* its value afterwards; "": unknown */
	int cause;		      /* errno of reading or putting back; 0: neither failed */
};

struct sysctl_findings {
	pid_t holder; /* the process that uses them; -1: it cannot be seen from here; 0: none */
	struct sysctl_finding items[SYSCTL_MAX];
	size_t count;
};

/*
 * Lists the settings saved in state_dir with their values now; root as in struct sysctl_set.
 * restore: first puts them back, unless a process uses them. 0, or -1: the folder cannot be
 * trusted, read or written.
 */
int sysctl_examine(const char *state_dir, const char *root, bool restore,
		   struct sysctl_findings *findings, struct err *err);

/* Reads a setting as one word: of "[always] madvise never" the one in brackets. 0 or -errno. */
int sysctl_read(const char *path, char *value, size_t size);

#endif
