/*
 * guest_devices.h - makes the guest's swap disk on the host; turns it on, and `lo`, in the guest.
 *
 * The swap disk is a file in the host's memory, sparse until the guest swaps; it has no name and is
 * gone with its last descriptor. Where there is one, the kernel's command line has GUEST_SWAP=1,
 * which /init finds in its environment. The guest knows the disk by its serial number.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_DEVICES_H
#define OOMLAB_LAUNCH_VM_GUEST_DEVICES_H

#include <stdint.h>

#include "base/err.h"

#define GUEST_SWAP	  "OOMLAB_SWAP"
#define GUEST_SWAP_SERIAL "oomlab-swap"

/*
 * Makes a swap area of `bytes` (1 MiB or more, rounded down to pages) as mkswap(8) does, for a
 * guest with pages of 4 KiB. Returns a descriptor that the caller closes, or -1.
 */
int guest_devices_make_swap(uint64_t bytes, struct err *err);

/*
 * In the guest, as PID 1: brings `lo` up, and turns the swap disk on where there is one. Waits for
 * the disk by `uevents`, a socket that receives the kernel's uevents. 0, or -1 with errno and in
 * *what the device that failed.
 */
int guest_devices_start(int uevents, const char **what);

#endif
