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
#include <sys/socket.h>
#include <sys/swap.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

#define SWAP_PAGE    4096
#define SWAP_WAIT_MS 10000

/* union swap_header of the kernel's include/linux/swap.h. */
struct swap_head {
	char boot[1024];
	uint32_t version, last_page, bad_count;
	char rest[SWAP_PAGE - 1024 - 3 * sizeof(uint32_t) - 10];
	char magic[10];
} __attribute__((packed));

int guest_devices_make_swap(uint64_t bytes, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("swap", MFD_CLOEXEC);
	struct swap_head head = {.version = 1, .last_page = (uint32_t)(bytes / SWAP_PAGE - 1)};

	memcpy(head.magic, "SWAPSPACE2", sizeof(head.magic));
	if (fd < 0 || ftruncate(fd, (off_t)(bytes / SWAP_PAGE * SWAP_PAGE)) < 0 ||
	    io_write_all(fd, (const char *)&head, sizeof(head)) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make the swap disk of the VM");
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
		if (poll(&p, 1, SWAP_WAIT_MS) == 0) {
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
	_cleanup_free_ char *node = await_disk(uevents, GUEST_SWAP_SERIAL);

	return node ? swapon(node, 0) : -1;
}

int guest_devices_start(int uevents, const char **what)
{
	*what = "lo";
	if (bring_lo_up() < 0)
		return -1;
	*what = "the swap disk (a kernel without virtio_blk? 'oomlab kernel fetch' fetches it)";
	return getenv(GUEST_SWAP) ? swap_on(uevents) : 0;
}
