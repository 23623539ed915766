/*
 * guest_devices.h - what the guest has beyond RAM and files: a swap disk, NUMA nodes, `lo`.
 *
 * The swap disk is a file in the host's memory, sparse until the guest swaps; it has no name and is
 * gone with its last descriptor. The kernel's command line carries GUEST_SWAP=1 where there is one,
 * which /init finds in its environment. The guest knows the disk by its serial number.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_DEVICES_H
#define OOMLAB_LAUNCH_VM_GUEST_DEVICES_H

#include <stdint.h>

#include "base/err.h"

#define GUEST_SWAP	  "OOMLAB_SWAP"
#define GUEST_SWAP_SERIAL "oomlab-swap"

/*
 * A swap area of `bytes` (1 MiB or more; whole pages of it are used) as mkswap(8) writes it, for a
 * guest with pages of 4 KiB. Returns a descriptor the caller closes, or -1.
 */
int guest_swap_make(uint64_t bytes, struct err *err);

/*
 * In the guest, as PID 1: brings `lo` up, and turns the swap disk on where one was given. The disk
 * may still be on its way: `uevents` is a socket of the kernel's events. Returns 0, or -1 with
 * errno and what failed.
 */
int guest_devices_start(int uevents, const char **what);

#endif
