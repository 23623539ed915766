#include "launch/vm/machine.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "base/io.h"

#define VIRTIO_MMIO \
	"virtio_mmio", "virtio-serial-device", "vhost-user-fs-device", "virtio-blk-device"
#define VIRTIO_PCI "virtio_pci", "virtio-serial-pci", "vhost-user-fs-pci", "virtio-blk-pci"

static const struct machine machines[] = {
	{
		.uname = "x86_64",
		.qemu = "qemu-system-x86_64",
		.package = "qemu-system-x86",
		.console = "ttyS0",
		/*
		 * All that QEMU emulates but SMAP: before 9.1 it takes an iretq of a program, as
		 * Wine's, for the kernel's, which may not read the program's stack then.
		 */
		.emulated_cpu = "max,smap=off",
		.append = "reboot=t tsc=reliable no_timer_check",
		.boards = {{"microvm,rtc=on,isa-serial=on", VIRTIO_MMIO, false},
			   {"pc", VIRTIO_PCI, true}},
	},
	{
		.uname = "aarch64",
		.qemu = "qemu-system-aarch64",
		.package = "qemu-system-arm",
		.console = "ttyAMA0",
		.emulated_cpu = "max",
		.append = "",
		.boards = {{"virt", VIRTIO_MMIO, true}},
	},
};

const struct machine *machine_here(struct err *err)
{
	struct utsname host;

	uname(&host);
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (strcmp(machines[i].uname, host.machine) == 0)
			return &machines[i];
	err_set(err, EXIT_LAB_BROKEN, "the VM is not made for this machine (%s)", host.machine);
	return NULL;
}

const struct machine_board *machine_board(const struct machine *machine, bool needs_nodes)
{
	const struct machine_board *board = machine->boards;

	return needs_nodes && !board->has_nodes ? board + 1 : board;
}

#ifdef __x86_64__
#include <x86intrin.h>

#define READ_WITHIN_NS 2000
#define TRIES_MAX      1000

/* Reads again when the thread was interrupted between the two clocks. */
struct machine_clock machine_clock_read(void)
{
	struct machine_clock now = {0};

	for (int i = 0; i < TRIES_MAX; i++) {
		now.ns = io_now_ns();
		now.ticks = __rdtsc();
		if (io_now_ns() - now.ns < READ_WITHIN_NS)
			break;
	}
	return now;
}

unsigned int machine_guest_khz(struct machine_clock start)
{
	struct machine_clock now = machine_clock_read();
	double ticks = (double)(now.ticks - start.ticks);

	return now.ns > start.ns ? (unsigned int)(ticks / (double)(now.ns - start.ns) * 1e6) : 0;
}
#else
struct machine_clock machine_clock_read(void)
{
	return (struct machine_clock){0};
}

unsigned int machine_guest_khz(struct machine_clock start)
{
	(void)start;
	return 0;
}
#endif
