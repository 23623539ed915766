#include "launch/vm/share.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm/share_open.h"
#include "launch/vm/share_user.h"

#define VIRTIOFSD  "/usr/lib/qemu/virtiofsd"
#define PACKAGE	   "qemu-system-common"
#define WORDS_MAX  (1 << 20)
#define ANSWER_MS  20000
#define OTHER_WAYS "name the files the program opens with --file"

/*
 * What the child could not do before exec; it writes this to words_fd in place of virtiofsd's
 * words.
 */
struct failure {
	bool in_user_namespace;
	int cause;
	char what[64];
};

/* Everything this process can reach becomes read-only. */
static int make_read_only(void)
{
	struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY};

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	return (int)syscall(SYS_mount_setattr, -1, "/", AT_RECURSIVE, &read_only,
			    sizeof(read_only));
}

/* For enter(). */
struct sandbox {
	int words_fd;
	const char **option; /* a place in virtiofsd's argv, filled in by the child */
};

/* Runs between fork() and exec, so it makes only calls that are safe there. */
static int enter(void *ctx)
{
	const struct sandbox *sandbox = ctx;
	struct failure f;
	const char *failed = share_user_enter(&f.in_user_namespace);

	if (!failed && make_read_only() < 0)
		failed = "make the host's files read-only";
	if (!failed) {
		*sandbox->option = f.in_user_namespace ? "--rlimit-nofile=0" : NULL;
		return 0;
	}
	f.cause = errno;
	snprintf(f.what, sizeof(f.what), "%s", failed);
	io_write_all(sandbox->words_fd, &f, sizeof(f));
	return -1;
}

/*
 * Returns a listening socket without a name in any file system; share->fd is its first connection.
 */
static int open_sockets(struct share *share, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(address);
	_cleanup_close_ int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	share->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	share->words_fd = memfd_create("virtiofsd-stderr", MFD_CLOEXEC);
	if (share->words_fd < 0 || fcntl(share->words_fd, F_SETFL, O_APPEND) < 0 ||
	    bind(listener, (struct sockaddr *)&address, sizeof(sa_family_t)) < 0 ||
	    listen(listener, 1) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &len) < 0 ||
	    connect(share->fd, (struct sockaddr *)&address, len) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make a socket for virtiofsd");
	return STEAL_FD(listener);
}

static int check(struct err *err)
{
	if (io_is_executable(VIRTIOFSD))
		return 0;
	err_set(err, EXIT_LAB_BROKEN, "sharing the host's files needs %s, which is not there",
		VIRTIOFSD);
	return err_hint(err, "install it: apt-get install %s; or " OTHER_WAYS, PACKAGE);
}

/*
 * Asks VHOST_USER_GET_FEATURES (QEMU's docs/interop/vhost-user.rst), which QEMU may ask again
 * later. virtiofsd answers once its sandbox is complete. False when it is gone or does not answer
 * in time.
 */
static bool has_answered(const struct share *share)
{
	const uint32_t question[] = {1, 1, 0}; /* request, version, length */
	struct {
		uint32_t head[3];
		uint64_t features;
	} __attribute__((packed)) answer;
	struct pollfd p = {.fd = share->fd, .events = POLLIN};

	return send(share->fd, question, sizeof(question), MSG_NOSIGNAL) == sizeof(question) &&
	       poll(&p, 1, ANSWER_MS) > 0 &&
	       recv(share->fd, &answer, sizeof(answer), MSG_WAITALL) == sizeof(answer);
}

static int explain_failure(const struct failure *f, struct err *err)
{
	errno = f->cause;
	err_errno(err, EXIT_LAB_BROKEN, "cannot share the host's files: cannot %.*s",
		  (int)sizeof(f->what), f->what);
	if (f->cause == EMFILE || f->cause == ENFILE || f->cause == ENOMEM)
		return err_hint(err, OTHER_WAYS);
	if (geteuid() != 0 || f->in_user_namespace)
		return share_user_hint(err);
	return err_hint(
		err,
		f->cause == EINVAL
			? "a chroot is no root for virtiofsd; run outside of it, or " OTHER_WAYS
			: OTHER_WAYS);
}

char *share_words(const struct share *share)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *save = NULL, *last = NULL;

	lseek(share->words_fd, 0, SEEK_SET);
	io_read_fd(share->words_fd, WORDS_MAX, &text);
	for (char *s = strtok_r(text.buf, "\n", &save); s; s = strtok_r(NULL, "\n", &save))
		last = s;
	return xstrdup(last ? last : "");
}

/* Kills and reaps virtiofsd and its children, because there may be no init. Its wait status. */
static int end_group(struct share *share)
{
	pid_t group = share->process.pid;

	kill(-group, SIGKILL);
	spawn_wait(&share->process, 0);
	while (waitpid(-group, NULL, 0) > 0 || errno == EINTR)
		;
	return share->process.status;
}

/* Ends a virtiofsd that never served, and says why it did not. */
static int explain_start(struct share *share, struct err *err)
{
	_cleanup_free_ char *words = NULL;
	siginfo_t info = {.si_pid = 0};
	int status;

	waitid(P_PID, (id_t)share->process.pid, &info, WEXITED | WNOHANG | WNOWAIT);
	status = end_group(share);
	words = share_words(share);
	err_set(err, EXIT_LAB_BROKEN, "cannot share the host's files: virtiofsd %s%s",
		WIFEXITED(status) ? "gave up"
		: info.si_pid	  ? "was ended by a signal"
				  : "did not answer",
		*words ? ": " : "");
	if (*words)
		snprintf(err->text + strlen(err->text), sizeof(err->text) - strlen(err->text), "%s",
			 words);
	text_neutralise(err->text);
	return err_hint(err, "%s", geteuid() ? "run as root, or " OTHER_WAYS : OTHER_WAYS);
}

/* A new session makes a process group of virtiofsd and its opener (share_open.h). */
static int start(struct share *share, int listener, struct guardian *guardian, struct err *err)
{
	char option[32];
	const char *argv[] = {VIRTIOFSD, option, "-o", "source=/,sandbox=chroot,cache=always",
			      NULL,	 NULL};
	struct sandbox sandbox = {share->words_fd, &argv[4]};
	const struct spawn request = {
		.argv = argv,
		.in = {SPAWN_NULL},
		.out = {SPAWN_NULL},
		.err = {SPAWN_FD, share->words_fd},
		.keep = &listener,
		.keep_count = 1,
		.new_session = true,
		.unblocks_signals = true,
		.prepare = enter,
		.prepare_ctx = &sandbox,
		.admit = guardian_kills,
		.admit_ctx = guardian,
	};
	struct failure f;

	snprintf(option, sizeof(option), "--fd=%d", listener);
	errno = -spawn_start(&request, &share->process);
	if (!errno)
		return 0;
	if (pread(share->words_fd, &f, sizeof(f), 0) == sizeof(f))
		return explain_failure(&f, err);
	return err_errno(err, EXIT_LAB_BROKEN, "cannot start virtiofsd under the guardian");
}

int share_start(struct share *share, struct guardian *guardian, struct err *err)
{
	int listener, rc;

	if (check(err) < 0)
		return -1;
	share_open_adopt();
	listener = open_sockets(share, err);
	rc = listener < 0 ? -1 : start(share, listener, guardian, err);
	if (listener >= 0)
		close(listener); /* so that the connection breaks when virtiofsd dies */
	if (rc == 0 && !has_answered(share))
		rc = explain_start(share, err);
	if (rc < 0)
		share_stop(share);
	return rc;
}

int share_probe(struct err *err)
{
	struct share share = SHARE_INIT;
	int rc = share_start(&share, NULL, err);

	share_stop(&share);
	return rc;
}

void share_stop(struct share *share)
{
	if (share->process.pid > 0)
		end_group(share);
	spawn_close(&share->process);
	cleanup_closep(&share->fd);
	cleanup_closep(&share->words_fd);
	*share = (struct share)SHARE_INIT;
}
