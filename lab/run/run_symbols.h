/*
 * run_symbols.h - reads symbols in a process of its own (base/aside.h), because programs and their
 * debug information may be damaged, hostile or larger than memory. The record is whole before that.
 *
 * The work is cut into steps, one for the symbols of each program or file. When the process dies or
 * hangs in a step, it is started again after that step, and a note in the record says what is
 * missing.
 */
#ifndef OOMLAB_RUN_RUN_SYMBOLS_H
#define OOMLAB_RUN_RUN_SYMBOLS_H

#include <signal.h>
#include <stdbool.h>

#include "record/record.h"

/* The process's own state. */
struct run_symbols_steps {
	struct record_writer w; /* sends lines to the parent, which writes them into the record */
	size_t done, skip;	/* steps begun so far; how many to leave out at the start */
};

/*
 * Begins a step. what: names it for the note, should it fail, such as "'/bin/cat'". False: leave
 * this step out.
 */
bool run_symbols_step(struct run_symbols_steps *steps, const char *what);

/* All the work, called in that process. ctx: the caller's. */
typedef void run_symbols_work(struct run_symbols_steps *steps, void *ctx);

/*
 * Does the work and writes its lines to `w`. A process that is silent for patience_ns is killed.
 * Stops when one of `signals`, which are blocked, arrives: a note says so, the signal stays
 * pending, and the return value is false. Gives up when `w` has failed.
 */
bool run_symbols(struct record_writer *w, run_symbols_work *work, void *ctx, int64_t patience_ns,
		 const sigset_t *signals);

#endif
