/*
 * machine.h - all that depends on the processor architecture: which QEMU, which virtual machine,
 * which console, which words on the kernel's command line.
 */
#ifndef OOMLAB_LAUNCH_VM_MACHINE_H
#define OOMLAB_LAUNCH_VM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* A virtual machine that QEMU knows, and how the guest's devices are attached to it. */
struct machine_board {
	const char *option;    /* for -M; NULL: there is no such board */
	const char *transport; /* "virtio_mmio" or "virtio_pci", for GUEST_TRANSPORT (guest.h) */
	const char *serial;    /* the virtio-serial device */
	const char *share;     /* the vhost-user-fs device */
	const char *disk;      /* the virtio-blk device */
	bool has_nodes;	       /* its firmware tells the kernel of NUMA nodes */
};

struct machine {
	const char *uname;		/* `uname -m` of host and guest */
	const char *qemu;		/* the program */
	const char *package;		/* of Debian, which has the program */
	const char *console;		/* the guest's serial console */
	const char *emulated_cpu;	/* for -cpu, where it is not the host's own */
	const char *append;		/* words of the kernel's command line for this machine */
	struct machine_board boards[2]; /* the first that this QEMU knows is used */
};

/* The machine of this host, or NULL with err. */
const struct machine *machine_here(struct err *err);

/* The first board, or the first that can have NUMA nodes where they are needed. */
const struct machine_board *machine_board(const struct machine *machine, bool needs_nodes);

/* Two clocks of the host at one moment; all 0 where machine_guest_khz() needs none. */
struct machine_clock {
	int64_t ns;	/* CLOCK_MONOTONIC */
	uint64_t ticks; /* time stamp counter */
};

/* Reads both clocks. The longer ago that is, the better machine_guest_khz() measures. */
struct machine_clock machine_clock_read(void);

/*
 * The frequency, in kHz, of the counter that an emulated guest of this host uses as its clock, or 0
 * when the guest need not be told. On x86-64 an emulated guest sees the host's time stamp counter.
 * On a board without an ACPI timer it has to measure the frequency against an emulated interval
 * timer, which fails now and then on a busy host, and the guest stops for ever.
 */
unsigned int machine_guest_khz(struct machine_clock start);

#endif
