/*
 * verdict.h - what became of a run, decided from its record only; pure.
 *
 * SIGKILL alone is never an OOM kill: `oom_killed` needs the kernel's kill line for the target's
 * pid, its mark_victim event, or a rise of oom_kill in memory.events of the target's cgroup (v1:
 * memory.oom_control) beside the SIGKILL; each is listed as evidence. Where the kernel log was
 * seen whole and names other victims of the run only, the rise is theirs.
 *
 * What happened and how the target ended are two things: where the OOM killer killed a process that
 * the target had started, that is the outcome, whether the target then exited, was stopped at its
 * timeout or died of a signal.
 *
 * An incomplete record is judged by what stands in it: a kill line for the target decides, a
 * target whose end is not known is otherwise `lab_error`.
 */
#ifndef OOMLAB_RECORD_VERDICT_H
#define OOMLAB_RECORD_VERDICT_H

#include "record/kills.h"
#include "record/record.h"

enum verdict { VERDICT_NONE, VERDICT_PASS, VERDICT_FAIL, VERDICT_BROKEN, VERDICT_SKIP };

/* How the target ended, beside what became of the run. */
enum ending {
	ENDING_UNKNOWN,
	ENDING_EXITED,
	ENDING_SIGNALLED,
	ENDING_TIMED_OUT, /* the rest: the lab stopped it, by enum watchdog */
	ENDING_INTERRUPTED,
	ENDING_LIVELOCKED,
	ENDING_ESCAPED
};

/* One comparison; both sides are printed, on pass also. */
struct check {
	char *what;
	char *expected, *found;
	bool ok;
	bool is_known; /* false: the record does not say, so the verdict is broken, not fail */
};

struct conclusion {
	enum outcome outcome;
	enum ending ending;
	enum scope scope;	    /* SCOPE_NONE: no kill; never SCOPE_MEMCG */
	enum verdict verdict;	    /* VERDICT_NONE: a plain command without --expect */
	enum constraint constraint; /* of the kill; CONSTRAINT_UNSET: no kill, or not known */
	enum victim victim;	    /* whom the OOM killer killed of the run's processes */
	struct check *checks;
	size_t check_count;
	char **cause_evidence; /* "kmsg 812", "memory.events oom_kill 0->1", ... */
	size_t cause_evidence_count;
	struct kills *kills; /* the kernel's events that belong to this run */
	int64_t killed;	     /* processes of the run, by the log and the counters together */
};

/*
 * True when the target died of SIGKILL, no line says who sent it, and lines of the record were
 * lost: the lab may have sent it.
 */
bool conclusion_lacks_sender(const struct record *record);

/* Decides all of it. The caller releases. `record` must outlive the conclusion. */
void conclusion_draw(const struct record *record, struct conclusion *conclusion);
void conclusion_release(struct conclusion *conclusion);

/*
 * The exit status of `oomlab run`: 0 pass, 1 fail, 77 skip, 125 broken. Without a verdict it is the
 * command's: its status, 128 + signal, 130 when the run was interrupted, 125 when it is not known.
 */
int conclusion_exit_status(const struct record *record, const struct conclusion *conclusion);

extern const char *const verdict_names[];
extern const char *const ending_names[];

#endif
