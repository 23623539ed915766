#include "run_symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { STARTS_MAX = 8, STEP = '@' };

struct job {
	symbol_work *work;
	void *ctx;
	size_t skip;
};

/* Lines are objects: they never begin so. */
bool symbol_step(struct symbol_steps *steps, const char *what)
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
	struct symbol_steps steps = {.skip = job->skip};

	/* Nothing is at stake any more but this: when memory ends it is the first to go. */
	io_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "1000");
	record_writer_init(&steps.w, channel);
	job->work(&steps, job->ctx);
}

/* Where it is, as it tells. */
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

	while ((n = aside_receive(aside, message, ASIDE_MESSAGE_MAX, io_now_ns() + patience_ns)) >
	       0)
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

void run_symbols(struct record_writer *w, symbol_work *work, void *ctx, int64_t patience_ns)
{
	struct job job = {work, ctx, 0};
	bool is_done = false;

	for (int i = 1; i <= STARTS_MAX && !is_done; i++) {
		struct progress progress = {.what = STRBUF_INIT};
		struct aside aside;

		/* The files of a container stand open; by their names they are gone. */
		if (aside_start_with_files(&aside, "oomlab-symbols", work_beside, &job) == 0)
			take_all(w, &aside, &progress, patience_ns);
		is_done = aside_end(&aside);
		if (!is_done)
			tell(w, &aside, &progress, i == STARTS_MAX || !aside.pid);
		is_done = is_done || !aside.pid;
		/* Who dies before the first step has no step to leave out. */
		job.skip += progress.steps;
		strbuf_release(&progress.what);
	}
}
