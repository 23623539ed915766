/*
 * vm_pack.h - makes the initramfs of a machine: oomlab as /init, the kernel's modules, the targets
 * with what they load, and the files asked for.
 */
#ifndef OOMLAB_LAUNCH_VM_VM_PACK_H
#define OOMLAB_LAUNCH_VM_VM_PACK_H

#include "base/err.h"
#include "launch/vm/kernel.h"
#include "launch/vm/vm.h"

/*
 * Returns a descriptor of the finished archive, a file in memory, or -1. The caller closes it. QEMU
 * opens it as /proc/self/fd/N.
 */
int vm_pack(const struct vm_machine *machine, const struct kernel *kernel, struct err *err);

#endif
