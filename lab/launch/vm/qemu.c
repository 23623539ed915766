#include "launch/vm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm/guest_devices.h"

#define STDERR_MAX (1 << 20)
#define ARGS_MAX   64

/*
 * Panics alone reach the console: the slow emulated serial port would hold up an OOM dump, which
 * comes by /dev/kmsg. The self-tests and the jitter entropy of the kernel's cryptography take a
 * quarter of an emulated boot. Nothing here changes how memory is managed.
 */
#define KERNEL_WORDS                                                            \
	"loglevel=3 panic=-1 nowatchdog random.trust_cpu=on cryptomgr.notests " \
	"initcall_blacklist=jent_mod_init"

struct args {
	char *list[ARGS_MAX];
	size_t count;
};

static void arg(struct args *args, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void arg(struct args *args, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	if (args->count >= ARGS_MAX - 1)
		BUG("too many arguments");
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		BUG("no memory for an argument");
	va_end(ap);
	args->list[args->count++] = text;
}

static void release_args(struct args *args)
{
	for (size_t i = 0; i < args->count; i++)
		free(args->list[i]);
}

static void add_board(struct args *args, const struct qemu_config *c)
{
	bool is_kvm = strcmp(c->accelerator, "kvm") == 0;

	arg(args, "%s", c->machine->qemu);
	for (const char *const *o =
		     (const char *const[]){"-nodefaults", "-no-user-config", "-no-reboot", NULL};
	     *o; o++)
		arg(args, "%s", *o);
	arg(args, "-display");
	arg(args, "none");
	arg(args, "-M");
	arg(args, "%s", c->board->option);
	arg(args, "-accel");
	arg(args, "%s", is_kvm ? "kvm" : "tcg,thread=multi");
	arg(args, "-cpu");
	arg(args, "%s", is_kvm ? "host" : "max");
	arg(args, "-m");
	arg(args, "%lluK", (unsigned long long)(c->ram_bytes >> 10));
}

static void add_kernel(struct args *args, const struct qemu_config *c)
{
	_cleanup_free_ char *clock = text_format(" tsc_early_khz=%u", c->clock_khz);
	bool tell = c->clock_khz && strcmp(c->accelerator, "tcg") == 0;

	arg(args, "-kernel");
	arg(args, "%s", c->kernel->image);
	arg(args, "-initrd");
	arg(args, "/proc/self/fd/%d", c->initramfs_fd);
	arg(args, "-append");
	arg(args, "console=%s " KERNEL_WORDS " %s%s %s=%s%s", c->machine->console,
	    c->machine->append, tell ? clock : "", GUEST_TRANSPORT, c->board->transport,
	    c->swap_fd < 0 ? "" : " " GUEST_SWAP "=1");
}

static void add_channels(struct args *args, const struct qemu_config *c, const int *fds)
{
	static const char *const names[] = GUEST_PORT_NAMES;

	arg(args, "-device");
	arg(args, "%s", c->board->serial);
	for (int i = 0; i < CHANNEL_COUNT; i++) {
		arg(args, "-chardev");
		arg(args, "socket,id=c%d,fd=%d", i, fds[i]);
		arg(args, "%s", i == CHANNEL_CONSOLE ? "-serial" : "-device");
		if (i == CHANNEL_CONSOLE)
			arg(args, "chardev:c%d", i);
		else
			arg(args, "virtserialport,chardev=c%d,name=%s", i, names[i]);
	}
}

static void add_share(struct args *args, const struct qemu_config *c)
{
	if (c->share_fd < 0)
		return;
	arg(args, "-chardev");
	arg(args, "socket,id=share,fd=%d", c->share_fd);
	arg(args, "-global");
	arg(args, "virtio-mmio.force-legacy=false");
	arg(args, "-device");
	arg(args, "%s,chardev=share,tag=%s", c->board->share, GUEST_SHARE_TAG);
}

static void add_backend(struct args *args, const struct qemu_config *c, int id, uint64_t kib)
{
	arg(args, "-object");
	arg(args, "%s,id=ram%d,size=%lluK",
	    c->share_fd < 0 ? "memory-backend-ram" : "memory-backend-memfd,share=on", id,
	    (unsigned long long)kib);
}

/* Node 0 has the CPU. */
static void add_nodes(struct args *args, const struct qemu_config *c)
{
	uint64_t left = c->ram_bytes >> 10;

	for (int i = 0; i < c->numa_nodes; i++) {
		int more = c->numa_nodes - 1 - i;
		uint64_t kib = more ? (left / (uint64_t)(more + 1)) & ~UINT64_C(1023) : left;

		add_backend(args, c, i, kib);
		arg(args, "-numa");
		arg(args, "node,nodeid=%d,memdev=ram%d%s", i, i, i ? "" : ",cpus=0");
		left -= kib;
	}
}

/* What virtiofsd reads and writes must be shared with it. */
static void add_memory(struct args *args, const struct qemu_config *c)
{
	if (c->numa_nodes > 1) {
		add_nodes(args, c);
	} else if (c->share_fd >= 0) {
		add_backend(args, c, 0, c->ram_bytes >> 10);
		arg(args, "-machine");
		arg(args, "memory-backend=ram0");
	}
}

static void add_swap(struct args *args, const struct qemu_config *c)
{
	if (c->swap_fd < 0)
		return;
	arg(args, "-blockdev");
	arg(args,
	    "raw,node-name=swap,file.driver=file,file.locking=off,"
	    "file.filename=/proc/self/fd/%d",
	    c->swap_fd);
	arg(args, "-device");
	arg(args, "%s,drive=swap,serial=" GUEST_SWAP_SERIAL, c->board->disk);
}

static void keep_open(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

/* Between fork() and exec: only calls that are safe there. */
static void exec_qemu(char *const *argv, const int *theirs, const struct qemu_config *c,
		      int stderr_fd) __attribute__((noreturn));
static void exec_qemu(char *const *argv, const int *theirs, const struct qemu_config *c,
		      int stderr_fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	io_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "1000");
	for (int i = 0; i < CHANNEL_COUNT; i++)
		keep_open(theirs[i]);
	keep_open(c->initramfs_fd);
	keep_open(c->share_fd);
	keep_open(c->swap_fd);
	if (dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(stderr_fd, 2) >= 0)
		execvp(argv[0], argv);
	dprintf(stderr_fd, "cannot be run: %s\n", strerror(errno));
	_exit(EXIT_NOT_EXEC);
}

static void close_all(int *fds, int count)
{
	for (int i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(STEAL_FD(fds[i]));
}

static int open_channels(struct qemu *q, int *theirs, struct err *err)
{
	for (int i = 0; i < CHANNEL_COUNT; i++)
		q->channels[i] = theirs[i] = -1;
	q->stderr_fd = memfd_create("qemu-stderr", MFD_CLOEXEC);
	if (q->stderr_fd < 0 || fcntl(q->stderr_fd, F_SETFL, O_APPEND) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make a file in memory");
	for (int i = 0; i < CHANNEL_COUNT; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			return err_errno(err, EXIT_LAB_BROKEN, "cannot make a socket for the VM");
		q->channels[i] = pair[0];
		theirs[i] = pair[1];
	}
	return 0;
}

static int spawn(struct qemu *q, const struct qemu_config *c, struct guardian *guardian,
		 const int *theirs, struct err *err)
{
	struct args args = {.count = 0};

	add_board(&args, c);
	add_kernel(&args, c);
	add_channels(&args, c, theirs);
	add_share(&args, c);
	add_memory(&args, c);
	add_swap(&args, c);
	q->pid = guardian_fork(guardian, GUARDIAN_KILLS, &q->pidfd);
	if (q->pid == 0)
		exec_qemu(args.list, theirs, c, q->stderr_fd);
	release_args(&args);
	return q->pid > 0 ? 0
			  : err_errno(err, EXIT_LAB_BROKEN, "cannot start %s under the guardian",
				      c->machine->qemu);
}

int qemu_start(const struct qemu_config *config, struct guardian *guardian, struct qemu *q,
	       struct err *err)
{
	int theirs[CHANNEL_COUNT];
	int rc;

	*q = (struct qemu){.pid = -1, .pidfd = -1, .stderr_fd = -1};
	rc = open_channels(q, theirs, err);
	if (rc == 0)
		rc = spawn(q, config, guardian, theirs, err);
	close_all(theirs, CHANNEL_COUNT);
	if (rc < 0)
		qemu_stop(q);
	return rc;
}

void qemu_stop(struct qemu *q)
{
	if (q->pid > 0) {
		kill(q->pid, SIGKILL);
		while (waitpid(q->pid, &q->status, 0) < 0 && errno == EINTR)
			;
		q->pid = -1;
	}
	close_all(q->channels, CHANNEL_COUNT);
	close_all(&q->pidfd, 1);
	close_all(&q->stderr_fd, 1);
}

char *qemu_words(const struct qemu *q)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char *save = NULL;

	lseek(q->stderr_fd, 0, SEEK_SET);
	io_read_fd(q->stderr_fd, STDERR_MAX, &text);
	for (char *s = strtok_r(text.buf, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		const char *colon = text_starts_with(s, "qemu-system-") ? strstr(s, ": ") : NULL;

		if (!strstr(s, "warning: "))
			return xstrdup(colon ? colon + 2 : s);
	}
	return xstrdup("");
}
