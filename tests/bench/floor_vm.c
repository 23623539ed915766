/*
 * floor_vm INIT RAM_MIB: what a run in a VM costs at the least. Boots the kernel, machine and
 * accelerator the `vm` place would use, with INIT (floor_init) as its whole initramfs, and waits
 * for the power-off. Prints milliseconds from start to end; 1 when the guest did not do its part.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "launch/vm/accel.h"
#include "launch/vm/initramfs.h"
#include "launch/vm/kernel.h"
#include "launch/vm/machine.h"
#include "launch/vm/qemu.h"

#define PATIENCE_NS INT64_C(120000000000)

static int pack(const char *init, struct err *err)
{
	int fd = memfd_create("initramfs", MFD_CLOEXEC);
	struct initramfs *fs = initramfs_new(fd, err);

	if (!fs || initramfs_node(fs, "/dev/console", S_IFCHR | 0600, makedev(5, 1), err) < 0 ||
	    initramfs_copy(fs, "/init", init, err) < 0 || initramfs_finish(fs, err) < 0)
		fd = -1;
	initramfs_free(fs);
	return fd;
}

/* Reads the console until QEMU has gone. */
static bool watch(const struct qemu *q)
{
	struct pollfd fds[] = {{q->process.pidfd, POLLIN, 0},
			       {q->channels[CHANNEL_CONSOLE], POLLIN, 0}};
	int64_t deadline = io_now_ns() + PATIENCE_NS;
	char text[4096] = "";
	size_t len = 0;

	while (!(fds[0].revents & POLLIN) && io_now_ns() < deadline) {
		ssize_t n;

		if (poll(fds, 2, 1000) <= 0 || !fds[1].revents)
			continue;
		n = read(fds[1].fd, text + len, sizeof(text) - 1 - len);
		if (n <= 0)
			fds[1].fd = -1;
		len += n > 0 ? (size_t)n : 0;
	}
	if (strstr(text, "floor: signal 9"))
		return true;
	fprintf(stderr, "floor_vm: no kill; the console says: %s\n", text);
	return false;
}

static int run(const char *init, long ram_mib, struct err *err)
{
	struct machine_clock clock = machine_clock_read();
	struct kernel kernel = {0};
	struct accel accel;
	struct qemu_config config = {
		.share_fd = -1, .disk_fds = {-1, -1}, .ram_bytes = (uint64_t)ram_mib << 20};
	struct qemu qemu;
	bool ok;

	config.machine = machine_here(err);
	if (!config.machine || kernel_find(NULL, &kernel, err) < 0 || accel_choose(&accel, err) < 0)
		return -1;
	config.board = &config.machine->boards[0];
	config.kernel = &kernel;
	config.accelerator = accel.name;
	config.initramfs_fd = pack(init, err);
	config.clock_khz = machine_guest_khz(clock);
	if (config.initramfs_fd < 0 || qemu_start(&config, NULL, &qemu, err) < 0)
		return -1;
	ok = watch(&qemu);
	qemu_stop(&qemu);
	kernel_release(&kernel);
	return ok ? 0 : err_set(err, EXIT_FAILED, "the bare guest did not do its part");
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int64_t started = io_now_ns();

	if (argc != 3)
		return 2;
	if (run(argv[1], atol(argv[2]), &err) < 0) {
		err_print(&err);
		return 1;
	}
	printf("%.0f\n", (double)(io_now_ns() - started) / 1e6);
	return 0;
}
