#include "launch/vm/guest_devices.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "base/text.h"

#define SWAP_PAGE    4096
#define DISK_WAIT_MS 10000
#define ZRAM_SIZE    "/sys/block/zram0/disksize"
#define ZRAM_NODE    "/dev/zram0"
#define MKE2FS_MAX_S 60

/* union swap_header of the kernel's include/linux/swap.h. */
struct swap_head {
	char boot[1024];
	uint32_t version, last_page, bad_count;
	char rest[SWAP_PAGE - 1024 - 3 * sizeof(uint32_t) - 10];
	char magic[10];
} __attribute__((packed));

/* Writes what mkswap(8) would at the beginning. 0 or -errno. */
static int write_swap_head(int fd, uint64_t bytes)
{
	struct swap_head head = {.version = 1, .last_page = (uint32_t)(bytes / SWAP_PAGE - 1)};

	memcpy(head.magic, "SWAPSPACE2", sizeof(head.magic));
	return io_write_all(fd, (const char *)&head, sizeof(head));
}

int guest_devices_make_swap(uint64_t bytes, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("swap", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)(bytes / SWAP_PAGE * SWAP_PAGE)) < 0 ||
	    write_swap_head(fd, bytes) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make the swap disk of the VM");
	return STEAL_FD(fd);
}

/* An ordinary user's PATH need not have sbin. */
static const char *find_mke2fs(void)
{
	static const char *const places[] = {"/sbin/mke2fs", "/usr/sbin/mke2fs"};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return "mke2fs";
}

int guest_devices_make_scratch(uint64_t bytes, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("scratch", MFD_CLOEXEC);
	_cleanup_free_ char *path = text_format("/proc/self/fd/%d", fd);
	_cleanup_strbuf_ struct strbuf words = STRBUF_INIT;
	const char *const argv[] = {"mke2fs", "-q",	      "-F", "-t", "ext4",
				    "-O",     "^has_journal", path, NULL};
	const struct spawn request = {
		.program = find_mke2fs(),
		.argv = argv,
		.by_name = true,
		.in = {SPAWN_NULL},
		.out = {SPAWN_NULL},
		.err = {SPAWN_PIPE},
		.keep = &fd,
		.keep_count = 1,
		.timeout_ns = MKE2FS_MAX_S * SPAWN_SECOND,
		.output_max = 4096,
	};
	int status, r;

	if (fd < 0 || ftruncate(fd, (off_t)(bytes / SWAP_PAGE * SWAP_PAGE)) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make the scratch disk of the VM");
	r = spawn_run(&request, NULL, &words, &status);
	errno = -r;
	if (r) {
		err_errno(err, EXIT_LAB_BROKEN,
			  "cannot make the scratch disk of the VM: cannot run mke2fs");
		return err_hint(err, "install it: apt-get install e2fsprogs");
	}
	if (status) {
		err_set(err, EXIT_LAB_BROKEN,
			"cannot make the scratch disk of the VM: mke2fs failed");
		return words.len ? err_hint(err, "it said: %s", words.buf) : -1;
	}
	return STEAL_FD(fd);
}

/* The kernel gives it 127.0.0.1 by itself. */
static int bring_lo_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* A kernel without a network has none to bring up. */
	if (fd < 0)
		return 0;
	return ioctl(fd, SIOCSIFFLAGS, &request);
}

/* /dev/NAME of the disk with the serial number, malloc'd, or NULL. */
static char *find_disk(const char *serial)
{
	_cleanup_closedir_ DIR *dir = opendir("/sys/block");
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		_cleanup_free_ char *attribute = text_format("%s/serial", d->d_name);
		char found[64];

		if (io_read_line_at(dirfd(dir), attribute, found, sizeof(found)) >= 0 &&
		    !strcmp(found, serial))
			return text_format("/dev/%s", d->d_name);
	}
	return NULL;
}

static char *await_disk(int uevents, const char *serial)
{
	struct pollfd p = {.fd = uevents, .events = POLLIN};
	char event[4096];
	char *node;

	while (!(node = find_disk(serial))) {
		if (poll(&p, 1, DISK_WAIT_MS) == 0) {
			errno = ENODEV;
			return NULL;
		}
		if (recv(uevents, event, sizeof(event), 0) < 0 && errno != ENOBUFS)
			return NULL;
	}
	return node;
}

static int swap_on(int uevents)
{
	_cleanup_free_ char *node = await_disk(uevents, GUEST_DISK_SERIAL "swap");

	return node ? swapon(node, 0) : -1;
}

/* The module has made zram0 by then; its size can be written once. */
static int zram_on(const char *size)
{
	_cleanup_close_ int fd = -1;
	int r = io_write_at(AT_FDCWD, ZRAM_SIZE, size);

	errno = -r;
	if (r)
		return -1;
	fd = open(ZRAM_NODE, O_RDWR | O_CLOEXEC);
	r = fd < 0 ? -errno : write_swap_head(fd, strtoull(size, NULL, 10));
	errno = -r;
	return r ? -1 : swapon(ZRAM_NODE, 0);
}

static int scratch_on(int uevents)
{
	_cleanup_free_ char *node = await_disk(uevents, GUEST_DISK_SERIAL "scratch");

	if (!node || (mkdir(GUEST_SCRATCH_DIR, 0755) < 0 && errno != EEXIST) ||
	    mount(node, GUEST_SCRATCH_DIR, "ext4", 0, "") < 0)
		return -1;
	return chmod(GUEST_SCRATCH_DIR, 01777);
}

int guest_devices_start(int uevents, const char **what)
{
	const char *zram = getenv(GUEST_ZRAM);

	*what = "lo";
	if (bring_lo_up() < 0)
		return -1;
	*what = "the swap disk (a kernel without virtio_blk? 'oomlab kernel fetch' fetches it)";
	if (getenv(GUEST_SWAP) && swap_on(uevents) < 0)
		return -1;
	*what = "the scratch disk (a kernel without virtio_blk or ext4? 'oomlab kernel fetch' fetches one)";
	if (getenv(GUEST_SCRATCH) && scratch_on(uevents) < 0)
		return -1;
	*what = "compressed swap (a kernel without zram? 'oomlab kernel fetch' fetches it)";
	return zram ? zram_on(zram) : 0;
}
