#include "launch/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "scenarios/scenario.h"
#include "src/trace_format.h"

enum { FD_EXEC, FD_SCENARIO, FD_RING, FD_COUNT };

static int set_address(struct sockaddr_un *address, const char *dir)
{
	int n = snprintf(address->sun_path, sizeof(address->sun_path), "%s/" GATE_SOCKET, dir);

	address->sun_family = AF_UNIX;
	return (size_t)n < sizeof(address->sun_path) ? 0 : -1;
}

int gate_listen(const char *dir, struct err *err)
{
	struct sockaddr_un address = {0};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || set_address(&address, dir) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(address.sun_path, 0666) < 0 || listen(fd, 1) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make the gate in '%s'", dir);
	return STEAL_FD(fd);
}

static int send_fds(int socket, const int *fds)
{
	char byte = 'f';
	struct iovec data = {&byte, 1};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * FD_COUNT)];
	} control = {0};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control.room)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int) * FD_COUNT);
	memcpy(CMSG_DATA(head), fds, sizeof(int) * FD_COUNT);
	return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* The lab's ends stay in `target`, the container's are sent and closed. */
static int hand_over(int ring_fd, struct target *target)
{
	int pipe_fds[2], pair[2], fds[FD_COUNT], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -1;
	target->exec_fd = pipe_fds[0];
	fds[FD_EXEC] = pipe_fds[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		close(fds[FD_EXEC]);
		return -1;
	}
	target->scenario_fd = pair[0];
	fds[FD_SCENARIO] = pair[1];
	fds[FD_RING] = ring_fd;
	r = send_fds(target->gate_fd, fds);
	close(fds[FD_EXEC]);
	close(fds[FD_SCENARIO]);
	return r;
}

int gate_accept(int listener, int ring_fd, struct target *target, struct err *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	target->is_foreign = true;
	target->gate_fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (target->gate_fd < 0 ||
	    getsockopt(target->gate_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "the container does not come to the gate");
	if (peer.pid <= 0)
		return err_set(err, EXIT_LAB_BROKEN,
			       "the engine runs its containers where this lab cannot see them");
	target->pid = peer.pid;
	target->pidfd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
	if (target->pidfd < 0 || hand_over(ring_fd, target) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot hold the container at the gate");
	return 0;
}

static int take_fds(int socket, int *fds)
{
	char byte;
	struct iovec data = {&byte, 1};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int) * FD_COUNT)];
	} control = {0};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control.room)};
	struct cmsghdr *head;

	if (recvmsg(socket, &message, 0) != 1)
		return -1;
	head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_len != CMSG_LEN(sizeof(int) * FD_COUNT))
		return -1;
	memcpy(fds, CMSG_DATA(head), sizeof(int) * FD_COUNT);
	return 0;
}

static void name_fd(const char *env, int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	setenv(env, number, 1);
}

static int fail(const char *what)
{
	fprintf(stderr, "oomlab: gate: %s: %s\n", what, strerror(errno));
	return EXIT_LAB_BROKEN;
}

int gate_main(int argc, char **argv)
{
	struct sockaddr_un address = {0};
	int fds[FD_COUNT], cause, gate = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char byte;

	if (argc < 3)
		return EXIT_USAGE;
	set_address(&address, GATE_DIR);
	if (gate < 0 || connect(gate, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail("no launcher outside");
	if (take_fds(gate, fds) < 0 || fcntl(fds[FD_EXEC], F_SETFD, FD_CLOEXEC) < 0)
		return fail("no descriptors came");
	name_fd(SCENARIO_GATE_ENV, fds[FD_SCENARIO]);
	name_fd(TRACE_FD_ENV, fds[FD_RING]);
	if (read(gate, &byte, 1) != 1)
		return fail("the launcher is gone");
	execvp(argv[1], argv + 2);
	cause = errno;
	if (write(fds[FD_EXEC], &cause, sizeof(cause)) < 0)
		return fail("exec");
	return cause == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXEC;
}
