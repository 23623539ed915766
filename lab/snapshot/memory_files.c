#include "snapshot/memory_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

enum {
	PROCESSES_MOST = 64,
	DESCRIPTORS_MOST = 512,
	FILES_MOST = 16,
	ENTRIES_MOST = 2000, /* of folders, in one search */
	DEPTH_MOST = 4,
	MOUNTS_MOST = 16,
	DEVICES_MOST = 256, /* a container engine's host has one for each container */
};

#define LEAST_BYTES (INT64_C(1) << 20)
#define AGAIN_NS    INT64_C(1000000000)

struct found {
	char *name;
	pid_t pid; /* 0: nobody has it open */
	dev_t dev;
	ino_t ino;
	int64_t size, resident;
};

struct memory_search {
	struct found files[FILES_MOST];
	size_t count, entries;
	struct stat ring;	     /* oomlab's trace ring; st_ino 0: there is none */
	time_t since;		     /* the run's start */
	dev_t devices[DEVICES_MOST]; /* of the tmpfs mounts and of memfds */
	size_t device_count;
};

static bool is_in_memory(const struct memory_search *search, dev_t device)
{
	for (size_t i = 0; i < search->device_count; i++)
		if (search->devices[i] == device)
			return true;
	return false;
}

static void add_device(struct memory_search *search, dev_t device)
{
	if (search->device_count < DEVICES_MOST && !is_in_memory(search, device))
		search->devices[search->device_count++] = device;
}

/* The kernel's internal mount for memfd_create(2), shmget(2) and shared mappings without a file. */
static void add_kernels_device(struct memory_search *search)
{
	_cleanup_close_ int fd = memfd_create("device", MFD_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st))
		add_device(search, st.st_dev);
}

/*
 * A file system that the target itself serves (fuse(4)) may never answer. So the first statx(2)
 * asks for nothing but the device, which the kernel knows by itself; sizes are read of tmpfs files
 * alone.
 */
static bool stat_in_memory(const struct memory_search *search, int dir, const char *name, int flags,
			   struct stat *st)
{
	struct statx known;

	return !statx(dir, name, flags | AT_STATX_DONT_SYNC, 0, &known) &&
	       is_in_memory(search, makedev(known.stx_dev_major, known.stx_dev_minor)) &&
	       !fstatat(dir, name, st, flags);
}

static bool is_due(const struct memory_files *files, const struct memory_files_moment *now)
{
	if (now->limit == INT64_MAX || now->current < now->limit / 4)
		return false;
	return now->current >= files->charge + now->limit / 16 ||
	       (now->current >= now->limit / 2 && io_now_ns() - files->t_ns >= AGAIN_NS);
}

static bool is_new(const struct memory_search *search, const struct stat *st)
{
	if (search->ring.st_ino && search->ring.st_ino == st->st_ino &&
	    search->ring.st_dev == st->st_dev)
		return false;
	for (size_t i = 0; i < search->count; i++)
		if (search->files[i].ino == st->st_ino && search->files[i].dev == st->st_dev)
			return false;
	return search->count < FILES_MOST;
}

static int64_t resident_of(const struct stat *st)
{
	return (int64_t)st->st_blocks * 512;
}

/* Takes over the name. */
static void add_file(struct memory_search *search, char *name, pid_t pid, const struct stat *st)
{
	search->files[search->count++] = (struct found){
		.name = name,
		.pid = pid,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.resident = resident_of(st),
	};
}

static void search_descriptor(struct memory_search *search, pid_t pid, int dir, const char *fd)
{
	char name[4096];
	struct stat st;
	ssize_t len;

	if (!stat_in_memory(search, dir, fd, 0, &st) || !S_ISREG(st.st_mode) ||
	    resident_of(&st) < LEAST_BYTES || !is_new(search, &st))
		return;
	len = readlinkat(dir, fd, name, sizeof(name) - 1);
	if (len > 0)
		add_file(search, xstrndup(name, (size_t)len), pid, &st);
}

static void search_process(struct memory_search *search, pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/fd", (int)pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *entry;

	for (int i = 0; dir && i < DESCRIPTORS_MOST && (entry = readdir(dir)); i++)
		if (*entry->d_name != '.')
			search_descriptor(search, pid, dirfd(dir), entry->d_name);
}

/* Closes the descriptor in any case. */
static void walk_folder(struct memory_search *search, int fd, const char *path, int depth)
{
	_cleanup_closedir_ DIR *dir = fdopendir(fd);
	struct dirent *entry;
	struct stat top, st;

	if (!dir) {
		close(fd);
		return;
	}
	if (fstat(fd, &top))
		return;
	while (search->entries < ENTRIES_MOST && (entry = readdir(dir))) {
		_cleanup_free_ char *name = NULL;
		int below;

		search->entries++;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    !stat_in_memory(search, fd, entry->d_name, AT_SYMLINK_NOFOLLOW, &st) ||
		    st.st_dev != top.st_dev)
			continue;
		name = text_format("%s/%s", strcmp(path, "/") ? path : "", entry->d_name);
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MOST) {
			below = openat(fd, entry->d_name,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (below >= 0)
				walk_folder(search, below, name, depth + 1);
		} else if (S_ISREG(st.st_mode) && resident_of(&st) >= LEAST_BYTES &&
			   st.st_mtim.tv_sec >= search->since && is_new(search, &st)) {
			add_file(search, STEAL(name), 0, &st);
		}
	}
}

/* Calls `take` for the lines of the first `most` tmpfs that the process sees. */
static void each_tmpfs(struct memory_search *search, pid_t pid, int most,
		       void (*take)(struct memory_search *search, pid_t pid, const char *line))
{
	_cleanup_free_ char *path = text_format("/proc/%d/mountinfo", (int)pid);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *save = NULL, *line;

	if (io_read_at(AT_FDCWD, path, 1 << 20, &text))
		return;
	line = strtok_r(text.buf, "\n", &save);
	for (int i = 0; line && i < most; line = strtok_r(NULL, "\n", &save))
		if (strstr(line, " - tmpfs ")) {
			take(search, pid, line);
			i++;
		}
}

/* "36 35 0:33 / /dev/shm rw,nosuid shared:4 - tmpfs tmpfs rw" */
static void add_mount_device(struct memory_search *search, pid_t pid, const char *line)
{
	unsigned int major, minor;

	(void)pid;
	if (sscanf(line, "%*s %*s %u:%u ", &major, &minor) == 2)
		add_device(search, makedev(major, minor));
}

/* Mount points with blanks ("\\040") are left out. */
static void search_mount(struct memory_search *search, pid_t pid, const char *line)
{
	_cleanup_free_ char *path = NULL;
	char point[1024];
	int fd;

	if (sscanf(line, "%*s %*s %*s %*s %1023s", point) != 1 || strchr(point, '\\'))
		return;
	path = text_format("/proc/%d/root%s", (int)pid, point);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		walk_folder(search, fd, point, 0);
}

static void search_processes(struct memory_search *search, const struct cg *cg)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *save = NULL, *line;

	if (io_read_at(cg->levels[0].dirfd, "cgroup.procs", 1 << 20, &text))
		return;
	line = strtok_r(text.buf, "\n", &save);
	for (int i = 0; line && i < PROCESSES_MOST; i++, line = strtok_r(NULL, "\n", &save))
		if (atoi(line) > 0) {
			each_tmpfs(search, (pid_t)atoi(line), DEVICES_MOST, add_mount_device);
			search_process(search, (pid_t)atoi(line));
		}
}

static int largest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (y->resident > x->resident) - (y->resident < x->resident);
}

static void write_found(const struct memory_search *search, struct record_writer *w)
{
	int64_t now = io_now_ns();

	for (size_t i = 0; i < search->count; i++) {
		const struct found *f = &search->files[i];
		_cleanup_free_ char *path = text_format("/proc/%d/comm", (int)f->pid);
		char comm[64];
		bool has_comm = f->pid && !io_read_line_at(AT_FDCWD, path, comm, sizeof(comm));

		record_put_memory_file(w, &(struct record_memory_file){
						  .t_ns = now,
						  .name = f->name,
						  .pid = f->pid ? f->pid : ABSENT,
						  .comm = has_comm ? comm : NULL,
						  .size = f->size,
						  .resident = f->resident,
					  });
		free(f->name);
	}
}

static void search_all(struct memory_search *search, const struct memory_files_moment *now)
{
	int64_t sum = 0;

	add_kernels_device(search);
	search_processes(search, now->cg);
	for (size_t i = 0; i < search->count; i++)
		sum += search->files[i].resident;
	if (is_known(now->shmem) && now->shmem > 2 * sum + LEAST_BYTES)
		each_tmpfs(search, now->pid, MOUNTS_MOST, search_mount);
	qsort(search->files, search->count, sizeof(*search->files), largest_first);
}

void memory_files_find(struct memory_files *files, const struct memory_files_moment *now,
		       struct record_writer *w)
{
	struct memory_search search = {0};

	if (!is_known(now->current) || !is_due(files, now))
		return;
	if (now->ring_fd >= 0)
		fstat(now->ring_fd, &search.ring);
	search.since = time(NULL) - (time_t)((io_now_ns() - now->started_ns) / 1000000000) - 1;
	search_all(&search, now);
	write_found(&search, w);
	files->charge = now->current;
	files->t_ns = io_now_ns();
}
