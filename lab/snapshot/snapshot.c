#include "snapshot/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/process.h"
#include "snapshot/smaps.h"

/* The largest arena that begins in a mapping, which has no name of its own; NULL: none. */
static const struct trace_log_arena *arena_in(const struct snapshot *snapshot, pid_t pid,
					      const struct smaps_row *row)
{
	const struct trace_log_arena *best = NULL;

	for (size_t i = 0; snapshot->log && i < snapshot->log->arena_count; i++) {
		const struct trace_log_arena *a = &snapshot->log->arenas[i];

		if ((pid_t)a->pid != pid || a->is_released || !a->base || a->base < row->start ||
		    a->base >= row->end)
			continue;
		if (!best || a->reserved > best->reserved)
			best = a;
	}
	return best;
}

/* inside_pid: the pid in the process's own pid namespace, which the trace log has. */
static void write_row(const struct snapshot *snapshot, pid_t pid, pid_t inside_pid,
		      const struct smaps_row *row)
{
	const struct trace_log_arena *arena =
		row->mappings && (!*row->name || !strcmp(row->name, "[heap]") ||
				  text_starts_with(row->name, "[anon:"))
			? arena_in(snapshot, inside_pid, row)
			: NULL;
	const bool is_one = row->mappings == 1 || row->end == row->start + (uint64_t)row->size;
	const struct premortem_mapping line = {
		.pid = pid,
		.name = *row->name ? row->name : NULL,
		.arena = arena ? arena->name : NULL,
		.arena_id = arena ? arena->id : ABSENT,
		.mappings = row->mappings,
		.start = is_one && row->start < (uint64_t)INT64_MAX ? (int64_t)row->start : ABSENT,
		.size = row->size,
		.rss = row->rss,
		.anon = row->anon,
		.huge = row->huge,
		.swap = row->swap,
	};

	premortem_put_mapping(snapshot->w, &line);
}

static void add_row(struct premortem_mapping *rest, const struct smaps_row *row)
{
	rest->mappings += row->mappings;
	rest->size += row->size;
	rest->rss += row->rss;
	rest->anon += row->anon;
	rest->huge += row->huge;
	rest->swap += row->swap;
}

static void write_rows(struct snapshot *snapshot, pid_t pid, const struct smaps *smaps)
{
	pid_t inside_pid = process_pid_inside(snapshot->proc, pid);
	struct premortem_mapping rest = {
		.pid = pid,
		.arena_id = ABSENT,
		.start = ABSENT,
		.is_rest = true,
	};

	for (size_t i = 0; i < smaps->count; i++)
		if (i < SNAPSHOT_MAPPINGS_MAX && (smaps->rows[i].rss || smaps->rows[i].swap))
			write_row(snapshot, pid, inside_pid, &smaps->rows[i]);
		else
			add_row(&rest, &smaps->rows[i]);
	if (smaps->rest.mappings)
		add_row(&rest, &smaps->rest);
	if (rest.mappings)
		premortem_put_mapping(snapshot->w, &rest);
}

void snapshot_mappings(struct snapshot *snapshot, pid_t pid)
{
	_cleanup_free_ char *path = text_format("%s/%d/smaps", snapshot->proc, pid);
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	_cleanup_free_ struct smaps *smaps = xcalloc(1, sizeof(*smaps));
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		if (smaps->mappings < SNAPSHOT_SMAPS_MAX && !snapshot_is_late(snapshot))
			smaps_line(smaps, line);
		else
			snapshot->left.mappings += *line < 'A' || *line > 'Z';
	}
	smaps_sort(smaps);
	write_rows(snapshot, pid, smaps);
	smaps_release(smaps);
}

/* A file that several processes have open is written once. */
static bool is_new_file(struct snapshot *snapshot, const struct stat *st)
{
	if ((uint64_t)st->st_dev == snapshot->ring_dev &&
	    (uint64_t)st->st_ino == snapshot->ring_ino)
		return false;
	for (size_t i = 0; i < snapshot->files; i++)
		if (snapshot->seen[i].dev == (uint64_t)st->st_dev &&
		    snapshot->seen[i].ino == (uint64_t)st->st_ino)
			return false;
	if (snapshot->files == SNAPSHOT_FILES_MAX) {
		snapshot->left.files++;
		return false;
	}
	snapshot->seen[snapshot->files].dev = (uint64_t)st->st_dev;
	snapshot->seen[snapshot->files++].ino = (uint64_t)st->st_ino;
	return true;
}

static void write_if_in_memory(struct snapshot *snapshot, pid_t pid, const char *path, int fd)
{
	struct stat st;
	_cleanup_close_ int file = memory_fs_open(&snapshot->fs, AT_FDCWD, path, 0, &st);
	char name[4096];
	ssize_t n;
	struct premortem_file line = {.pid = pid, .fd = fd, .name = name};

	if (file < 0 || !S_ISREG(st.st_mode) || !st.st_blocks || !is_new_file(snapshot, &st))
		return;
	n = readlink(path, name, sizeof(name) - 1);
	name[n < 0 ? 0 : n] = '\0';
	line.size = st.st_size;
	line.resident = (int64_t)st.st_blocks * 512;
	premortem_put_file(snapshot->w, &line);
}

void snapshot_files(struct snapshot *snapshot, pid_t pid)
{
	_cleanup_free_ char *path = text_format("%s/%d/fd", snapshot->proc, pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *d;
	int count = 0;

	memory_fs_add(&snapshot->fs, snapshot->proc, pid);
	while (dir && (d = readdir(dir))) {
		_cleanup_free_ char *file = text_format("%s/%s", path, d->d_name);

		if (*d->d_name == '.')
			continue;
		if (count++ < SNAPSHOT_FDS_MAX && !snapshot_is_late(snapshot))
			write_if_in_memory(snapshot, pid, file, atoi(d->d_name));
		else
			snapshot->left.files++;
	}
}

void snapshot_process(struct snapshot *snapshot, pid_t pid)
{
	if (snapshot->processes == SNAPSHOT_PROCESSES_MAX || snapshot_is_late(snapshot)) {
		snapshot->left.processes++;
		return;
	}
	snapshot->processes++;
	snapshot_threads(snapshot, pid);
	snapshot_mappings(snapshot, pid);
	snapshot_files(snapshot, pid);
}

void snapshot_write_left(const struct snapshot *snapshot)
{
	const struct {
		enum snapshot_part what;
		int64_t count;
	} left[] = {
		{PART_PROCESSES, snapshot->left.processes},
		{PART_THREADS, snapshot->left.threads},
		{PART_MAPPINGS, snapshot->left.mappings},
		{PART_FILES, snapshot->left.files},
	};

	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		if (left[i].count)
			premortem_put_left(snapshot->w, left[i].what, left[i].count);
}
