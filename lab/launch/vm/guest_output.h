/*
 * guest_output.h - what the target prints: pipes that PID 1 empties into the ports "out" and "err".
 *
 * A port takes at most 32 KiB of a write and says so, which many a program does not look at; a pipe
 * takes all of it or lets the writer wait. A host that reads slowly so holds up the writer, and one
 * that has closed its end (the port hangs up) breaks the pipe: SIGPIPE, EPIPE. For PID 1 alone.
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
	int from, to;	   /* the pipe's ends, PID 1's and the target's; -1: closed */
	uint64_t sent;	   /* bytes that the port took */
	size_t start, end; /* of what is in `data` and not sent yet */
	int64_t left;	   /* bytes still to come once the lab has ended; -1: it has not */
	char data[OUTPUT_CHUNK];
};

/* Makes the pipes of stdout and stderr, ports[PORT_OUT] and [PORT_ERR]. Blocks SIGCHLD. */
void guest_output_open(struct guest_output *outputs, const int *ports);

/* In the child, before exec: the pipes become its stdout and stderr, and SIGCHLD comes again. */
void guest_output_enter(const struct guest_output *outputs);

/*
 * Carries over what comes until `child` has ended and all that it and its children had written by
 * then was sent; reaps every child. Returns the wait status of `child`.
 */
int guest_output_carry(struct guest_output *outputs, pid_t child);

#endif
