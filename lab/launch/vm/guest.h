/*
 * guest.h - what the host side (vm_pack.c, vm_relay.c) and PID 1 of the guest (guest.c) agree on.
 *
 * In the initramfs, besides the target's files:
 *	/init			oomlab itself
 *	/.oomlab/modules	names of kernel modules in /.oomlab, one a line, in load order
 *	/.oomlab/request	see below
 *
 * The kernel's command line carries GUEST_TRANSPORT=NAME, which the kernel hands to /init as an
 * environment variable: of the modules virtio_mmio* and virtio_pci*, only those of that name load.
 *
 * The request is NUL-terminated strings: cwd (empty: "/"), then "1" to chroot into the host's file
 * system or "0", then the number of arguments, the arguments, and the environment up to the end.
 *
 * Port "oomlab.record" carries record lines, and lines of PID 1 itself that start with '#':
 *	"#up"			the first thing that is sent: the guest works
 *	"#end STATUS OUT ERR"	the last: wait status of the inner oomlab, and how many bytes
 *				the ports out and err were given, in decimal
 * After that the guest waits to be ended: what QEMU still holds is not lost by a power-off.
 *
 * The console carries the kernel's log from level
 *"critical" up, and "oomlab-guest: SENTENCE" when PID 1 could not do its part.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_H
#define OOMLAB_LAUNCH_VM_GUEST_H

#define GUEST_DIR	"/.oomlab"
#define GUEST_TRANSPORT "OOMLAB_TRANSPORT"
#define GUEST_COMPLAINT "oomlab-guest: "
#define GUEST_SHARE_TAG "oomlab"
#define GUEST_HOST_ROOT "/.oomlab/host"

#define GUEST_LINE_UP	"#up"
#define GUEST_LINE_END	"#end "

/* A whole record line of PID 1's. */
#define GUEST_NOTE_READ_ONLY                                                                     \
	"{\"ev\":\"note\",\"text\":\"The guest's kernel has no overlayfs: the host's files can " \
	"be "                                                                                    \
	"read in the VM, and only /tmp and /dev/shm be written\"}"

enum guest_port { PORT_RECORD, PORT_TRACE, PORT_OUT, PORT_ERR, PORT_COUNT };
#define GUEST_PORT_NAMES                                                    \
	{                                                                   \
		"oomlab.record", "oomlab.trace", "oomlab.out", "oomlab.err" \
	}

/* Environment of the inner oomlab: descriptors it inherits, and takes for itself. */
#define GUEST_RECORD_ENV "OOMLAB_RECORD_FD"
#define GUEST_TRACE_ENV	 "OOMLAB_TRACE_OUT_FD"

/* The descriptor of a port, which the target then neither sees nor inherits. -1: there is none. */
int guest_take_port(const char *env);

#endif
