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

/* In one message: the descriptors, the exec pipe first, and the others' names, NUL-terminated. */
enum { FDS_MAX = 8, NAMES_MAX = 512 };

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int) * FDS_MAX)];
};

struct parcel {
	int fds[FDS_MAX];
	size_t count;
	char names[NAMES_MAX];
	size_t names_len;
};

static void put(struct parcel *parcel, const char *name, int fd)
{
	size_t len = strlen(name) + 1;

	if (parcel->count >= FDS_MAX || parcel->names_len + len > NAMES_MAX)
		BUG("too many descriptors for a container");
	parcel->fds[parcel->count++] = fd;
	memcpy(parcel->names + parcel->names_len, name, len);
	parcel->names_len += len;
}

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

static int send_parcel(int socket, struct parcel *parcel)
{
	struct iovec data = {parcel->names, parcel->names_len};
	union control control = {0};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = CMSG_SPACE(sizeof(int) * parcel->count)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int) * parcel->count);
	memcpy(CMSG_DATA(head), parcel->fds, sizeof(int) * parcel->count);
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)parcel->names_len ? 0 : -1;
}

/* The lab's ends stay in `target`, the container's are sent and closed. */
static int hand_over(const struct target_fd *fds, size_t fd_count, struct target *target)
{
	struct parcel parcel = {0};
	int pipe_fds[2], pair[2], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -1;
	target->exec_fd = pipe_fds[0];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		close(pipe_fds[1]);
		return -1;
	}
	target->scenario_fd = pair[0];
	put(&parcel, "", pipe_fds[1]);
	put(&parcel, SCENARIO_GATE_ENV, pair[1]);
	for (size_t i = 0; i < fd_count; i++)
		put(&parcel, fds[i].env, fds[i].fd);
	r = send_parcel(target->gate_fd, &parcel);
	close(pipe_fds[1]);
	close(pair[1]);
	return r;
}

int gate_accept(int listener, const struct target_fd *fds, size_t fd_count, struct target *target,
		struct err *err)
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
	if (target->pidfd < 0 || hand_over(fds, fd_count, target) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot hold the container at the gate");
	return 0;
}

static int take_parcel(int socket, struct parcel *parcel)
{
	struct iovec data = {parcel->names, sizeof(parcel->names)};
	union control control = {0};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control.room)};
	ssize_t n = recvmsg(socket, &message, 0);
	struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (!head || parcel->names[n - 1])
		return -1;
	parcel->names_len = (size_t)n;
	parcel->count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(parcel->fds, CMSG_DATA(head), parcel->count * sizeof(int));
	return 0;
}

/* The environment learns the number that each descriptor has here. */
static void name_fds(const struct parcel *parcel)
{
	const char *name = parcel->names;

	for (size_t i = 0; i < parcel->count && name < parcel->names + parcel->names_len; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%d", parcel->fds[i]);
		if (*name)
			setenv(name, number, 1);
		name += strlen(name) + 1;
	}
}

static int fail(const char *what)
{
	fprintf(stderr, "oomlab: gate: %s: %s\n", what, strerror(errno));
	return EXIT_LAB_BROKEN;
}

int gate_main(int argc, char **argv)
{
	struct sockaddr_un address = {0};
	struct parcel parcel = {0};
	int cause, gate = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char byte;

	if (argc < 3)
		return EXIT_USAGE;
	set_address(&address, GATE_DIR);
	if (gate < 0 || connect(gate, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail("no launcher outside");
	if (take_parcel(gate, &parcel) < 0 || fcntl(parcel.fds[0], F_SETFD, FD_CLOEXEC) < 0)
		return fail("no descriptors came");
	name_fds(&parcel);
	if (read(gate, &byte, 1) != 1)
		return fail("the launcher is gone");
	execvp(argv[1], argv + 2);
	cause = errno;
	if (write(parcel.fds[0], &cause, sizeof(cause)) < 0)
		return fail("exec");
	return cause == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXEC;
}
