/* Where resident memory came from, by line: the touch profile. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/story.h"
#include "report/touches.h"

enum { ROWS_MAX = 8 };

#define SIZE(bytes) TEXT_SIZE((uint64_t)(bytes))

static void cite_samples(struct doc *doc, const struct touches *t)
{
	doc_cite(doc, "%" PRId64 " touch samples", t->samples);
}

static void say_largest(const struct touches *t, struct doc *doc)
{
	const struct touch_line *line = &t->lines[0];
	_cleanup_free_ char *place = touch_place(line);
	double share = 100.0 * (double)line->bytes / (double)t->total;

	if (share >= 50)
		doc_sentence(doc, "%.1f %% of it came from one place: %s (%s), %s.", share, place,
			     touch_kind_words[line->kind], SIZE(line->bytes));
	else
		doc_sentence(doc,
			     "No one place stands out; the largest share, %.1f %%, is that of %s "
			     "(%s), %s.",
			     share, place, touch_kind_words[line->kind], SIZE(line->bytes));
	cite_samples(doc, t);
}

static void add_row(struct doc *doc, const struct touches *t, const char *place, const char *how,
		    int64_t bytes)
{
	_cleanup_free_ char *size = story_in_unit(t->total, bytes);
	_cleanup_free_ char *share = text_format("%.1f", 100.0 * (double)bytes / (double)t->total);

	doc_row(doc, size, share, place, how);
}

/* Nothing where there is but one. */
static char *whose(const struct facts *f, const struct touches *t, const struct touch_line *line)
{
	if (t->processes < 2)
		return xstrdup("");
	if (line->processes > 1)
		return text_format("; %" PRId64 " processes", line->processes);
	if (line->pid == f->record->target_pid)
		return xstrdup("; the target");
	return text_format("; child process %" PRId64, line->pid);
}

static void draw_table(const struct facts *f, const struct touches *t, struct doc *doc)
{
	int64_t rest = t->total;
	size_t shown = 0;

	doc_table(doc);
	doc_row(doc, story_unit(t->total), "%", "where", "how");
	/* What is less than a thousandth is noise of start and end. */
	for (; shown < t->count && shown < ROWS_MAX && t->lines[shown].bytes >= t->total / 1000;
	     shown++) {
		const struct touch_line *line = &t->lines[shown];
		_cleanup_free_ char *place = touch_place(line), *by = whose(f, t, line);
		_cleanup_free_ char *how = text_format("%s%s", touch_kind_words[line->kind], by);

		add_row(doc, t, place, how, line->bytes);
		rest -= t->lines[shown].bytes;
	}
	if (shown < t->count) {
		_cleanup_free_ char *others = text_format("%zu other place%s", t->count - shown,
							  t->count - shown == 1 ? "" : "s");

		add_row(doc, t, others, "", rest);
	}
	cite_samples(doc, t);
}

/* Of processes that came one after the other, the sum was never there at once. */
static void say_processes(const struct facts *f, const struct touches *t, struct doc *doc)
{
	int64_t peak = record_max(f->record, METRIC_PEAK, NULL);

	if (t->processes < 2)
		return;
	doc_sentence(doc,
		     "This is what %" PRId64 " processes touched, all together; what one touched "
		     "is still counted here when it has given it back or ended.",
		     t->processes);
	if (is_known(peak) && t->total / 10 * 9 > peak)
		doc_sentence(doc, "So it is more than was ever charged to the cgroup at once: %s.",
			     SIZE(peak));
	cite_samples(doc, t);
}

static void say_copies(const struct touches *t, struct doc *doc)
{
	int64_t copied = 0;

	for (size_t i = 0; i < t->count; i++)
		copied += t->lines[i].kind == TOUCH_COW ? t->lines[i].bytes : 0;
	if (!copied)
		return;
	doc_sentence(doc,
		     "%s of it are copies after fork(2): parent and child share their pages until "
		     "one of them writes to a page, and gets a copy of it. The writer's resident "
		     "size stays the same, as the copy takes the place of the page, but the cgroup "
		     "is charged for both as long as the other process has the page.",
		     SIZE(copied));
	cite_samples(doc, t);
}

/* Both figures, so that a reader can judge the profile. */
static void say_sum(const struct facts *f, const struct touches *t, struct doc *doc)
{
	const struct oomlog_victim *v = f->victim;
	int64_t anon = v ? touches_anon_of(f->record, v->pid) : RECORD_ABSENT;

	if (!is_known(anon) || !is_known(v->anon_rss_bytes) || !v->anon_rss_bytes)
		return;
	doc_sentence(doc,
		     "The samples account for %s of the victim's anonymous memory; the kernel "
		     "counted %s at the kill (%.1f %%).",
		     SIZE(anon), SIZE(v->anon_rss_bytes),
		     100.0 * (double)anon / (double)v->anon_rss_bytes);
	cite_samples(doc, t);
	cite_kmsg(doc, f->kill_line);
}

static void say_estimate(const struct facts *f, const struct touches *t, struct doc *doc)
{
	const char *why = touches_lack(f->record);
	struct touch_frames frames;

	if (!why)
		return;
	touch_frames_init(&frames, f->record);
	doc_sentence(
		doc,
		"This is an estimate (%s): a fault counts as a page, or as 2 MiB where huge "
		"pages were in use and no other fault came near. The faults account for %s%s%s%s. "
		"Root, or CAP_PERFMON with tracefs, gives bytes as the kernel counts them.",
		why, SIZE(t->total),
		is_known(frames.resident) ? "; when last seen, the target had " : "",
		is_known(frames.resident) ? SIZE(frames.resident) : "",
		is_known(frames.resident) ? " resident" : "");
	cite_samples(doc, t);
	touch_frames_release(&frames);
}

/*
 * What was given back and touched again came twice: that a sum passes the limit is no mistake.
 * Pages of files are left out, as they may have been in memory, another's, before.
 */
static void say_turnover(const struct facts *f, const struct touches *t, struct doc *doc)
{
	int64_t anon = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->lines[i].kind != TOUCH_FILE && t->lines[i].kind != TOUCH_SHMEM)
			anon += t->lines[i].bytes;
	if (!is_known(f->peak) || anon / 5 * 4 <= f->peak || touches_lack(f->record))
		return;
	doc_sentence(doc,
		     "That is more than the %s that were there at most: what was given back and "
		     "touched again is counted again.",
		     SIZE(f->peak));
	cite_samples(doc, t);
}

void story_who(const struct facts *f, struct doc *doc)
{
	struct touches t;

	touches_gather(f->record, &t);
	if (t.count) {
		doc_heading(doc, "Where resident memory came from");
		say_largest(&t, doc);
		say_estimate(f, &t, doc);
		draw_table(f, &t, doc);
		say_processes(f, &t, doc);
		say_copies(&t, doc);
		say_turnover(f, &t, doc);
		say_sum(f, &t, doc);
	}
	touches_release(&t);
}
