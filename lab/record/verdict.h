/*
 * verdict.h - what became of a run, decided from its record only; pure.
 *
 * SIGKILL alone is never an OOM kill: `oom_killed` needs the kernel's kill line for the target's
 * pid, its mark_victim event, or a rise of oom_kill in memory.events of the target's cgroup (v1:
 * memory.oom_control) beside the SIGKILL; each is listed as evidence.
 */
#ifndef OOMLAB_VERDICT_H
#define OOMLAB_VERDICT_H

#include "record/record.h"

enum verdict { VERDICT_NONE, VERDICT_PASS, VERDICT_FAIL, VERDICT_BROKEN, VERDICT_SKIP };
enum scope {
	SCOPE_NONE,
	SCOPE_OWN,
	SCOPE_ANCESTOR,
	SCOPE_GLOBAL,
	SCOPE_CPUSET,
	SCOPE_MEMPOLICY,
	SCOPE_UNKNOWN
};

/* One comparison; both sides are printed, on pass also. */
struct check {
	const char *what;
	char *expected, *found;
	bool ok;
};

struct conclusion {
	enum outcome outcome;
	enum scope scope;
	enum verdict verdict; /* VERDICT_NONE: a plain command without --expect */
	struct check *checks;
	size_t check_count;
	char **cause_evidence; /* "kmsg 812", "memory.events oom_kill 0->1", ... */
	size_t cause_evidence_count;
	struct kills *kills; /* the kernel's events that belong to this run */
};

/* Decides. The caller releases. `record` must outlive the conclusion. */
void conclusion_draw(const struct record *record, struct conclusion *conclusion);
void conclusion_release(struct conclusion *conclusion);

/* The exit status of `oomlab run` (ARCHITECTURE: 0 1 77 125, else the command's own). */
int conclusion_exit_status(const struct record *record, const struct conclusion *conclusion);

extern const char *const verdict_names[];
extern const char *const scope_names[];

#endif
