#include "snapshot/memory_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "snapshot/memory_fs.h"

enum {
	PROCESSES_MOST = 64,
	DESCRIPTORS_MOST = 512,
	FILES_MOST = 16,
	ENTRIES_MOST = 2000, /* of folders, in one search */
	DEPTH_MOST = 4,
	MOUNTS_MOST = 16,
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
	struct stat ring; /* oomlab's trace ring; st_ino 0: there is none */
	time_t since;	  /* the run's start */
	struct memory_fs fs;
};

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
	_cleanup_close_ int file = memory_fs_open(&search->fs, dir, fd, 0, &st);
	ssize_t len;

	if (file < 0 || !S_ISREG(st.st_mode) || resident_of(&st) < LEAST_BYTES ||
	    !is_new(search, &st))
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
		_cleanup_close_ int file = -1;
		int below;

		search->entries++;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		file = memory_fs_open(&search->fs, fd, entry->d_name, O_NOFOLLOW, &st);
		if (file < 0 || st.st_dev != top.st_dev)
			continue;
		name = text_format("%s/%s", strcmp(path, "/") ? path : "", entry->d_name);
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MOST) {
			below = openat(file, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (below >= 0)
				walk_folder(search, below, name, depth + 1);
		} else if (S_ISREG(st.st_mode) && resident_of(&st) >= LEAST_BYTES &&
			   st.st_mtim.tv_sec >= search->since && is_new(search, &st)) {
			add_file(search, STEAL(name), 0, &st);
		}
	}
}

/* Mount points with blanks ("\\040") are left out. */
static void search_mount(struct memory_search *search, pid_t pid, const char *mounts,
			 const char *line)
{
	char point[1024];
	int fd;

	if (sscanf(line, "%*s %*s %*s %*s %1023s", point) != 1 || strchr(point, '\\'))
		return;
	fd = memory_fs_open_mount(pid, mounts, point);
	if (fd >= 0)
		walk_folder(search, fd, point, 0);
}

/* "36 35 0:33 / /dev/shm rw,nosuid shared:4 - tmpfs tmpfs rw" */
static void search_mounts(struct memory_search *search, pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/mountinfo", (int)pid);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t len;
	int searched = 0;

	if (io_read_at(AT_FDCWD, path, 1 << 20, &text))
		return;
	for (const char *at = text.buf; *at && searched < MOUNTS_MOST; at += len + (at[len] != 0)) {
		_cleanup_free_ char *line = NULL;

		len = strcspn(at, "\n");
		line = xstrndup(at, len);
		if (!strstr(line, " - tmpfs "))
			continue;
		search_mount(search, pid, text.buf, line);
		searched++;
	}
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
			memory_fs_add(&search->fs, "/proc", (pid_t)atoi(line));
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

	search_processes(search, now->cg);
	for (size_t i = 0; i < search->count; i++)
		sum += search->files[i].resident;
	if (is_known(now->shmem) && now->shmem > 2 * sum + LEAST_BYTES)
		search_mounts(search, now->pid);
	qsort(search->files, search->count, sizeof(*search->files), largest_first);
}

void memory_files_find(struct memory_files *files, const struct memory_files_moment *now,
		       struct record_writer *w)
{
	struct memory_search search = {.fs.is_tmpfs_alone = true};

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
