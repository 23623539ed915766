/*
 * guest.h - the protocol between the host side (vm_pack.c, qemu.c, vm_relay.c) and PID 1 of the
 * guest (guest.c).
 *
 * In the initramfs, besides the target's files:
 *	/init			oomlab itself
 *	/.oomlab/modules	names of kernel modules in /.oomlab, one a line, in load order
 *
 * The kernel's command line has GUEST_TRANSPORT=NAME, which the kernel gives to /init as an
 * environment variable: of the modules virtio_mmio* and virtio_pci*, only those of that name load.
 * GUEST_SHARE=1 there: the targets see the host's file system.
 *
 * Port "oomlab.record" carries record lines, and lines of PID 1 itself that start with '#':
 *	"#up"			the first line: the guest works
 *	"#end STATUS OUT ERR"	the last line of a request: the wait status of the inner oomlab, and
 *				how many bytes were written to the ports out and err for it, all in
 *				decimal
 * The host sends requests to the same port, each after the guest has done with what came before:
 * its length in decimal and a newline, then NUL-terminated strings: the working directory (empty:
 * "/"); the number of arguments; the arguments; the environment. After the last one the guest waits
 * until the host ends QEMU: a power-off could lose what QEMU still holds.
 *
 * The console carries the kernel's log from level "critical" up, and "oomlab-guest: SENTENCE" when
 * PID 1 could not do its part.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_H
#define OOMLAB_LAUNCH_VM_GUEST_H

#define GUEST_DIR	"/.oomlab"
#define GUEST_TRANSPORT "OOMLAB_TRANSPORT"
#define GUEST_SHARE	"OOMLAB_SHARE"
#define GUEST_COMPLAINT "oomlab-guest: "
#define GUEST_SHARE_TAG "oomlab"
#define GUEST_HOST_ROOT "/.oomlab/host"

#define GUEST_LINE_UP	"#up"
#define GUEST_LINE_END	"#end "

/* A record line that PID 1 itself writes. */
#define GUEST_NOTE_READ_ONLY                                                                     \
	"{\"ev\":\"note\",\"text\":\"The guest's kernel has no overlayfs: the host's files can " \
	"be "                                                                                    \
	"read in the VM, and only /tmp and /dev/shm be written\"}"

#define GUEST_NOTE_NO_FOLDER                                                                              \
	"{\"ev\":\"note\",\"text\":\"The guest does not have the folder that the command was called in: " \
	"it started in /\"}"

enum guest_port { PORT_RECORD, PORT_TRACE, PORT_OUT, PORT_ERR, PORT_COUNT };
#define GUEST_PORT_NAMES                                                    \
	{                                                                   \
		"oomlab.record", "oomlab.trace", "oomlab.out", "oomlab.err" \
	}

/* Environment variables that tell the inner oomlab the descriptors of its ports. */
#define GUEST_RECORD_ENV "OOMLAB_RECORD_FD"
#define GUEST_TRACE_ENV	 "OOMLAB_TRACE_OUT_FD"

/*
 * In the inner oomlab: the descriptor of a port, by its variable above; -1: there is none. Hides
 * both from the target.
 */
int guest_take_port(const char *env);

#endif
