/*
 * sysctl_helpers.h - a host whose settings are plain files below "root", and what was saved of them
 * in the folder "state".
 *
 *	tcase_add_checked_fixture(tc, scratch_host, scratch_leave);
 */
#ifndef OOMLAB_TESTS_SYSCTL_HELPERS_H
#define OOMLAB_TESTS_SYSCTL_HELPERS_H

#include <string.h>
#include <sys/stat.h>

#include "launch/sysctl.h"
#include "scratch.h"

#define MODE	  SYSCTL_OVERCOMMIT_MEMORY
#define SHARE	  SYSCTL_OVERCOMMIT_RATIO
#define KILOBYTES SYSCTL_OVERCOMMIT_KBYTES
#define SAVED	  "state/sysctl.saved"

static struct err err;

/* Mode 0, share 50, no kilobytes. */
static inline void scratch_host(void)
{
	scratch_enter();
	ck_assert_int_eq(io_make_dirs("root/proc/sys/vm"), 0);
	put_file("root" MODE, "0", 0644);
	put_file("root" SHARE, "50", 0644);
	put_file("root" KILOBYTES, "0", 0644);
	ck_assert_int_eq(mkdir("state", 0755), 0);
	memset(&err, 0, sizeof(err));
}

static inline struct sysctl_set plan(int mode, int share)
{
	struct sysctl_set set;
	struct spec spec;

	spec_init(&spec);
	spec.overcommit_memory = mode;
	spec.overcommit_ratio = share;
	sysctl_plan(&spec, &set);
	set.root = "root";
	return set;
}

static inline void check_host(const char *mode, const char *share)
{
	check_holds("root" MODE, mode);
	check_holds("root" SHARE, share);
}

static inline struct sysctl_findings examine(bool restore)
{
	struct sysctl_findings f;

	if (sysctl_examine("state", "root", restore, &f, &err) < 0)
		ck_abort_msg("%s", err.text);
	return f;
}

#endif
