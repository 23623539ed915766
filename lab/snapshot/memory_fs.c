#include "snapshot/memory_fs.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { MOUNTS_BYTES = 1 << 20, TYPE_MAX = 32 };

static bool is_in_memory(const struct memory_fs *fs, dev_t device)
{
	for (size_t i = 0; i < fs->count; i++)
		if (fs->devices[i] == device)
			return true;
	return false;
}

static void add_device(struct memory_fs *fs, dev_t device)
{
	if (fs->count < MEMORY_FS_MAX && !is_in_memory(fs, device))
		fs->devices[fs->count++] = device;
}

/* The kernel's internal mounts for memfd_create(2), shmget(2) and mappings without a file. */
static void add_kernels_devices(struct memory_fs *fs)
{
	static const unsigned int kinds[] = {0, MFD_HUGETLB | MFD_HUGE_2MB,
					     MFD_HUGETLB | MFD_HUGE_1GB, MFD_HUGETLB};

	for (size_t i = 0; i < (fs->is_tmpfs_alone ? 1 : ARRAY_SIZE(kinds)); i++) {
		_cleanup_close_ int fd = memfd_create("device", MFD_CLOEXEC | kinds[i]);
		struct stat st;

		if (fd >= 0 && !fstat(fd, &st))
			add_device(fs, st.st_dev);
	}
}

/* "36 35 0:33 / /dev/shm rw,nosuid shared:4 - tmpfs tmpfs rw": false where it is none. */
static bool read_type(const char *line, char type[TYPE_MAX])
{
	const char *at = strstr(line, " - ");

	return at && sscanf(at, " - %31s", type) == 1;
}

static void add_mount(struct memory_fs *fs, const char *line)
{
	static const char *const types[] = {"tmpfs", "devtmpfs", "hugetlbfs", "ramfs"};
	unsigned int major, minor;
	char type[TYPE_MAX];

	if (!read_type(line, type) || sscanf(line, "%*s %*s %u:%u ", &major, &minor) != 2)
		return;
	for (size_t i = 0; i < (fs->is_tmpfs_alone ? 1 : ARRAY_SIZE(types)); i++)
		if (!strcmp(type, types[i]))
			add_device(fs, makedev(major, minor));
}

static void add_mounts(struct memory_fs *fs, const char *path)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *save = NULL;

	if (io_read_at(AT_FDCWD, path, MOUNTS_BYTES, &text))
		return;
	for (char *line = strtok_r(text.buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_mount(fs, line);
}

void memory_fs_add(struct memory_fs *fs, const char *proc, pid_t pid)
{
	_cleanup_free_ char *path = text_format("%s/%d/mountinfo", proc, (int)pid);

	if (!fs->count) {
		add_kernels_devices(fs);
		add_mounts(fs, "/proc/self/mountinfo");
	}
	add_mounts(fs, path);
}

/*
 * statx(2) asks for nothing but the device, which the kernel knows by itself. O_PATH holds the file
 * without opening it, so that the name may mean another one by now.
 */
int memory_fs_open(const struct memory_fs *fs, int dir, const char *name, int flags,
		   struct stat *st)
{
	int fd = openat(dir, name, O_PATH | O_CLOEXEC | flags);
	struct statx known;

	if (fd < 0)
		return -1;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &known) < 0 ||
	    !is_in_memory(fs, makedev(known.stx_dev_major, known.stx_dev_minor)) ||
	    fstat(fd, st) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The type of the mount with that number; false: the text does not have it. */
static bool find_type(const char *mounts, long id, char type[TYPE_MAX])
{
	for (const char *at = mounts; at && *at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (strtol(at, NULL, 10) == id) {
			_cleanup_free_ char *line = xstrndup(at, strcspn(at, "\n"));

			return read_type(line, type);
		}
	}
	return false;
}

/* The type of the file system that an open file is on, as the kernel knows it by itself. */
static bool type_of(int fd, const char *mounts, char type[TYPE_MAX])
{
	_cleanup_free_ char *path = text_format("/proc/self/fdinfo/%d", fd);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT, own = STRBUF_INIT;
	const char *id;

	if (io_read_at(AT_FDCWD, path, 4096, &text) || !(id = strstr(text.buf, "mnt_id:")))
		return false;
	if (find_type(mounts, strtol(id + strlen("mnt_id:"), NULL, 10), type))
		return true;
	/* After chroot(2) a process does not see the mount that its root is on. */
	return !io_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_BYTES, &own) &&
	       find_type(own.buf, strtol(id + strlen("mnt_id:"), NULL, 10), type);
}

static bool may_look_in(int fd, const char *mounts)
{
	char type[TYPE_MAX];

	return type_of(fd, mounts, type) && strcmp(type, "fuse") != 0 &&
	       strcmp(type, "fuseblk") != 0 && !text_starts_with(type, "fuse.");
}

int memory_fs_open_mount(pid_t pid, const char *mounts, const char *point)
{
	_cleanup_free_ char *root = text_format("/proc/%d/root", (int)pid), *path = xstrdup(point);
	_cleanup_close_ int at = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char type[TYPE_MAX], *save = NULL;

	for (char *name = strtok_r(path, "/", &save); name && at >= 0;
	     name = strtok_r(NULL, "/", &save)) {
		int below =
			may_look_in(at, mounts)
				? openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
				: -1;

		close(at);
		at = below;
	}
	return at >= 0 && type_of(at, mounts, type) && !strcmp(type, "tmpfs")
		       ? openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		       : -1;
}
