/*
 * guest_devices.h - makes the guest's disks on the host; in the guest turns on what it swaps to,
 * mounts its scratch disk and brings `lo` up.
 *
 * A disk is a file in the host's memory, sparse until the guest writes; it has no name and is gone
 * with its last descriptor. Where there is one, the kernel's command line has GUEST_SWAP=1 or
 * GUEST_SCRATCH=1, which /init finds in its environment; the guest knows disks by their serial
 * numbers. GUEST_ZRAM has a size: the guest then swaps to a zram device, which is no disk of QEMU's.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_DEVICES_H
#define OOMLAB_LAUNCH_VM_GUEST_DEVICES_H

#include <stdint.h>

#include "base/err.h"

#define GUEST_SWAP    "OOMLAB_SWAP"
#define GUEST_SCRATCH "OOMLAB_SCRATCH"
#define GUEST_ZRAM    "OOMLAB_ZRAM" /* bytes */

enum { DISK_SWAP, DISK_SCRATCH, DISK_COUNT };
#define GUEST_DISK_NAMES          \
	{                         \
		"swap", "scratch" \
	}
#define GUEST_DISK_SERIAL "oomlab-" /* and its name */

/* Where the guest mounts the scratch disk, before any request's root is made. */
#define GUEST_SCRATCH_DIR "/scratch"

/*
 * Makes a swap area of `bytes` (1 MiB or more, rounded down to pages) as mkswap(8) does, for a
 * guest with pages of 4 KiB. Returns a descriptor that the caller closes, or -1.
 */
int guest_devices_make_swap(uint64_t bytes, struct err *err);

/*
 * Makes an ext4 without a journal of `bytes` with mke2fs(8). Returns a descriptor that the caller
 * closes, or -1.
 */
int guest_devices_make_scratch(uint64_t bytes, struct err *err);

/*
 * In the guest, as PID 1: brings `lo` up, turns the swap disk or the compressed swap on and mounts the
 * scratch disk, where there is one. Waits for
 * the disk by `uevents`, a socket that receives the kernel's uevents. 0, or -1 with errno and in
 * *what the device that failed.
 */
int guest_devices_start(int uevents, const char **what);

#endif
