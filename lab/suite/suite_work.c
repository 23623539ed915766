/* The suite's own loop: hands runs to workers, takes what they answer, until all is done. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "suite/suite.h"
#include "suite/suite_parts.h"
#include "suite/suite_worker.h"

enum { TICK_MS = 100 };

struct work {
	struct suite *suite;
	const struct suite_watch *watch;
	struct suite_worker *workers;
	size_t count;
	size_t next; /* the first run that may not have been begun */
	int signals; /* a signalfd */
	sigset_t before;
};

static struct suite_run *next_run(struct work *w)
{
	struct suite *suite = w->suite;

	while (!suite->signal && w->next < suite->run_count) {
		struct suite_run *run = &suite->runs[w->next++];

		if (!run->is_done)
			return run;
	}
	return NULL;
}

static int note_end(struct work *w, struct suite_worker *worker, const char *folder,
		    const char *error, struct err *err)
{
	struct suite_run *run = worker->run;
	double seconds = (double)(io_now_ns() - worker->began_ns) / 1e9;

	worker->run = NULL;
	/* What a signal cut short is begun again by --resume. */
	if (w->suite->signal)
		return 0;
	suite_take(w->suite, run, folder, error, seconds);
	if (suite_journal_run(w->suite, run, err) < 0)
		return -1;
	if (w->watch->ended)
		w->watch->ended(w->suite, run, w->watch->ctx);
	return 0;
}

/* A worker that is gone takes its run with it, and another takes its place. */
static int lose(struct work *w, struct suite_worker *worker, struct err *err)
{
	struct suite_run *run = worker->run;
	int r = run ? note_end(w, worker, NULL, "the suite's worker ended while it ran", err) : 0;

	suite_worker_end(worker);
	return r;
}

static int take_answer(struct work *w, struct suite_worker *worker, struct err *err)
{
	json_t *answer = suite_worker_answer(worker);
	int r;

	if (!answer)
		return lose(w, worker, err);
	if (json_object_get(answer, "boots")) {
		w->suite->boots += (long)json_integer_value(json_object_get(answer, "boots"));
		suite_worker_end(worker);
		r = 0;
	} else if (worker->run) {
		r = note_end(w, worker, json_string_value(json_object_get(answer, "folder")),
			     json_string_value(json_object_get(answer, "error")), err);
	} else {
		r = 0;
	}
	json_decref(answer);
	return r;
}

/* Gives each idle worker a run, or an end. */
static int hand_out(struct work *w, struct err *err)
{
	for (size_t i = 0; i < w->count; i++) {
		struct suite_worker *worker = &w->workers[i];
		struct suite_run *run = worker->run ? NULL : next_run(w);

		if (run && worker->socket < 0 && suite_worker_start(worker, w->suite, err) < 0)
			return -1;
		if (run && !suite_worker_tell(worker, w->suite, run) && lose(w, worker, err) < 0)
			return -1;
		if (!run && !worker->run && worker->socket >= 0)
			suite_worker_finish(worker);
	}
	return 0;
}

static void take_signal(struct work *w)
{
	struct signalfd_siginfo info;

	if (read(w->signals, &info, sizeof(info)) != sizeof(info))
		return;
	w->suite->signal = (int)info.ssi_signo;
	for (size_t i = 0; i < w->count; i++)
		if (w->workers[i].process.pid)
			kill(w->workers[i].process.pid, SIGTERM);
}

static void tell_tick(const struct work *w)
{
	const struct suite_run *running[SUITE_JOBS_MAX];
	double seconds[SUITE_JOBS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < w->count; i++) {
		if (!w->workers[i].run)
			continue;
		running[count] = w->workers[i].run;
		seconds[count++] = (double)(io_now_ns() - w->workers[i].began_ns) / 1e9;
	}
	if (w->watch->tick)
		w->watch->tick(w->suite, running, seconds, count, w->watch->ctx);
}

static bool is_at_work(const struct work *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->workers[i].socket >= 0)
			return true;
	return false;
}

static int wait_and_serve(struct work *w, struct err *err)
{
	struct pollfd p[SUITE_JOBS_MAX + 1];
	int r = 0;

	for (size_t i = 0; i < w->count; i++)
		p[i] = (struct pollfd){.fd = w->workers[i].socket, .events = POLLIN};
	p[w->count] = (struct pollfd){.fd = w->signals, .events = POLLIN};
	if (poll(p, w->count + 1, TICK_MS) < 0 && errno != EINTR)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot wait for the suite's workers");
	if (p[w->count].revents)
		take_signal(w);
	for (size_t i = 0; r == 0 && i < w->count; i++)
		if (p[i].revents)
			r = take_answer(w, &w->workers[i], err);
	tell_tick(w);
	return r;
}

static int open_signals(struct work *w, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &w->before);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals < 0 ? err_errno(err, EXIT_LAB_BROKEN, "cannot wait for signals") : 0;
}

static void close_all(struct work *w)
{
	for (size_t i = 0; i < w->count; i++)
		suite_worker_end(&w->workers[i]);
	free(w->workers);
	cleanup_closep(&w->signals);
	sigprocmask(SIG_SETMASK, &w->before, NULL);
}

/* Runs that were never begun. */
static void drop_rest(struct suite *suite)
{
	for (size_t i = 0; i < suite->run_count; i++)
		suite->runs[i].is_dropped = !suite->runs[i].is_done;
}

int suite_work(struct suite *suite, const struct suite_watch *watch, struct err *err)
{
	struct work w = {.suite = suite, .watch = watch, .signals = -1};
	size_t left = suite->run_count - suite->done;
	int64_t began = io_now_ns();
	int r;

	w.count = (size_t)suite->options.jobs < left ? (size_t)suite->options.jobs : left;
	w.workers = xcalloc(w.count ? w.count : 1, sizeof(*w.workers));
	for (size_t i = 0; i < w.count; i++)
		w.workers[i] = SUITE_WORKER_INIT;
	r = open_signals(&w, err);
	if (r == 0)
		r = hand_out(&w, err);
	while (r == 0 && is_at_work(&w)) {
		r = wait_and_serve(&w, err);
		if (r == 0)
			r = hand_out(&w, err);
	}
	close_all(&w);
	drop_rest(suite);
	suite->seconds = (double)(io_now_ns() - began) / 1e9;
	return r;
}
