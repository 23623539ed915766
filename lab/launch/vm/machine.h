/*
 * machine.h - the one place that knows processor architectures: which QEMU, which virtual machine,
 * which console, which words on the kernel's command line. Pure but for machine_guest_clock().
 */
#ifndef OOMLAB_LAUNCH_VM_MACHINE_H
#define OOMLAB_LAUNCH_VM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* How the guest's devices are attached; also the module GUEST_TRANSPORT asks for. */
struct machine_board {
	const char *option;    /* for -M; NULL: there is no such board */
	const char *transport; /* "virtio_mmio" or "virtio_pci" */
	const char *serial;    /* the virtio-serial device */
	const char *share;     /* the vhost-user-fs device */
	const char *disk;      /* the virtio-blk device */
	bool has_nodes;	       /* its firmware tells the kernel of NUMA nodes */
};

struct machine {
	const char *uname;		/* `uname -m` of host and guest */
	const char *qemu;		/* program */
	const char *package;		/* Debian's, that has it */
	const char *console;		/* the guest's serial console */
	const char *append;		/* words of the kernel's command line for this machine */
	struct machine_board boards[2]; /* the first this QEMU knows is used */
};

/* The machine of this host, or NULL with the sentence. */
const struct machine *machine_here(struct err *err);

/* The first board, or the first that can have NUMA nodes where they are needed. */
const struct machine_board *machine_board(const struct machine *machine, bool needs_nodes);

/* The host's two clocks at one moment. */
struct machine_clock {
	int64_t ns;
	uint64_t ticks;
};

/* Reads the clocks at the start of a run; machine_guest_khz() wants some ms between. */
struct machine_clock machine_clock_read(void);

/*
 * Frequency in kHz of the counter that an emulated guest of this host takes for its clock, or 0
 * when the guest needs not be told. On x86-64 an emulated guest sees the host's time stamp counter,
 * and on a board without an ACPI timer it has to find the frequency by a race against an emulated
 * interval timer: on a busy host the guest loses it now and then, and stops for ever.
 */
unsigned int machine_guest_khz(struct machine_clock start);

#endif
