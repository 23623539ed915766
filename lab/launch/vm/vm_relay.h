/*
 * vm_relay.h - one poll loop over everything a running guest sends: record lines to request->line,
 * the trace and the console into files of the run's folder, out and err to ours, until the guest
 * says it has ended, QEMU is gone, a signal arrives or the time is up.
 *
 * What the guest sends is hostile text: a line longer than RELAY_LINE_MAX, or one that is
 * refused, is dropped and counted; console.log and trace.bin end at a fixed size.
 * When our stdout or stderr does not take more, the guest waits; record lines do not. When nobody
 * reads them any more (EPIPE), the guest's port hangs up, and who writes there gets SIGPIPE.
 */
#ifndef OOMLAB_LAUNCH_VM_VM_RELAY_H
#define OOMLAB_LAUNCH_VM_VM_RELAY_H

#include "base/strbuf.h"
#include "launch/vm/qemu.h"
#include "launch/vm/vm.h"

#define RELAY_LINE_MAX (1 << 20)

enum relay_end {
	RELAY_ENDED,	   /* the guest said its last word; everything it sent is here, but for
			    * what an output's `cause` says */
	RELAY_GONE,	   /* QEMU ended without that; everything it passed on is here */
	RELAY_SILENT,	   /* not a byte from PID 1 within the boot timeout */
	RELAY_TIMED_OUT,   /* the whole run took too long */
	RELAY_SHARE_GONE,  /* virtiofsd ended, and QEMU did not */
	RELAY_INTERRUPTED, /* by a signal of request->signals: relay->signal */
};

struct relay {
	const struct vm_request *request;
	int64_t end_ns; /* when the whole run is too long */
	int signal_fd, console_fd, trace_fd;
	int share_pidfd; /* of virtiofsd, borrowed, set between relay_init() and relay_run(); -1 */
	size_t console_room, trace_room; /* bytes the files may still take */
	struct strbuf line;		 /* of the record port, not yet complete */
	bool is_skipping;		 /* the rest of a line that was too long */
	int64_t dropped;		 /* lines */
	struct strbuf console;		 /* the last part of the console */
	struct relay_output {
		int fd;	   /* ours; -1: nobody reads it any more */
		int cause; /* errno of the write that ended it; ETIME: it took too long; or 0 */
		struct strbuf pending;
		uint64_t received, sent; /* bytes so far; what the guest says it was, at its end */
	} outputs[2];
	bool is_up;	/* PID 1 spoke */
	bool has_ended; /* ... and said its last word */
	int status;	/* wait status of the inner oomlab, once it has ended */
	int signal;
};

/* Opens the files of the run's folder and the signals. Returns 0, or -1 with the sentence. */
int relay_init(struct relay *r, const struct vm_request *request, struct err *err);

/* Relays one QEMU; may be called again for another one as long as !r->is_up. */
enum relay_end relay_run(struct relay *r, struct qemu *q, uint64_t boot_timeout_ns);

/* Closes all; `dropped` stays. Safe after a failed relay_init(). */
void relay_release(struct relay *r);

/*
 * The first line of the console with `words` in it, from there to its end, malloc'd; NULL when
 * there is none.
 */
char *relay_console_line(const struct relay *r, const char *words);

#endif
