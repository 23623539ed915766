#include "launch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Reads /proc/PID/stat; *rest is behind the name, which may hold anything, ')' included. */
static int read_stat_text(pid_t pid, char *text, size_t size, char **rest)
{
	char path[64];
	ssize_t n;
	_cleanup_close_ int fd = -1;

	*rest = NULL;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n <= 0)
		return n < 0 ? -errno : -EINVAL;
	text[n] = '\0';
	*rest = strrchr(text, ')');
	return *rest ? 0 : -EINVAL;
}

/* The field of that number (3 or more) with the blank before it; NULL when there is none. */
static const char *field_at(const char *rest, int number)
{
	for (int field = 2; rest && field < number; field++)
		rest = strchr(rest + 1, ' ');
	return rest;
}

/* Reads fields 22 to 24. */
static int read_stat(pid_t pid, uint64_t fields[3])
{
	char text[1024], *rest;
	int r = read_stat_text(pid, text, sizeof(text), &rest);
	const char *p;

	if (r)
		return r;
	p = field_at(rest, 22);
	if (!p ||
	    sscanf(p, " %" SCNu64 " %" SCNu64 " %" SCNu64, &fields[0], &fields[1], &fields[2]) != 3)
		return -EINVAL;
	return 0;
}

/* The last field is the status, 0 where this user may not know. */
int process_zombie_status(pid_t pid, int *status)
{
	char text[1024], *p;
	int r = read_stat_text(pid, text, sizeof(text), &p);

	if (!p)
		return r == -ENOENT ? -ESRCH : r;
	if (strncmp(p, ") Z ", 4) != 0)
		return -EINVAL;
	p = strrchr(p, ' ');
	*status = (int)strtol(p, NULL, 10);
	return *status ? 0 : -EACCES;
}

/* "NSpid:" has a pid per namespace, from the outermost to the innermost. */
pid_t process_pid_inside(const char *proc, pid_t pid)
{
	char text[16 << 10], *line;
	_cleanup_close_ int fd = -1;
	ssize_t n;
	size_t len;

	snprintf(text, sizeof(text), "%s/%d/status", proc, (int)pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	line = strstr(text, "\nNSpid:");
	if (!line)
		return pid;
	len = 1 + strcspn(line + 1, "\n");
	while (len && line[len - 1] >= '0' && line[len - 1] <= '9')
		len--;
	return line[len] >= '0' && line[len] <= '9' ? (pid_t)atoi(line + len) : pid;
}

char process_state(pid_t pid)
{
	char text[1024], *rest;

	read_stat_text(pid, text, sizeof(text), &rest);
	return rest && strlen(rest) > 2 ? rest[2] : '\0';
}

uint64_t process_start_time(pid_t pid)
{
	uint64_t fields[3] = {0};

	return read_stat(pid, fields) ? 0 : fields[0];
}

int process_sizes(pid_t pid, int64_t *vsz_bytes, int64_t *rss_bytes)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t fields[3] = {0};
	int r = read_stat(pid, fields);

	if (r)
		return r;
	if (fields[1] > INT64_MAX || fields[2] > INT64_MAX / page)
		return -EINVAL;
	*vsz_bytes = (int64_t)fields[1];
	*rss_bytes = (int64_t)(fields[2] * page);
	return 0;
}
