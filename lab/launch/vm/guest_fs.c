#include "launch/vm/guest_fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm/guest.h"
#include "launch/vm/guest_complain.h"
#include "launch/vm/guest_devices.h"

#define UPPER_DIR GUEST_DIR "/written"
#define ROOT_DIR  GUEST_DIR "/root"

static const struct mount_point {
	const char *type, *path, *options;
	bool is_optional;
} mount_points[] = {
	{"devtmpfs", "/dev", "mode=0755", false},
	{"proc", "/proc", "", false},
	{"sysfs", "/sys", "", false},
	{"cgroup2", "/sys/fs/cgroup", "", false},
	{"tracefs", "/sys/kernel/tracing", "", true},
	{"tmpfs", "/dev/shm", "mode=1777", true},
};

/* Makes the links in /dev that programs expect; udev(7) makes them on a host. */
static void link_descriptors(const char *root)
{
	static const char *const links[][2] = {
		{"/proc/self/fd", "fd"}, {"fd/0", "stdin"}, {"fd/1", "stdout"}, {"fd/2", "stderr"}};

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		_cleanup_free_ char *path = text_format("%s/dev/%s", root, links[i][1]);

		if (symlink(links[i][0], path) < 0 && errno != EEXIST)
			guest_complain("cannot make", path);
	}
}

void guest_fs_mount_kernel(const char *root)
{
	for (size_t i = 0; i < ARRAY_SIZE(mount_points); i++) {
		const struct mount_point *m = &mount_points[i];
		_cleanup_free_ char *path = text_format("%s%s", root, m->path);

		mkdir(path, 0755);
		if (mount(m->type, path, m->type, 0, m->options) < 0 && !m->is_optional)
			guest_complain("cannot mount", path);
	}
	link_descriptors(root);
}

/*
 * An ordinary user's virtiofsd shows root's files as nobody's. The command is root in the guest,
 * and a set-user-ID program such as mount(8) would run as nobody.
 */
static unsigned long no_suid(void)
{
	struct stat st;

	return stat(GUEST_HOST_ROOT, &st) == 0 && st.st_uid != 0 ? MS_NOSUID : 0;
}

/* An overlay of the host's files at ROOT_DIR; false where the kernel has no overlayfs. */
static bool mount_overlay(void)
{
	static const char layers[] = "lowerdir=" GUEST_HOST_ROOT ",upperdir=" UPPER_DIR
				     "/upper,workdir=" UPPER_DIR "/work";

	mkdir(ROOT_DIR, 0755);
	mkdir(UPPER_DIR, 0755);
	if (mount("written", UPPER_DIR, "tmpfs", 0, "mode=0755") < 0)
		guest_complain("cannot mount", UPPER_DIR);
	mkdir(UPPER_DIR "/upper", 0755);
	mkdir(UPPER_DIR "/work", 0755);
	if (mount("host", ROOT_DIR, "overlay", no_suid(), layers) == 0)
		return true;
	if (errno != ENODEV)
		guest_complain("cannot mount", "an overlay of the host's file system");
	umount(UPPER_DIR);
	return false;
}

/* Binds one entry of the old folder into the new one; an entry that cannot be bound is left out. */
static void show_again(int old, const char *tmp, const char *name)
{
	_cleanup_free_ char *from = text_format("/proc/self/fd/%d/%s", old, name);
	_cleanup_free_ char *to = text_format("%s/%s", tmp, name);
	char link[4096];
	struct stat st;
	ssize_t n;

	if (fstatat(old, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(old, name, link, sizeof(link) - 1);
		link[n < 0 ? 0 : n] = '\0';
		if (symlink(link, to) < 0)
			return;
	} else if (S_ISDIR(st.st_mode) ? mkdir(to, 0700) == 0 : mknod(to, S_IFREG, 0) == 0) {
		if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0)
			remove(to);
	}
}

/* NULL: there was none. */
static void show_all_again(DIR *old, const char *path)
{
	struct dirent *d;

	while (old && (d = readdir(old)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			show_again(dirfd(old), path, d->d_name);
}

void guest_fs_mount_host(void)
{
	mkdir(GUEST_HOST_ROOT, 0755);
	if (mount(GUEST_SHARE_TAG, GUEST_HOST_ROOT, "virtiofs", MS_RDONLY, "") < 0)
		guest_complain("cannot mount", "the host's file system");
}

const char *guest_fs_make_root(bool *is_writable)
{
	_cleanup_closedir_ DIR *shm = NULL;
	_cleanup_free_ char *shm_path = NULL;
	const char *root;

	*is_writable = mount_overlay();
	root = *is_writable ? ROOT_DIR : GUEST_HOST_ROOT;
	shm_path = text_format("%s/dev/shm", root);
	shm = opendir(shm_path);
	guest_fs_mount_kernel(root);
	show_all_again(shm, shm_path);
	return root;
}

void guest_fs_bind_scratch(const char *root)
{
	_cleanup_free_ char *path = text_format("%s" GUEST_SCRATCH_DIR, root);

	if (!*root || access(GUEST_SCRATCH_DIR, F_OK) < 0)
		return;
	mkdir(path, 0755);
	if (mount(GUEST_SCRATCH_DIR, path, NULL, MS_BIND, NULL) < 0)
		guest_complain("cannot mount", path);
}

void guest_fs_mount_shm(void)
{
	if (mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777") < 0 && errno != ENOENT)
		guest_complain("cannot mount", "/dev/shm");
}

void guest_fs_mount_tmp(const char *root, const char *cwd)
{
	_cleanup_free_ char *tmp = text_format("%s/tmp", root);
	_cleanup_closedir_ DIR *old = NULL;
	struct stat st;

	mkdir(tmp, 01777);
	/* A symbolic link would lead out of `root`. */
	if (lstat(tmp, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	old = opendir(tmp);
	if (mount("tmp", tmp, "tmpfs", 0, "mode=1777") < 0)
		guest_complain("cannot mount", tmp);
	/* The command's folder first: a list of what is in a busy /tmp may come without it. */
	if (old && text_starts_with(cwd, "/tmp/")) {
		_cleanup_free_ char *name =
			xstrndup(cwd + strlen("/tmp/"), strcspn(cwd + strlen("/tmp/"), "/"));

		show_again(dirfd(old), tmp, name);
	}
	show_all_again(old, tmp);
}
