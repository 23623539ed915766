/*
 * guest_output.h - carries what the target prints through pipes to the ports "out" and "err".
 *
 * The target does not write to a port itself, because a port takes at most 32 KiB of a write and
 * many programs ignore that; a pipe takes all, or makes the writer wait. So a host that reads
 * slowly makes the writer wait, and one that has closed its end (the port hangs up) breaks the
 * pipe: SIGPIPE, EPIPE. For PID 1 of the guest alone.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_OUTPUT_H
#define OOMLAB_LAUNCH_VM_GUEST_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "launch/vm/guest.h"

enum { OUTPUT_COUNT = 2, OUTPUT_CHUNK = 32768 };

struct guest_output {
	int port;	   /* borrowed, not blocking; -1: the host has closed it */
	int from, to;	   /* the pipe's ends, read by PID 1, written by the target; -1: closed */
	uint64_t sent;	   /* bytes that the port took */
	size_t start, end; /* data[start..end) is not sent yet */
	int64_t left;	   /* bytes still to carry once the inner oomlab has ended; -1: it lives */
	char data[OUTPUT_CHUNK];
};

/* Makes the pipes of stdout and stderr, ports[PORT_OUT] and [PORT_ERR]. Blocks SIGCHLD. */
void guest_output_open(struct guest_output *outputs, const int *ports);

/* In the child, before exec: makes the pipes its stdout and stderr and unblocks SIGCHLD. */
void guest_output_enter(const struct guest_output *outputs);

/*
 * Carries output until `child` has ended and all that was written by then is sent; reaps every
 * child of PID 1 meanwhile. Returns the wait status of `child`.
 */
int guest_output_carry(struct guest_output *outputs, pid_t child);

/* Closes the pipes, which processes that still run may hold. The ports stay. */
void guest_output_close(struct guest_output *outputs);

#endif
