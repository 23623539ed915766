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
	ENTRIES_MOST = 2000, /* of folders, of one look */
	DEPTH_MOST = 4,
	MOUNTS_MOST = 16,
	DEVICES_MOST = 256, /* an engine's host has one a container */
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

struct memory_look {
	struct found files[FILES_MOST];
	size_t count, entries;
	struct stat ring;	     /* the trace, the lab's own; st_ino 0: there is none */
	time_t since;		     /* the run's start */
	dev_t devices[DEVICES_MOST]; /* those whose files are in memory */
	size_t device_count;
};

static bool is_in_memory(const struct memory_look *look, dev_t device)
{
	for (size_t i = 0; i < look->device_count; i++)
		if (look->devices[i] == device)
			return true;
	return false;
}

static void add_device(struct memory_look *look, dev_t device)
{
	if (look->device_count < DEVICES_MOST && !is_in_memory(look, device))
		look->devices[look->device_count++] = device;
}

/* The kernel's own mount, of memfd_create(2), shmget(2) and shared mappings without a file. */
static void add_kernels_device(struct memory_look *look)
{
	_cleanup_close_ int fd = memfd_create("device", MFD_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st))
		add_device(look, st.st_dev);
}

/*
 * A file system that the target itself serves (fuse(4)) may never answer: whose device a file is on
 * the kernel knows without asking it, and nothing else is asked.
 */
static bool stat_in_memory(const struct memory_look *look, int dir, const char *name, int flags,
			   struct stat *st)
{
	struct statx known;

	return !statx(dir, name, flags | AT_STATX_DONT_SYNC, 0, &known) &&
	       is_in_memory(look, makedev(known.stx_dev_major, known.stx_dev_minor)) &&
	       !fstatat(dir, name, st, flags);
}

static bool is_due(const struct memory_files *files, const struct memory_files_moment *now)
{
	if (now->limit == INT64_MAX || now->current < now->limit / 4)
		return false;
	return now->current >= files->charge + now->limit / 16 ||
	       (now->current >= now->limit / 2 && io_now_ns() - files->t_ns >= AGAIN_NS);
}

static bool is_news(const struct memory_look *look, const struct stat *st)
{
	if (look->ring.st_ino && look->ring.st_ino == st->st_ino && look->ring.st_dev == st->st_dev)
		return false;
	for (size_t i = 0; i < look->count; i++)
		if (look->files[i].ino == st->st_ino && look->files[i].dev == st->st_dev)
			return false;
	return look->count < FILES_MOST;
}

static int64_t resident_of(const struct stat *st)
{
	return (int64_t)st->st_blocks * 512;
}

/* Steals the name. */
static void add(struct memory_look *look, char *name, pid_t pid, const struct stat *st)
{
	look->files[look->count++] = (struct found){
		.name = name,
		.pid = pid,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.resident = resident_of(st),
	};
}

static void look_at_descriptor(struct memory_look *look, pid_t pid, int dir, const char *fd)
{
	char name[4096];
	struct stat st;
	ssize_t len;

	if (!stat_in_memory(look, dir, fd, 0, &st) || !S_ISREG(st.st_mode) ||
	    resident_of(&st) < LEAST_BYTES || !is_news(look, &st))
		return;
	len = readlinkat(dir, fd, name, sizeof(name) - 1);
	if (len > 0)
		add(look, xstrndup(name, (size_t)len), pid, &st);
}

static void look_at_process(struct memory_look *look, pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/fd", (int)pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *entry;

	for (int i = 0; dir && i < DESCRIPTORS_MOST && (entry = readdir(dir)); i++)
		if (*entry->d_name != '.')
			look_at_descriptor(look, pid, dirfd(dir), entry->d_name);
}

/* Steals the descriptor. */
static void walk(struct memory_look *look, int fd, const char *path, int depth)
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
	while (look->entries < ENTRIES_MOST && (entry = readdir(dir))) {
		_cleanup_free_ char *name = NULL;
		int below;

		look->entries++;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    !stat_in_memory(look, fd, entry->d_name, AT_SYMLINK_NOFOLLOW, &st) ||
		    st.st_dev != top.st_dev)
			continue;
		name = text_format("%s/%s", strcmp(path, "/") ? path : "", entry->d_name);
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MOST) {
			below = openat(fd, entry->d_name,
				       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (below >= 0)
				walk(look, below, name, depth + 1);
		} else if (S_ISREG(st.st_mode) && resident_of(&st) >= LEAST_BYTES &&
			   st.st_mtim.tv_sec >= look->since && is_news(look, &st)) {
			add(look, STEAL(name), 0, &st);
		}
	}
}

/* Calls `with` for the lines of the first `most` tmpfs that the process sees. */
static void each_tmpfs(struct memory_look *look, pid_t pid, int most,
		       void (*with)(struct memory_look *look, pid_t pid, const char *line))
{
	_cleanup_free_ char *path = text_format("/proc/%d/mountinfo", (int)pid);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *save = NULL, *line;

	if (io_read_at(AT_FDCWD, path, 1 << 20, &text))
		return;
	line = strtok_r(text.buf, "\n", &save);
	for (int i = 0; line && i < most; line = strtok_r(NULL, "\n", &save))
		if (strstr(line, " - tmpfs ")) {
			with(look, pid, line);
			i++;
		}
}

/* "36 35 0:33 / /dev/shm rw,nosuid shared:4 - tmpfs tmpfs rw" */
static void know_mount(struct memory_look *look, pid_t pid, const char *line)
{
	unsigned int major, minor;

	(void)pid;
	if (sscanf(line, "%*s %*s %u:%u ", &major, &minor) == 2)
		add_device(look, makedev(major, minor));
}

/* Names with blanks are left out. */
static void look_at_mount(struct memory_look *look, pid_t pid, const char *line)
{
	_cleanup_free_ char *path = NULL;
	char point[1024];
	int fd;

	if (sscanf(line, "%*s %*s %*s %*s %1023s", point) != 1 || strchr(point, '\\'))
		return;
	path = text_format("/proc/%d/root%s", (int)pid, point);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		walk(look, fd, point, 0);
}

static void look_at_processes(struct memory_look *look, const struct cg *cg)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *save = NULL, *line;

	if (io_read_at(cg->levels[0].dirfd, "cgroup.procs", 1 << 20, &text))
		return;
	line = strtok_r(text.buf, "\n", &save);
	for (int i = 0; line && i < PROCESSES_MOST; i++, line = strtok_r(NULL, "\n", &save))
		if (atoi(line) > 0) {
			each_tmpfs(look, (pid_t)atoi(line), DEVICES_MOST, know_mount);
			look_at_process(look, (pid_t)atoi(line));
		}
}

static int largest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (y->resident > x->resident) - (y->resident < x->resident);
}

static void write_found(const struct memory_look *look, struct record_writer *w)
{
	int64_t now = io_now_ns();

	for (size_t i = 0; i < look->count; i++) {
		const struct found *f = &look->files[i];
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

static void look_around(struct memory_look *look, const struct memory_files_moment *now)
{
	int64_t sum = 0;

	add_kernels_device(look);
	look_at_processes(look, now->cg);
	for (size_t i = 0; i < look->count; i++)
		sum += look->files[i].resident;
	if (is_known(now->shmem) && now->shmem > 2 * sum + LEAST_BYTES)
		each_tmpfs(look, now->pid, MOUNTS_MOST, look_at_mount);
	qsort(look->files, look->count, sizeof(*look->files), largest_first);
}

void memory_files_look(struct memory_files *files, const struct memory_files_moment *now,
		       struct record_writer *w)
{
	struct memory_look look = {0};

	if (!is_known(now->current) || !is_due(files, now))
		return;
	if (now->ring_fd >= 0)
		fstat(now->ring_fd, &look.ring);
	look.since = time(NULL) - (time_t)((io_now_ns() - now->started_ns) / 1000000000) - 1;
	look_around(&look, now);
	write_found(&look, w);
	files->charge = now->current;
	files->t_ns = io_now_ns();
}
