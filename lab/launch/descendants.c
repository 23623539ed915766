#include "launch/descendants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "launch/guardian.h"
#include "launch/process.h"

struct process {
	pid_t pid, parent;
	bool is_ours; /* a descendant */
};

struct family {
	struct process *list;
	size_t count;
};

/* "PID (name) STATE PPID ...": the name may hold anything, ')' included (proc(5)). */
static bool read_process(int proc_fd, const char *name, struct process *process)
{
	char path[300], text[512], *end;
	char state;
	int parent;
	_cleanup_close_ int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/stat", name);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	end = strrchr(text, ')');
	if (!end || sscanf(end + 1, " %c %d", &state, &parent) != 2 || state == 'Z')
		return false;
	*process = (struct process){.pid = atoi(name), .parent = parent};
	return true;
}

static struct family read_all(void)
{
	_cleanup_closedir_ DIR *dir = opendir("/proc");
	struct family family = {0};
	struct dirent *entry;
	struct process process;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    read_process(dirfd(dir), entry->d_name, &process)) {
			family.list = xrealloc(family.list, family.count + 1, sizeof(*family.list));
			family.list[family.count++] = process;
		}
	return family;
}

static bool is_ours(const struct family *family, pid_t pid)
{
	if (pid == getpid())
		return true;
	for (size_t i = 0; i < family->count; i++)
		if (family->list[i].pid == pid)
			return family->list[i].is_ours;
	return false;
}

/* Marks and signals (0: only marks) children of marked processes until a pass finds no more. */
static int signal_all(int signal)
{
	struct family family = read_all();
	bool is_news = true;
	int found = 0;

	while (is_news) {
		is_news = false;
		for (size_t i = 0; i < family.count; i++) {
			struct process *p = &family.list[i];

			if (p->is_ours || !is_ours(&family, p->parent) || aside_is_one(p->pid) ||
			    guardian_is(p->pid))
				continue;
			p->is_ours = is_news = true;
			found++;
			if (signal)
				kill(p->pid, signal);
		}
	}
	free(family.list);
	return found;
}

int descendants_count(void)
{
	return signal_all(0);
}

int descendants_kill(void)
{
	int64_t deadline = io_now_ns() + INT64_C(5000000000);
	int wait_ms = 1;

	while (signal_all(SIGKILL)) {
		if (io_now_ns() > deadline)
			return -ETIMEDOUT;
		poll(NULL, 0, wait_ms);
		wait_ms = wait_ms < 100 ? wait_ms * 2 : 100;
	}
	return 0;
}
