#include "run/run_symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { STARTS_MAX = 8, STEP = '@' };

struct job {
	run_symbols_work *work;
	void *ctx;
	size_t skip;
	bool was_stopped;
};

/* A message that begins with STEP is no line of the record, which is a JSON object. */
bool run_symbols_step(struct run_symbols_steps *steps, const char *what)
{
	_cleanup_free_ char *text = NULL;

	if (steps->done++ < steps->skip)
		return false;
	text = text_format("%c%.4096s", STEP, what);
	return io_write_all(steps->w.fd, text, strlen(text)) == 0;
}

static void work_beside(int channel, void *ctx)
{
	const struct job *job = ctx;
	struct run_symbols_steps steps = {.skip = job->skip};

	/* When memory runs out, the OOM killer should choose this process, which can be missed. */
	io_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "1000");
	record_writer_init(&steps.w, channel);
	job->work(&steps, job->ctx);
}

/* How far the process has come: steps begun, and the name of the last one. */
struct progress {
	size_t steps;
	struct strbuf what;
};

static void take_message(struct record_writer *w, struct progress *p, const char *text, size_t len)
{
	if (*text == STEP) {
		p->steps++;
		strbuf_clear(&p->what);
		strbuf_append(&p->what, text + 1, len - 1);
	} else {
		record_put_raw(w, text, len - (text[len - 1] == '\n'));
	}
}

static void take_all(struct record_writer *w, struct aside *aside, struct progress *p,
		     int64_t patience_ns)
{
	_cleanup_free_ char *message = xcalloc(1, ASIDE_MESSAGE_MAX);
	ssize_t n;

	while (!w->failed && (n = aside_receive(aside, message, ASIDE_MESSAGE_MAX,
						io_now_ns() + patience_ns)) > 0)
		take_message(w, p, message, (size_t)n);
}

static void tell(struct record_writer *w, const struct aside *aside, const struct progress *p,
		 bool is_last)
{
	_cleanup_free_ char *words = aside_words(aside);
	_cleanup_free_ char *note = text_format(
		"The process that reads symbols %s%s%s: %s are missing", words,
		p->what.len ? " while it read those of " : "", p->what.len ? p->what.buf : "",
		is_last	      ? "functions and lines of what came after"
		: p->what.len ? "functions and lines there"
			      : "functions and lines");

	record_put_note(w, note);
}

/* Starts the process once and takes all its messages. True when all is done or given up. */
static bool run_aside(struct record_writer *w, struct job *job, int64_t patience_ns, int stop_fd,
		      bool is_last)
{
	struct progress progress = {.what = STRBUF_INIT};
	struct aside aside;
	bool is_done, is_well;

	/* Files of a container are gone by name, so the process needs their open descriptors. */
	if (aside_start_with_files(&aside, "oomlab-symbols", work_beside, job) == 0) {
		aside.stop_fd = stop_fd;
		take_all(w, &aside, &progress, patience_ns);
	}
	is_well = aside_end(&aside);
	job->was_stopped = aside.was_stopped;
	is_done = is_well || !aside.pid || aside.was_stopped || w->failed;
	if (!is_well)
		tell(w, &aside, &progress, is_last || is_done);
	/* The next start leaves out the step that failed as well, if one had begun. */
	job->skip += progress.steps;
	strbuf_release(&progress.what);
	return is_done;
}

bool run_symbols(struct record_writer *w, run_symbols_work *work, void *ctx, int64_t patience_ns,
		 const sigset_t *signals)
{
	_cleanup_close_ int stop_fd = signalfd(-1, signals, SFD_CLOEXEC);
	struct job job = {.work = work, .ctx = ctx};

	for (int i = 1; i <= STARTS_MAX; i++)
		if (run_aside(w, &job, patience_ns, stop_fd, i == STARTS_MAX))
			break;
	return !job.was_stopped;
}
