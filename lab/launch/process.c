#include "launch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Fields 22..24 of /proc/PID/stat; the name before them may hold anything, ')' included. */
static int read_stat(pid_t pid, uint64_t fields[3])
{
	char path[64], text[1024], *p;
	ssize_t n;
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -EINVAL;
	text[n] = '\0';
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p ||
	    sscanf(p, " %" SCNu64 " %" SCNu64 " %" SCNu64, &fields[0], &fields[1], &fields[2]) != 3)
		return -EINVAL;
	return 0;
}

uint64_t process_start_time(pid_t pid)
{
	uint64_t fields[3] = {0};

	return read_stat(pid, fields) ? 0 : fields[0];
}

int process_sizes(pid_t pid, int64_t *vsz_bytes, int64_t *rss_bytes)
{
	uint64_t fields[3] = {0};
	int r = read_stat(pid, fields);

	if (r)
		return r;
	*vsz_bytes = (int64_t)fields[1];
	*rss_bytes = (int64_t)fields[2] * sysconf(_SC_PAGESIZE);
	return 0;
}

void process_reap_all(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}
