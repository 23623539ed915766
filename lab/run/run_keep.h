/*
 * run_keep.h - a guest that stays up between runs, for those who run much one after the other. A run
 * whose spec wants a boot of its own, or another guest than the one that is up, does not share it.
 *
 * The guest is as large as the largest that shares it needs, and holds all programs of `programs`.
 * After a run that did not end as it should, the guest is ended; the next run boots another.
 */
#ifndef OOMLAB_RUN_RUN_KEEP_H
#define OOMLAB_RUN_RUN_KEEP_H

#include "launch/guardian.h"
#include "launch/vm/vm.h"
#include "run/run.h"

enum { RUN_KEEP_DUMPS = 6 };

struct run_keep {
	char *const *programs; /* borrowed: absolute paths, NULL-terminated */
	uint64_t ram_bytes;    /* of the guest, at least */
	/* Private. */
	struct vm *vm; /* NULL: none is up */
	struct vm_machine machine;
	char *kernel;
	sigset_t signals;
	struct guardian guardian;
	int64_t dumped_ns[RUN_KEEP_DUMPS]; /* when the last reports came, in a ring */
	size_t dumps;
	long boots; /* of guests, those that were not shared included */
};
#define RUN_KEEP_INIT ((struct run_keep){.guardian = GUARDIAN_INIT})

/* Whether a scenario may share a guest with others: no boot, no swap disk, no nodes of its own. */
bool run_keep_may_share(const struct spec *spec);

/* Whether this run is one in a guest that is kept. pre: there is a plan. */
bool run_keeps(const struct run *run);

/*
 * The guest for this run: the one that is up, where that is such a machine, else another, which is
 * kept where run_keeps(). Give it back with run_keep_return().
 */
struct vm *run_keep_vm(struct run *run, const struct vm_machine *machine);

/*
 * A line of the record of a run in it. The kernel prints its whole report of at most ten OOM kills in
 * five seconds (mm/oom_kill.c), of all runs together: run_keep_vm() waits until there is room for
 * some.
 */
void run_keep_note(struct run *run, const char *line);

/* is_sound: the guest ended the run as it should. */
void run_keep_return(struct run *run, struct vm *vm, bool is_sound);

/* Ends the guest and its guardian. Safe twice. */
void run_keep_end(struct run_keep *keep);

#endif
