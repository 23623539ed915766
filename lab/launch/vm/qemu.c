#include "launch/vm/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/text.h"
#include "launch/vm/guest_devices.h"

#define STDERR_MAX (1 << 20)

/*
 * loglevel=3 lets little but panics reach the console: the slow emulated serial port would delay an
 * OOM dump, which is read from /dev/kmsg. The self-tests and the jitter entropy of the kernel's
 * cryptography take a quarter of an emulated boot. Nothing here changes how memory is managed.
 */
#define KERNEL_WORDS                                                            \
	"loglevel=3 panic=-1 nowatchdog random.trust_cpu=on cryptomgr.notests " \
	"initcall_blacklist=jent_mod_init"

static void add_board(struct strvec *words, const struct qemu_config *c)
{
	bool is_kvm = strcmp(c->accelerator, "kvm") == 0;

	strvec_pushl(words, c->machine->qemu, "-nodefaults", "-no-user-config", "-no-reboot",
		     "-display", "none", "-M", c->board->option, "-accel",
		     is_kvm ? "kvm" : "tcg,thread=multi", "-cpu",
		     is_kvm ? "host" : c->machine->emulated_cpu, "-m");
	strvec_pushf(words, "%lluK", (unsigned long long)(c->ram_bytes >> 10));
}

static void add_kernel(struct strvec *words, const struct qemu_config *c)
{
	_cleanup_free_ char *clock = text_format(" tsc_early_khz=%u", c->clock_khz);
	_cleanup_free_ char *zram =
		text_format(" " GUEST_ZRAM "=%llu", (unsigned long long)c->zram_bytes);
	bool tell = c->clock_khz && strcmp(c->accelerator, "tcg") == 0;

	strvec_pushl(words, "-kernel", c->kernel->image, "-initrd");
	strvec_pushf(words, "/proc/self/fd/%d", c->initramfs_fd);
	strvec_push(words, "-append");
	strvec_pushf(words, "console=%s " KERNEL_WORDS " %s%s %s=%s%s%s%s%s", c->machine->console,
		     c->machine->append, tell ? clock : "", GUEST_TRANSPORT, c->board->transport,
		     c->disk_fds[DISK_SWAP] < 0 ? "" : " " GUEST_SWAP "=1",
		     c->disk_fds[DISK_SCRATCH] < 0 ? "" : " " GUEST_SCRATCH "=1",
		     c->zram_bytes ? zram : "", c->share_fd < 0 ? "" : " " GUEST_SHARE "=1");
}

static void add_channels(struct strvec *words, const struct qemu_config *c, const int *fds)
{
	static const char *const names[] = GUEST_PORT_NAMES;

	strvec_pushl(words, "-device", c->board->serial);
	for (int i = 0; i < CHANNEL_COUNT; i++) {
		strvec_push(words, "-chardev");
		strvec_pushf(words, "socket,id=c%d,fd=%d", i, fds[i]);
		strvec_push(words, i == CHANNEL_CONSOLE ? "-serial" : "-device");
		if (i == CHANNEL_CONSOLE)
			strvec_pushf(words, "chardev:c%d", i);
		else
			strvec_pushf(words, "virtserialport,chardev=c%d,name=%s", i, names[i]);
	}
}

static void add_share(struct strvec *words, const struct qemu_config *c)
{
	if (c->share_fd < 0)
		return;
	strvec_push(words, "-chardev");
	strvec_pushf(words, "socket,id=share,fd=%d", c->share_fd);
	strvec_pushl(words, "-global", "virtio-mmio.force-legacy=false", "-device");
	strvec_pushf(words, "%s,chardev=share,tag=%s", c->board->share, GUEST_SHARE_TAG);
}

static void add_backend(struct strvec *words, const struct qemu_config *c, int id, uint64_t kib)
{
	strvec_push(words, "-object");
	strvec_pushf(words, "%s,id=ram%d,size=%lluK",
		     c->share_fd < 0 ? "memory-backend-ram" : "memory-backend-memfd,share=on", id,
		     (unsigned long long)kib);
}

/* Splits the RAM among the nodes; node 0 has the CPU. */
static void add_nodes(struct strvec *words, const struct qemu_config *c)
{
	uint64_t left = c->ram_bytes >> 10;

	for (int i = 0; i < c->numa_nodes; i++) {
		int more = c->numa_nodes - 1 - i;
		uint64_t kib = more ? (left / (uint64_t)(more + 1)) & ~UINT64_C(1023) : left;

		add_backend(words, c, i, kib);
		strvec_push(words, "-numa");
		strvec_pushf(words, "node,nodeid=%d,memdev=ram%d%s", i, i, i ? "" : ",cpus=0");
		left -= kib;
	}
}

/* virtiofsd reads and writes the guest's RAM, which must be shared memory then. */
static void add_memory(struct strvec *words, const struct qemu_config *c)
{
	if (c->numa_nodes > 1) {
		add_nodes(words, c);
	} else if (c->share_fd >= 0) {
		add_backend(words, c, 0, c->ram_bytes >> 10);
		strvec_pushl(words, "-machine", "memory-backend=ram0");
	}
}

static void add_disks(struct strvec *words, const struct qemu_config *c)
{
	static const char *const names[] = GUEST_DISK_NAMES;

	for (int i = 0; i < DISK_COUNT; i++) {
		if (c->disk_fds[i] < 0)
			continue;
		strvec_push(words, "-blockdev");
		strvec_pushf(
			words,
			"raw,node-name=%s,file.driver=file,file.locking=off,file.filename=/proc/self/fd/%d",
			names[i], c->disk_fds[i]);
		strvec_push(words, "-device");
		strvec_pushf(words, "%s,drive=%s,serial=" GUEST_DISK_SERIAL "%s", c->board->disk,
			     names[i], names[i]);
	}
}

/* Makes QEMU the first choice of the host's OOM killer. */
static int offer_itself(void *ctx)
{
	(void)ctx;
	io_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "1000");
	return 0;
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

static int start(struct qemu *q, const struct qemu_config *c, struct guardian *guardian,
		 const int *theirs, struct err *err)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	enum { OWN = 2 + DISK_COUNT };
	int keep[CHANNEL_COUNT + OWN] = {c->initramfs_fd, c->share_fd};
	struct spawn request = {
		.by_name = true,
		.in = {SPAWN_NULL},
		.out = {SPAWN_NULL},
		.err = {SPAWN_FD, q->stderr_fd},
		.keep = keep,
		.keep_count = ARRAY_SIZE(keep),
		.new_session = true,
		.unblocks_signals = true,
		.prepare = offer_itself,
		.admit = guardian_kills,
		.admit_ctx = guardian,
	};

	memcpy(keep + 2, c->disk_fds, sizeof(c->disk_fds));
	memcpy(keep + OWN, theirs, sizeof(*theirs) * CHANNEL_COUNT);
	add_board(&words, c);
	add_kernel(&words, c);
	add_channels(&words, c, theirs);
	add_share(&words, c);
	add_memory(&words, c);
	add_disks(&words, c);
	request.argv = words.list;
	errno = -spawn_start(&request, &q->process);
	return errno ? err_errno(err, EXIT_LAB_BROKEN, "cannot start %s under the guardian",
				 c->machine->qemu)
		     : 0;
}

int qemu_start(const struct qemu_config *config, struct guardian *guardian, struct qemu *q,
	       struct err *err)
{
	int theirs[CHANNEL_COUNT];
	int rc;

	*q = (struct qemu){.process = SPAWNED_INIT, .stderr_fd = -1};
	rc = open_channels(q, theirs, err);
	if (rc == 0)
		rc = start(q, config, guardian, theirs, err);
	close_all(theirs, CHANNEL_COUNT);
	if (rc < 0)
		qemu_stop(q);
	return rc;
}

void qemu_stop(struct qemu *q)
{
	spawn_wait(&q->process, 0);
	spawn_close(&q->process);
	close_all(q->channels, CHANNEL_COUNT);
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
