#include "launch/container/gate.h"

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
#include "base/strbuf.h"
#include "base/text.h"
#include "scenarios/scenario.h"

/*
 * What is handed over is one message: the descriptors, the exec pipe first; and NUL-terminated
 * words, which are the environment variable of each descriptor, the path to execute, and its argv.
 */
enum { FDS_MAX = 8, WORDS_BYTES_MAX = 128 << 10, WORDS_MAX = 16 << 10, WAITING_MAX = 64 };

/* SO_PEERPIDFD of Linux 6.5, younger than some C libraries. */
enum { PEER_PIDFD = 77 };

union control {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int) * FDS_MAX)];
};

struct parcel {
	int fds[FDS_MAX];
	size_t count;
	char words[WORDS_BYTES_MAX];
	size_t len;
};

static int put_word(struct parcel *parcel, const char *word)
{
	size_t len = strlen(word) + 1;

	if (len > WORDS_BYTES_MAX - parcel->len)
		return -1;
	memcpy(parcel->words + parcel->len, word, len);
	parcel->len += len;
	return 0;
}

static void put(struct parcel *parcel, const char *name, int fd)
{
	if (parcel->count >= FDS_MAX || put_word(parcel, name) < 0)
		BUG("too many descriptors for a container");
	parcel->fds[parcel->count++] = fd;
}

static int put_command(struct parcel *parcel, const struct gate_command *command)
{
	int r = put_word(parcel, command->path);
	size_t i = 0;

	while (i < WORDS_MAX - 1 && command->argv[i] && r == 0)
		r = put_word(parcel, command->argv[i++]);
	if (r == 0 && !command->argv[i])
		return 0;
	errno = E2BIG;
	return -1;
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
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || set_address(&address, dir) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(address.sun_path, 0666) < 0 || listen(fd, WAITING_MAX) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make the gate in '%s'", dir);
	return STEAL_FD(fd);
}

static int send_parcel(int socket, struct parcel *parcel)
{
	struct iovec data = {parcel->words, parcel->len};
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
	return sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)parcel->len ? 0 : -1;
}

/* A pidfd of the process that connected; before Linux 6.5 perhaps of a later one with its pid. */
static int open_peer(int socket, pid_t pid)
{
	int fd;
	socklen_t size = sizeof(fd);

	if (!getsockopt(socket, SOL_SOCKET, PEER_PIDFD, &fd, &size))
		return fd;
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int gate_accept(int listener, struct target *target, struct err *err)
{
	_cleanup_close_ int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct ucred peer;
	socklen_t size = sizeof(peer);
	int pidfd;

	if (socket < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR))
		return 1;
	if (socket < 0 || getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "the container does not come to the gate");
	if (peer.pid <= 0)
		return err_set(err, EXIT_LAB_BROKEN,
			       "the engine runs its containers where oomlab cannot see them");
	pidfd = open_peer(socket, peer.pid);
	if (pidfd < 0 && (errno == ESRCH || errno == EINVAL))
		return 1;
	if (pidfd < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot hold the container at the gate");
	target->is_foreign = true;
	target->pid = peer.pid;
	target->pidfd = pidfd;
	target->gate_fd = STEAL_FD(socket);
	return 0;
}

void gate_turn_away(struct target *target)
{
	target_close(target);
	*target = (struct target)TARGET_INIT;
}

/* Our ends stay in `target`; the container's are sent, then closed here. */
static int send_all(const struct target_fd *fds, size_t fd_count,
		    const struct gate_command *command, struct target *target)
{
	_cleanup_free_ struct parcel *parcel = xcalloc(1, sizeof(*parcel));
	int pipe_fds[2], pair[2], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -1;
	target->exec_fd = pipe_fds[0];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		close(pipe_fds[1]);
		return -1;
	}
	target->scenario_fd = pair[0];
	put(parcel, "", pipe_fds[1]);
	put(parcel, SCENARIO_GATE_ENV, pair[1]);
	for (size_t i = 0; i < fd_count; i++)
		put(parcel, fds[i].env, fds[i].fd);
	r = put_command(parcel, command);
	r = r ? r : send_parcel(target->gate_fd, parcel);
	close(pipe_fds[1]);
	close(pair[1]);
	return r;
}

int gate_hand_over(const struct target_fd *fds, size_t fd_count, const struct gate_command *command,
		   struct target *target, struct err *err)
{
	if (!send_all(fds, fd_count, command, target))
		return 0;
	return errno == E2BIG
		       ? err_set(err, EXIT_USAGE,
				 "the command has too many words for a container: 128 KiB, or 16383 of them")
		       : err_errno(err, EXIT_LAB_BROKEN, "cannot hold the container at the gate");
}

static int take_parcel(int socket, struct parcel *parcel)
{
	struct iovec data = {parcel->words, sizeof(parcel->words)};
	union control control = {0};
	struct msghdr message = {.msg_iov = &data,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control.room)};
	ssize_t n = recvmsg(socket, &message, 0);
	struct cmsghdr *head = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (!head || parcel->words[n - 1])
		return -1;
	parcel->len = (size_t)n;
	parcel->count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(parcel->fds, CMSG_DATA(head), parcel->count * sizeof(int));
	return 0;
}

/*
 * Sets the variable of each descriptor to its number in this process, and takes the words after
 * these. Returns their number.
 */
static size_t take_words(struct parcel *parcel, char *words[WORDS_MAX + 1])
{
	size_t count = 0, fds = 0;

	for (char *word = parcel->words; word < parcel->words + parcel->len;
	     word += strlen(word) + 1) {
		char number[16];

		if (fds == parcel->count) {
			if (count < WORDS_MAX)
				words[count++] = word;
			continue;
		}
		snprintf(number, sizeof(number), "%d", parcel->fds[fds++]);
		if (*word)
			setenv(word, number, 1);
	}
	return count;
}

static int fail(const char *what)
{
	fprintf(stderr, "oomlab: gate: %s: %s\n", what, strerror(errno));
	return EXIT_LAB_BROKEN;
}

int gate_main(int argc, char **argv)
{
	static struct parcel parcel;
	static char *words[WORDS_MAX + 1];
	struct sockaddr_un address = {0};
	int cause, gate = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char byte;

	if (argc != 1 || strcmp(argv[0], "gate"))
		return EXIT_USAGE;
	set_address(&address, GATE_DIR);
	if (gate < 0 || connect(gate, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail("no launcher outside");
	if (take_parcel(gate, &parcel) < 0 || fcntl(parcel.fds[0], F_SETFD, FD_CLOEXEC) < 0)
		return fail("no descriptors came");
	if (take_words(&parcel, words) < 2)
		return fail("no command came");
	if (read(gate, &byte, 1) != 1)
		return fail("the launcher is gone");
	execvp(words[0], words + 1);
	cause = errno;
	if (write(parcel.fds[0], &cause, sizeof(cause)) < 0)
		return fail("exec");
	return cause == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXEC;
}
