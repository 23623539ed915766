/*
 * suite.h - many scenarios, one after the other or a few at once, and one table of what became of
 * them.
 *
 * A suite has no capture and no report of its own. A worker is a process that does ordinary runs one
 * by one, in one guest where they may share it (run/run_keep.h); each run leaves its folder as any
 * other. What became of a run is read from its record.
 *
 * Pattern of use:
 *  1. suite_choose()	which scenarios: names, groups, or all
 *  2. suite_begin()	its folder, reports/suite-<UTC time>-<pid>; or suite_resume() of one that
 *			did not come to its end
 *  3. suite_work()	does what is not done yet; each result is in the folder's journal at once
 *  4. suite_print_*(), suite_write_*(): the forms
 *  5. suite_release()
 *
 * A run of a suite that is killed goes on elsewhere: the journal has one line for each run that has
 * ended. LIMITATION: the run that was under way then is done again.
 */
#ifndef OOMLAB_SUITE_SUITE_H
#define OOMLAB_SUITE_SUITE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/folder.h"
#include "base/strvec.h"
#include "record/verdict.h"
#include "run/tally.h"

enum { SUITE_JOBS_MAX = 64, SUITE_REPEAT_MAX = 10000, SUITE_RUNS_MAX = 100000 };

/* What the runs have in common. Strings are borrowed until suite_release(). */
struct suite_options {
	const char *backend;   /* as `oomlab run --backend` takes it */
	const char *reports;   /* folder */
	struct strvec kernels; /* each scenario runs on each; none: the default. Borrowed */
	long repeat, jobs;
	bool no_touch_profile;
	const char *premortem; /* as `oomlab run --premortem` takes it; NULL: the default */
};

/* A scenario on a kernel. */
struct suite_row {
	char *name, *group, *program; /* group "": it has none */
	const char *kernel;	      /* NULL: the default */
	bool own_boot;
	bool is_early;	    /* takes long, so it is begun before others */
	uint64_t ram_bytes; /* that its guest is to have at least */
	enum outcome expected;
	struct tally tally; /* of the runs that have ended */
	size_t runs;	/* those that the tally does not know, because they left no record, too */
	char *why;	/* the first run that did not pass: why; NULL: all passed */
	char *folder;	/* of that run, or of the last one; NULL: none */
	double seconds; /* of all runs, a boot included where one was needed */
};

/* One run. */
struct suite_run {
	size_t row;
	long round; /* 1 and up */
	bool is_done, is_dropped;
	enum verdict verdict;
	enum outcome outcome;
	int64_t peak_bytes, duration_ns; /* ABSENT: not known */
	double seconds;
	char *why, *folder;
};

struct suite {
	struct suite_options options;
	struct suite_row *rows;
	size_t row_count;
	struct suite_run *runs; /* in the order in which they are begun */
	size_t run_count, done;
	struct folder folder; /* of the suite */
	int journal;
	long boots;	/* of guests */
	double seconds; /* of suite_work() */
	int signal;	/* that interrupted it; 0: none */
	/* What a journal said: `options` point here then. */
	struct strvec own_kernels;
	char *own_reports, *own_backend, *own_premortem;
};
#define SUITE_INIT \
	((struct suite){.folder = FOLDER_INIT, .journal = -1, .own_kernels = STRVEC_INIT})

/*
 * words: names of scenarios or groups, NULL-terminated; none: all scenarios. Returns 0, or -1 with
 * EXIT_USAGE where a word is neither, or there is more than SUITE_RUNS_MAX to run.
 */
int suite_choose(struct suite *suite, const struct suite_options *options, char *const *words,
		 struct err *err);

/* Makes the suite's folder and its journal. 0 or -1. */
int suite_begin(struct suite *suite, struct err *err);

/*
 * Takes rows, runs and results from the journal in `path`, a suite's folder; of the options, `jobs`
 * alone is from the caller. 0, or -1 where it is none.
 */
int suite_resume(struct suite *suite, const char *path, long jobs, struct err *err);

/* Whom suite_work() tells. Each may be NULL. */
struct suite_watch {
	void (*ended)(const struct suite *suite, const struct suite_run *run, void *ctx);
	/* About ten times a second: `running` has the runs under way. */
	void (*tick)(const struct suite *suite, const struct suite_run *const *running,
		     const double *seconds, size_t count, void *ctx);
	void *ctx;
};

/*
 * Does the runs that are not done. 0, also when runs failed or a signal ended it early
 * (suite->signal); -1 when no worker could be started or the journal not be written. No process is
 * left.
 */
int suite_work(struct suite *suite, const struct suite_watch *watch, struct err *err);

/* 0: all passed; 1: one failed; 125: one could not be judged; 77: all were skipped; 128 + signal. */
int suite_exit_status(const struct suite *suite);

void suite_release(struct suite *suite);

/* What a run came to: "pass", "fail", "broken", "skip", or "dropped" where it was not begun. */
const char *suite_word(const struct suite_run *run);

/* Whether runs of this row came to different verdicts or outcomes. */
bool suite_is_flaky(const struct suite_row *row);

#endif
