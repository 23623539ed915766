#include "launch/cgroup_end.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

enum { CHUNK = 1024, LONGEST_WAIT_MS = 50 };

/* As getdents64(2) gives it. readdir(3) allocates, so it cannot be used here. */
struct entry {
	uint64_t inode;
	int64_t offset;
	unsigned short size;
	unsigned char type;
	char name[];
};

/* Lists the cgroups directly below one. */
struct children {
	int fd; /* -1: cannot be read */
	long len, at;
	char chunk[CHUNK] __attribute__((aligned(8)));
};

static void children_open(struct children *c, int dirfd)
{
	c->len = c->at = 0;
	c->fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void children_close(const struct children *c)
{
	if (c->fd >= 0)
		close(c->fd);
}

/* The next name, valid until the next call, or NULL. */
static const char *children_next(struct children *c)
{
	while (c->fd >= 0) {
		const struct entry *entry;

		if (c->at >= c->len) {
			c->at = 0;
			c->len = syscall(SYS_getdents64, c->fd, c->chunk, sizeof(c->chunk));
			if (c->len <= 0)
				return NULL;
		}
		entry = (const struct entry *)(c->chunk + c->at);
		c->at += entry->size;
		if (entry->type == DT_DIR && entry->name[0] != '.')
			return entry->name;
	}
	return NULL;
}

static int open_below(int dirfd, const char *name)
{
	return openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Sends the signal (0: none). A pid of 0 stands for a process of another pid namespace. */
static int signal_one(int pid, int signal)
{
	if (pid > 0 && signal)
		kill(pid, signal);
	return 1;
}

/* Signals each process in cgroup.procs; returns how many there were. */
static int signal_listed(int dirfd, int signal)
{
	_cleanup_close_ int fd = openat(dirfd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	int found = 0, pid = -1;
	char chunk[CHUNK];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, chunk, sizeof(chunk))) > 0)
		for (ssize_t i = 0; i < n; i++) {
			if (chunk[i] >= '0' && chunk[i] <= '9') {
				pid = (pid < 0 ? 0 : pid) * 10 + chunk[i] - '0';
				continue;
			}
			if (pid >= 0)
				found += signal_one(pid, signal);
			pid = -1;
		}
	return found + (pid >= 0 ? signal_one(pid, signal) : 0);
}

static int signal_tree(int dirfd, int signal, int depth)
{
	int found = signal_listed(dirfd, signal);
	struct children children;
	const char *name;

	if (depth == 0)
		return found;
	children_open(&children, dirfd);
	while ((name = children_next(&children))) {
		int fd = open_below(dirfd, name);

		if (fd < 0)
			continue;
		found += signal_tree(fd, signal, depth - 1);
		close(fd);
	}
	children_close(&children);
	return found;
}

int cgroup_end_count(int dirfd)
{
	return dirfd < 0 ? 0 : signal_tree(dirfd, 0, CGROUP_DEPTH_MAX);
}

/*
 * Of one below as well: a launcher in there that was killed while it ended its own may have left it
 * frozen.
 */
static void thaw_tree(int freezer, int depth)
{
	struct children children;
	const char *name;

	io_write_at(freezer, "freezer.state", "THAWED");
	if (depth == 0)
		return;
	children_open(&children, freezer);
	while ((name = children_next(&children))) {
		int fd = open_below(freezer, name);

		if (fd < 0)
			continue;
		thaw_tree(fd, depth - 1);
		close(fd);
	}
	children_close(&children);
}

/*
 * A frozen process takes a signal only after it is thawed on version 1, and at once on version 2.
 */
static void kill_frozen(int dirfd, int freezer)
{
	if (freezer >= 0)
		io_write_at(freezer, "freezer.state", "FROZEN");
	else
		io_write_at(dirfd, "cgroup.freeze", "1");
	signal_tree(dirfd, SIGKILL, CGROUP_DEPTH_MAX);
	if (freezer >= 0) {
		signal_tree(freezer, SIGKILL, CGROUP_DEPTH_MAX);
		thaw_tree(freezer, CGROUP_DEPTH_MAX);
	} else {
		io_write_at(dirfd, "cgroup.freeze", "0");
	}
}

/* Waits, longer each time. False: the deadline has passed. */
static bool wait_more(int64_t deadline_ns, int *wait_ms)
{
	if (io_now_ns() > deadline_ns)
		return false;
	poll(NULL, 0, *wait_ms);
	*wait_ms = *wait_ms < LONGEST_WAIT_MS ? *wait_ms * 2 : LONGEST_WAIT_MS;
	return true;
}

int cgroup_end_kill(int dirfd, int freezer, int64_t patience_ns)
{
	int64_t deadline_ns = io_now_ns() + patience_ns;
	int wait_ms = 1;

	while (cgroup_end_count(dirfd) || cgroup_end_count(freezer)) {
		if (io_write_at(dirfd, "cgroup.kill", "1"))
			kill_frozen(dirfd, freezer);
		if (!wait_more(deadline_ns, &wait_ms))
			return -ETIMEDOUT;
	}
	return 0;
}

static void remove_below(int dirfd, int depth)
{
	struct children children;
	const char *name;

	children_open(&children, dirfd);
	while ((name = children_next(&children))) {
		int fd = depth ? open_below(dirfd, name) : -1;

		if (fd >= 0) {
			remove_below(fd, depth - 1);
			close(fd);
		}
		unlinkat(dirfd, name, AT_REMOVEDIR);
	}
	children_close(&children);
}

int cgroup_end_remove(int parent, const char *name, int64_t patience_ns)
{
	int64_t deadline_ns = io_now_ns() + patience_ns;
	int wait_ms = 1;

	while (unlinkat(parent, name, AT_REMOVEDIR) < 0) {
		int cause = errno, fd;

		if (cause == ENOENT)
			return 0;
		fd = open_below(parent, name);
		if (fd >= 0) {
			remove_below(fd, CGROUP_DEPTH_MAX);
			close(fd);
		}
		if (!wait_more(deadline_ns, &wait_ms))
			return -cause;
	}
	return 0;
}
