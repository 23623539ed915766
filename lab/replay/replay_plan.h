/*
 * replay_plan.h - an OOM event of a log becomes a stage (scenarios/stage.h): the cgroups, a process
 * a row of the task table, and who requests memory in which way, scaled to a guest; pure.
 *
 * Pattern of use: 1. replay_plan_make() while the event is valid; 2. replay_plan_write() for the
 * program replay-stage, ram_bytes and nodes for the guest; 3. replay_plan_release(). Rows point
 * into the event.
 *
 * All sizes are bytes. One factor scales all of them, so that who is first by score stays (those
 * further down may change places); how memory is divided is kept where the log tells it. What the log does not tell is chosen, and each
 * choice is a sentence.
 *
 * What was in swap is resident here, and as much is added to the limit, or to the machine: the
 * score counts both alike (oom_badness() of mm/oom_kill.c), and it comes out the same each time.
 */
#ifndef OOMLAB_REPLAY_REPLAY_PLAN_H
#define OOMLAB_REPLAY_REPLAY_PLAN_H

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "explain/what_if_changes.h"
#include "oomlog/oomlog.h"
#include "scenarios/stage.h"

#define REPLAY_ROWS_MAX 2000

struct replay_row {
	const struct oomlog_task *task; /* the event's; NULL: the table does not list it */
	const char *comm;
	int64_t log_pid; /* ABSENT: the log does not tell */
	int pid;	 /* in the run */
	unsigned int uid;
	int oom_score_adj; /* with the changes, and with what the log's kernel added by itself */
	int log_score_adj; /* without the changes */
	/* Of the log, unscaled; private memory has what was in swap. */
	int64_t private_bytes, tmpfs_bytes, file_bytes, pgtables_bytes;
	size_t place;
	bool is_victim; /* in the log */
};

struct replay_plan {
	struct replay_row *rows;
	size_t row_count, row_capacity;
	struct strvec places;
	size_t limited, grouped; /* SIZE_MAX: none */
	size_t invoker;
	enum stage_bound bound;
	enum stage_way way;
	bool kills_invoker;
	int panic_on_oom; /* 0; the kernel panics and kills nobody: 1, 2 for limits of cgroups, too */
	int64_t slab_bytes; /* of the log: what the kernel held and could not free; 0: not told */
	int64_t log_total_bytes; /* of the log, without the changes */
	int64_t total_bytes;	 /* of the log: the limit, or the machine, with swap */
	double factor;		 /* a byte of the log is so many here */
	int64_t limit_bytes;	 /* scaled */
	int64_t ram_bytes;	 /* of the guest */
	int nodes;		 /* NUMA, of the guest */
	struct strvec choices;
};

/*
 * Fills plan (need not be initialised). ram_max: the guest gets no more. 0, or -1 with EXIT_FAILED:
 * the event has nobody who was killed, or does not fit into ram_max. Release it in both cases.
 */
int replay_plan_make(struct replay_plan *plan, const struct oomlog_event *event,
		     struct what_if_changes *changes, int64_t ram_max, struct err *err);
void replay_plan_release(struct replay_plan *plan);

/* The text of the stage. */
void replay_plan_write(const struct replay_plan *plan, struct strbuf *out);

/* The row of that pid of the run, or NULL. */
const struct replay_row *replay_plan_row(const struct replay_plan *plan, int64_t pid);

#endif
