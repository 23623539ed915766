#include "launch/vm/share_user.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "launch/vm/share_open.h"

/*
 * virtiofsd would raise the hard limit, which root of a user namespace may not: raises the soft
 * one.
 */
static void raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int map_id(const char *file, unsigned int id)
{
	char text[32];
	int rc;

	snprintf(text, sizeof(text), "0 %u 1", id);
	rc = io_write_at(AT_FDCWD, file, text);
	errno = -rc;
	return rc;
}

/* False in a user namespace other than the first: a rootless container's, or ours. */
static bool has_every_id(void)
{
	unsigned int inside, outside, count;
	char line[64];

	return io_read_line_at(AT_FDCWD, "/proc/self/uid_map", line, sizeof(line)) == 0 &&
	       sscanf(line, "%u %u %u", &inside, &outside, &count) == 3 && count == UINT32_MAX;
}

/* Into a user namespace in which this user is root, and a mount namespace. */
static const char *become_root(void)
{
	unsigned int uid = geteuid(), gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return "make a user namespace";
	if (io_write_at(AT_FDCWD, "/proc/self/setgroups", "deny") < 0 ||
	    map_id("/proc/self/uid_map", uid) < 0 || map_id("/proc/self/gid_map", gid) < 0)
		return "be root in a user namespace";
	return NULL;
}

const char *share_user_enter(bool *is_in_user_namespace)
{
	const char *failed = NULL;

	*is_in_user_namespace = !has_every_id();
	if (unshare(CLONE_NEWNS) < 0) {
		if (errno != EPERM)
			return "make a mount namespace";
		*is_in_user_namespace = true;
		failed = become_root();
	}
	if (failed || !*is_in_user_namespace)
		return failed;
	raise_files();
	return share_open_serve() < 0 ? "filter system calls in a user namespace" : NULL;
}

static bool is_set_to(const char *sysctl, int64_t value)
{
	int64_t found;

	return io_read_number_at(AT_FDCWD, sysctl, &found) == 0 && found == value;
}

int share_user_hint(struct err *err)
{
	static const struct {
		const char *file;
		int64_t forbids;
		const char *cure;
	} settings[] = {
		{"/proc/sys/user/max_user_namespaces", 0, "user.max_user_namespaces=10000"},
		{"/proc/sys/kernel/unprivileged_userns_clone", 0,
		 "kernel.unprivileged_userns_clone=1"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
		 "kernel.apparmor_restrict_unprivileged_userns=0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (is_set_to(settings[i].file, settings[i].forbids))
			return err_hint(err, "allow it: sudo sysctl -w %s; or run as root",
					settings[i].cure);
	return err_hint(err,
			"a chroot or a container may forbid it: run outside of it, or as root");
}
