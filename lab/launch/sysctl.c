#include "launch/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

#define OVERCOMMIT_MEMORY "/proc/sys/vm/overcommit_memory"
#define OVERCOMMIT_RATIO  "/proc/sys/vm/overcommit_ratio"
#define THP_ENABLED	  "/sys/kernel/mm/transparent_hugepage/enabled"

static const char *const known_paths[] = {OVERCOMMIT_MEMORY, OVERCOMMIT_RATIO, THP_ENABLED};

static struct sysctl_change *add(struct sysctl_set *set, const char *path)
{
	struct sysctl_change *change = &set->changes[set->count++];

	change->path = path;
	return change;
}

void sysctl_plan(const struct spec *spec, struct sysctl_set *set)
{
	memset(set, 0, sizeof(*set));
	/* The ratio first: mode 2 with the old ratio could refuse the launcher itself. */
	if (spec->overcommit_ratio != SPEC_KEEP)
		snprintf(add(set, OVERCOMMIT_RATIO)->value, 32, "%" PRId64, spec->overcommit_ratio);
	if (spec->overcommit_memory != SPEC_KEEP)
		snprintf(add(set, OVERCOMMIT_MEMORY)->value, 32, "%" PRId64,
			 spec->overcommit_memory);
	if (spec->thp)
		snprintf(add(set, THP_ENABLED)->value, 32, "%s", spec->thp);
}

int sysctl_read(const char *path, char *value, size_t size)
{
	char line[256], *open, *close;
	int r = io_read_line_at(AT_FDCWD, path, line, sizeof(line));

	if (r)
		return r;
	open = strchr(line, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close)
		*close = '\0';
	snprintf(value, size, "%s", close ? open + 1 : line);
	return 0;
}

static int apply_one(struct sysctl_change *change, struct err *err)
{
	char found[32];
	int r = io_write_at(AT_FDCWD, change->path, change->value);

	if (!r)
		r = sysctl_read(change->path, found, sizeof(found));
	if (r)
		return err_set(err, EXIT_LAB_BROKEN, "cannot set %s to %s: %s", change->path,
			       change->value, strerror(-r));
	if (strcmp(found, change->value))
		return err_set(err, EXIT_LAB_BROKEN, "%s is '%s' after setting it to '%s'",
			       change->path, found, change->value);
	return 0;
}

static int save(struct sysctl_set *set, const char *state_dir, struct err *err)
{
	_cleanup_fclose_ FILE *f = NULL;

	io_make_dirs(state_dir);
	set->state_path = text_format("%s/sysctl-%d-%" PRIu64, state_dir, (int)getpid(),
				      process_start_time(getpid()));
	f = fopen(set->state_path, "wxe");
	if (!f) {
		err_errno(err, EXIT_LAB_BROKEN, "cannot write '%s'", set->state_path);
		free(STEAL(set->state_path)); /* what is there is not of this run */
		return -1;
	}
	for (size_t i = set->count; i--;) /* as they are to be put back */
		fprintf(f, "%s %s\n", set->changes[i].path, set->changes[i].old);
	if (fflush(f) || fsync(fileno(f)) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot write '%s'", set->state_path);
	return 0;
}

int sysctl_apply(struct sysctl_set *set, const char *state_dir, struct err *err)
{
	for (size_t i = 0; i < set->count; i++) {
		struct sysctl_change *change = &set->changes[i];
		int r = sysctl_read(change->path, change->old, sizeof(change->old));

		if (r)
			return err_set(err, EXIT_LAB_BROKEN, "cannot read %s: %s", change->path,
				       strerror(-r));
	}
	if (state_dir && set->count && save(set, state_dir, err) < 0) {
		free(STEAL(set->state_path));
		return -1;
	}
	for (set->applied = 0; set->applied < set->count; set->applied++)
		if (apply_one(&set->changes[set->applied], err) < 0) {
			sysctl_restore(set);
			return -1;
		}
	return 0;
}

void sysctl_restore(struct sysctl_set *set)
{
	bool ok = true;

	while (set->applied) {
		struct sysctl_change *change = &set->changes[--set->applied];

		ok = !io_write_at(AT_FDCWD, change->path, change->old) && ok;
	}
	if (set->state_path && ok)
		unlink(set->state_path);
	free(STEAL(set->state_path));
}

/* Only the settings this lab ever changes: a state file is no licence to write anywhere. */
static bool restore_line(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_paths); i++) {
		size_t n = strlen(known_paths[i]);

		if (!strncmp(line, known_paths[i], n) && line[n] == ' ')
			return !io_write_at(AT_FDCWD, known_paths[i], line + n + 1);
	}
	return false;
}

static bool restore_file(int dirfd, const char *name)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	_cleanup_close_ int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool ok = true;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || io_read_fd(fd, 4096, &sb))
		return false;
	for (char *line = strtok(sb.buf, "\n"); line; line = strtok(NULL, "\n"))
		ok = restore_line(line) && ok;
	return ok && !unlinkat(dirfd, name, 0);
}

int sysctl_restore_leftovers(const char *state_dir, bool dry, int *stuck)
{
	_cleanup_closedir_ DIR *dir = opendir(state_dir);
	struct dirent *entry;
	int found = 0;

	*stuck = 0;
	while (dir && (entry = readdir(dir))) {
		int pid, used = 0;
		uint64_t start;

		if (sscanf(entry->d_name, "sysctl-%d-%" SCNu64 "%n", &pid, &start, &used) != 2 ||
		    entry->d_name[used] || process_start_time(pid) == start)
			continue;
		found++;
		if (!dry && !restore_file(dirfd(dir), entry->d_name))
			++*stuck;
	}
	return found;
}

char *sysctl_state_dir(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		return xstrdup("/run/oomlab");
	if (runtime && runtime[0] == '/')
		return text_format("%s/oomlab", runtime);
	return text_format("/tmp/oomlab-%d", (int)geteuid());
}
