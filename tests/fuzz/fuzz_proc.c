/*
 * fuzz_proc.c - any bytes as what /proc tells of others' processes: names are theirs to choose, and
 * so are cgroups and mounts in a namespace of theirs. Parts end with a NUL: stat, status, cgroup,
 * mountinfo.
 *
 * The readers' own files are compiled in here, so that what they open is the input.
 * Checked besides memory safety: a path that is found lies in its text, and leads nowhere up.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/io.h"
#include "base/strbuf.h"
#include "fuzz.h"

enum { STAT, STATUS, CGROUP, MOUNTINFO, PARTS };

static struct {
	const char *text;
	size_t len;
} parts[PARTS];

static int open_part(const char *path)
{
	const int part = strstr(path, "/status") ? STATUS : STAT;
	int fd = memfd_create("part", MFD_CLOEXEC);

	require(fd >= 0 && io_write_all(fd, parts[part].text, parts[part].len) == 0 &&
		lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

#define open(path, flags)	   open_part(path)
#define openat(dirfd, path, flags) open_part(path)
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "launch/process.c"
#undef open
#undef openat

#define find_mount find_mount_of
/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "launch/cgroup_open.c"

static void split(const char *data, size_t size)
{
	for (size_t i = 0; i < PARTS; i++) {
		const char *end = size ? memchr(data, '\0', size) : NULL;

		parts[i].text = data;
		parts[i].len = end ? (size_t)(end - data) : size;
		data += parts[i].len + (end != NULL);
		size -= parts[i].len + (end != NULL);
	}
}

static void ask_process(void)
{
	int64_t vsz, rss;
	int status;

	process_start_time(1);
	process_sizes(1, &vsz, &rss);
	process_zombie_status(1, &status);
	process_pid_inside("/proc", 1);
}

static void ask_cgroup(int version)
{
	_cleanup_free_ char *mounts = xstrndup(parts[MOUNTINFO].text, parts[MOUNTINFO].len);
	_cleanup_free_ char *cgroups = xstrndup(parts[CGROUP].text, parts[CGROUP].len);
	struct mount mount = {NULL, NULL};
	const char *path = find_path(cgroups, version), *rest;

	require(!path || (path > cgroups && path <= cgroups + parts[CGROUP].len));
	if (!find_mount(mounts, version, &mount))
		return;
	require(mount.root >= mounts && mount.point > mount.root &&
		mount.point <= mounts + parts[MOUNTINFO].len);
	if (!path)
		return;
	rest = below(path, mount.root);
	require(!strstr(rest, "/.."));
	require(!*rest || *rest == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	split((const char *)data, size);
	ask_process();
	ask_cgroup(1);
	ask_cgroup(2);
	return 0;
}
