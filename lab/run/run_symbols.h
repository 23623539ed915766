/*
 * run_symbols.h - functions and lines for the addresses of a record, read by a process beside
 * (base/aside.h): programs and their debug information may be damaged, hostile or larger than
 * memory, and the record is whole before they are read.
 *
 * What it does is cut into steps, each of one program's or file's symbols. Where it dies or hangs
 * in one it is begun again behind that, and the record says what is missing.
 */
#ifndef OOMLAB_RUN_RUN_SYMBOLS_H
#define OOMLAB_RUN_RUN_SYMBOLS_H

#include <signal.h>
#include <stdbool.h>

#include "record/record.h"

struct symbol_steps {
	struct record_writer w; /* lines go to the parent */
	size_t done, skip;
};

/* Begins a step; what: "'/bin/cat'", as it is told when it fails. False: it is to be left out. */
bool symbol_step(struct symbol_steps *steps, const char *what);

/* All of it, in the process beside. ctx: the caller's. */
typedef void symbol_work(struct symbol_steps *steps, void *ctx);

/*
 * Waits for patience_ns at most for each sign of life. When one of the signals comes, which are
 * blocked, it is left at that, and the record says so: false; the signal is still pending. Where
 * the record can no longer be written it is given up.
 */
bool run_symbols(struct record_writer *w, symbol_work *work, void *ctx, int64_t patience_ns,
		 const sigset_t *signals);

#endif
