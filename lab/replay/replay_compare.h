/*
 * replay_compare.h - the event of a log and that of its replay, side by side; pure.
 *
 * Pattern of use: 1. replay_compare() while both events are valid; 2. replay_doc() or
 * replay_json(); 3. replay_comparison_release(). Nothing in it points into the events but the plan,
 * which must live.
 */
#ifndef OOMLAB_REPLAY_REPLAY_COMPARE_H
#define OOMLAB_REPLAY_REPLAY_COMPARE_H

#include <jansson.h>

#include "doc/doc.h"
#include "replay/replay_plan.h"

/* One thing that both have; NULL: not told. */
struct replay_fact {
	const char *what; /* a static string */
	char *in_log, *in_run;
};

struct replay_comparison {
	const struct replay_plan *plan;
	char *log, *folder;   /* what was replayed, "kern.log#2"; where the run is */
	bool has_kill;	      /* of the run; without one all that follows is false */
	bool has_panicked;    /* the kernel of the run, as vm.panic_on_oom says */
	bool same_victim;     /* or all of them, of a group */
	size_t others_killed; /* in the run and not in the log */
	bool same_constraint, same_scope;
	char *log_victim, *run_victim; /* "java (pid 7)" */
	struct replay_fact *facts;
	size_t fact_count, first_part;	    /* facts from there on are parts of the memory */
	struct strvec log_order, run_order; /* by score, the highest first */
	struct strvec differences;	    /* sentences: what, and why */
};

/* c: all zero but `log` and `folder`, which it then owns. run_event: NULL, nobody was killed.
 * is_changed: another victim than that of the log is no difference to be explained. */
void replay_compare(struct replay_comparison *c, const struct replay_plan *plan,
		    const struct oomlog_event *log_event, const struct oomlog_event *run_event,
		    bool is_changed);
void replay_comparison_release(struct replay_comparison *c);

void replay_doc(struct doc *doc, const struct replay_comparison *c,
		const struct what_if_changes *changes);

/* Schema oomlab.replay/1; a new reference. */
json_t *replay_json(const struct replay_comparison *c, const struct what_if_changes *changes);

#endif
