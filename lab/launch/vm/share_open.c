#include "launch/vm/share_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LOAD(at)      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define ANSWER(value) BPF_STMT(BPF_RET | BPF_K, (value))
#define IF(op, k, n)  BPF_JUMP(BPF_JMP | (op) | BPF_K, (k), 0, (n)) /* if not, skips n */
#define NUMBER	      offsetof(struct seccomp_data, nr)
#define LOW_HALF      (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0)
#define OPENAT_FLAGS  (offsetof(struct seccomp_data, args[2]) + LOW_HALF)

static int set_filter(void)
{
	struct sock_filter code[] = {
		LOAD(NUMBER),
		IF(BPF_JEQ, SYS_setgroups, 1),
		ANSWER(SECCOMP_RET_ERRNO | 0),
		IF(BPF_JEQ, SYS_openat, 3),
		LOAD(OPENAT_FLAGS),
		IF(BPF_JSET, O_NOATIME, 1),
		ANSWER(SECCOMP_RET_USER_NOTIF),
		ANSWER(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

/* virtiofsd opens files as "NUMBER" in its own /proc/self/fd. -1 with errno for any other path. */
static int open_for(const struct seccomp_notif *call)
{
	char path[64], name[16];
	int memory, fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/mem", call->pid);
	memory = open(path, O_RDONLY | O_CLOEXEC);
	n = memory < 0 ? -1 : pread(memory, name, sizeof(name), (off_t)call->data.args[1]);
	if (memory >= 0)
		close(memory);
	if (n <= 0 || !memchr(name, '\0', (size_t)n) || !*name ||
	    name[strspn(name, "0123456789")]) {
		errno = EPERM;
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/%u/fd/%s", call->pid, name);
	fd = open(path, ((int)call->data.args[2] & ~(O_NOATIME | O_CREAT)) | O_CLOEXEC);
	return fd;
}

static void answer(int listener, const struct seccomp_notif *call)
{
	int fd = open_for(call);
	struct seccomp_notif_resp failed = {.id = call->id, .error = -errno};
	struct seccomp_notif_addfd opened = {.id = call->id,
					     .flags = SECCOMP_ADDFD_FLAG_SEND,
					     .srcfd = (unsigned int)fd,
					     .newfd_flags = O_CLOEXEC};

	if (fd < 0)
		ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &failed);
	else
		ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &opened);
	if (fd >= 0)
		close(fd);
}

static void serve(int listener) __attribute__((noreturn));
static void serve(int listener)
{
	for (;;) {
		struct seccomp_notif call = {0};

		/* ENOENT: the thread that made the call was killed while it waited. */
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
			answer(listener, &call);
		else if (errno != EINTR && errno != ENOENT)
			_exit(1);
	}
}

/*
 * Without the opener each openat() would fail with ENOSYS, and the guest's programs would fail of
 * that. So the opener alone has the other end of a pipe, and when it dies the kernel sends SIGKILL
 * to virtiofsd (F_SETSIG, fcntl(2)). It has the pipe as descriptor 0, which the kernel closes
 * first.
 */
static int die_without(int pipe)
{
	if (fcntl(pipe, F_SETSIG, SIGKILL) < 0 || fcntl(pipe, F_SETOWN, getpid()) < 0)
		return -1;
	return fcntl(pipe, F_SETFL, O_ASYNC);
}

/* Closes all else: the opener never execs, and would keep the channel of spawn_start() open. */
static int keep_alone(int fd)
{
	dup2(fd, STDOUT_FILENO);
	close_range(STDOUT_FILENO + 1, ~0U, 0);
	return STDOUT_FILENO;
}

static void run_opener(int listener, int lifeline, pid_t virtiofsd) __attribute__((noreturn));
static void run_opener(int listener, int lifeline, pid_t virtiofsd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == virtiofsd && dup2(lifeline, STDIN_FILENO) >= 0)
		serve(keep_alone(listener));
	_exit(1);
}

void share_open_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

int share_open_serve(void)
{
	int listener = set_filter(), ends[2];
	pid_t virtiofsd = getpid(), pid;

	/* The pipe has no O_CLOEXEC, so virtiofsd keeps its end beyond exec. */
	if (listener < 0 || pipe(ends) < 0 || die_without(ends[0]) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		run_opener(listener, ends[1], virtiofsd);
	}
	close(ends[1]);
	close(listener);
	return pid < 0 ? -1 : 0;
}
