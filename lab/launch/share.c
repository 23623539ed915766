#include "launch/share.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"

#define VIRTIOFSD "/usr/lib/qemu/virtiofsd"
#define PACKAGE	  "qemu-system-common"

/* Between fork() and exec: everything this process can reach becomes read-only. */
static int enter_read_only(void)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	return (int)syscall(SYS_mount_setattr, -1, "/", AT_RECURSIVE, &read_only,
			    sizeof(read_only));
}

static void exec_virtiofsd(int listener, pid_t parent) __attribute__((noreturn));
static void exec_virtiofsd(int listener, pid_t parent)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char option[32];
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || enter_read_only() < 0)
		_exit(EXIT_LAB_BROKEN);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fcntl(listener, F_SETFD, 0);
	snprintf(option, sizeof(option), "--fd=%d", listener);
	if (dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(null, 2) >= 0)
		execl(VIRTIOFSD, VIRTIOFSD, option, "-o", "source=/,sandbox=chroot,cache=always",
		      (char *)NULL);
	_exit(EXIT_NOT_EXEC);
}

/* A socket that listens under a name no file system has, and our connection, the first it gets. */
static int open_sockets(struct share *share, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(address);
	_cleanup_close_ int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	share->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
	    connect(share->fd, (struct sockaddr *)&address, len) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make a socket for virtiofsd");
	return STEAL_FD(listener);
}

static int check(struct err *err)
{
	if (!io_is_executable(VIRTIOFSD)) {
		err_set(err, EXIT_LAB_BROKEN,
			"sharing the host's files needs %s, which is not there", VIRTIOFSD);
		return err_hint(err, "install it: apt-get install %s", PACKAGE);
	}
	if (geteuid() == 0)
		return 0;
	err_set(err, EXIT_LAB_BROKEN, "sharing the host's files with the VM needs root");
	return err_hint(err, "or name the files the program opens with --file");
}

int share_start(struct share *share, struct err *err)
{
	_cleanup_close_ int listener = -1;
	pid_t self = getpid();

	if (check(err) < 0)
		return -1;
	listener = open_sockets(share, err);
	if (listener < 0) {
		share_stop(share);
		return -1;
	}
	share->pid = fork();
	if (share->pid == 0)
		exec_virtiofsd(listener, self);
	if (share->pid > 0)
		return 0;
	err_errno(err, EXIT_LAB_BROKEN, "cannot fork for virtiofsd");
	share_stop(share);
	return -1;
}

void share_stop(struct share *share)
{
	if (share->pid > 0) {
		kill(share->pid, SIGKILL);
		while (waitpid(share->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	cleanup_closep(&share->fd);
	*share = (struct share)SHARE_INIT;
}
