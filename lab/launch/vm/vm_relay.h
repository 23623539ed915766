/*
 * vm_relay.h - one poll loop that sends a guest its request and relays all that it sends: record
 * lines go to request->line, the trace and the console to files in the run's folder, out and err to
 * our stdout and stderr. The loop ends when the guest says that it has done with the request, QEMU
 * is gone, a signal arrives or time is up.
 *
 * What the guest sends is hostile: a line longer than RELAY_LINE_MAX, or one that request->line
 * refuses, is dropped and counted; console.log and trace.bin end at a fixed size.
 * While our stdout or stderr takes no more, the guest's output waits, and record lines do not. When
 * nobody reads ours any more (EPIPE), the guest's port hangs up and its writers get SIGPIPE.
 */
#ifndef OOMLAB_LAUNCH_VM_VM_RELAY_H
#define OOMLAB_LAUNCH_VM_VM_RELAY_H

#include "base/strbuf.h"
#include "launch/vm/qemu.h"
#include "launch/vm/vm.h"

#define RELAY_LINE_MAX (1 << 20)

enum relay_end {
	RELAY_ENDED, /* the guest sent its last line; all is here, unless an output has a `cause` */
	RELAY_GONE,  /* QEMU ended without that; all that it passed on is here */
	RELAY_SILENT,	   /* not a byte from PID 1 within the boot timeout */
	RELAY_TIMED_OUT,   /* the whole run took too long */
	RELAY_SHARE_GONE,  /* virtiofsd ended, and QEMU did not */
	RELAY_INTERRUPTED, /* by a signal of request->signals: relay->signal */
};

struct relay {
	const struct vm_request *request;
	struct strbuf message; /* to the guest, what is not sent yet; it is sent once PID 1 is up */
	int64_t end_ns;	       /* deadline of the whole run, CLOCK_MONOTONIC */
	int signal_fd, console_fd, trace_fd;
	int share_pidfd; /* of virtiofsd, borrowed; the caller sets it after relay_init(); -1: none */
	size_t console_room, trace_room; /* bytes that the files may still take */
	struct strbuf line;		 /* the incomplete line of the record port */
	bool is_skipping;		 /* the rest of a line that was too long */
	int64_t dropped;		 /* number of lines */
	struct strbuf console;		 /* the last part of the console */
	struct relay_output {
		int fd;	   /* our stdout or stderr; -1: nothing more is written there */
		int cause; /* errno of the write that failed; ETIME: time was up; 0: none */
		struct strbuf pending;
		uint64_t received; /* bytes so far */
		uint64_t sent;	   /* bytes that the guest says it sent, at its end */
	} outputs[2];		   /* stdout, stderr */
	bool is_up;		   /* PID 1 has sent its first line */
	bool has_ended;		   /* PID 1 has sent its last line */
	int status;		   /* wait status of the inner oomlab, once it has ended */
	int signal;		   /* that interrupted the relay; 0: none */
};

/* Opens a signalfd for `signals`, which may be NULL. Returns 0, or -1 with err. */
int relay_init(struct relay *r, const sigset_t *signals, struct err *err);

/*
 * Begins a request: opens the files in the run's folder, and has all that is told of an earlier one
 * forgotten. The request is borrowed until the next. Returns 0, or -1 with err.
 */
int relay_begin(struct relay *r, const struct vm_request *request, struct err *err);

/* Before a QEMU is started: none is up, and all of the request is to be sent. */
void relay_restart(struct relay *r);

/*
 * Sends the request to the guest of this QEMU and relays until it has done with it. After
 * RELAY_ENDED the same QEMU takes a further request.
 */
enum relay_end relay_run(struct relay *r, struct qemu *q, uint64_t boot_timeout_ns);

/* Closes all; `dropped` stays. Safe after a failed relay_init(). */
void relay_release(struct relay *r);

/*
 * The rest of the first console line that contains `words`, from there on; NULL when there is none.
 * The caller frees.
 */
char *relay_console_line(const struct relay *r, const char *words);

#endif
