/* Where resident memory came from, by line: the touch profile. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/shares.h"
#include "report/story.h"
#include "report/story_coverage.h"
#include "report/story_script.h"
#include "report/touches.h"
#include "symbols/origin.h"

enum { ROWS_MAX = 8, ROWS_BRIEF = 4 };

static bool is_file(const struct touch_line *line)
{
	return line->kind == TOUCH_FILE;
}

/*
 * The lines of files, or all others, the largest first. The caller frees the array; its elements
 * are borrowed. Files have a table of their own, as they count only what is resident; if bytes are
 * estimates that is not known, and files are among the others.
 */
static struct touches pick_lines(const struct facts *f, const struct touches *t, bool of_files)
{
	bool is_estimate = touches_lack(f->record) != NULL;
	struct touches some = *t;

	some.lines = xcalloc(t->count + 1, sizeof(*some.lines));
	some.count = 0;
	some.total = 0;
	for (size_t i = 0; i < t->count; i++)
		if ((is_file(&t->lines[i]) && !is_estimate) == of_files) {
			some.lines[some.count++] = t->lines[i];
			some.total += t->lines[i].bytes;
		}
	return some;
}

/* `charged`: the whole charge, if the table has the smaller part of it; else 0. */
static void say_largest(const struct facts *f, const struct touches *t, bool is_all,
			int64_t charged, struct doc *doc)
{
	const struct touch_line *line = &t->lines[0];
	_cleanup_free_ char *place = touch_place(line);
	double share = 100.0 * (double)line->bytes / (double)t->total;
	_cleanup_free_ char *what =
		charged ? text_format(
				  "Of the %s that were seen to become resident memory of processes%s, while %s were charged %s,",
				  SIZE(t->total), is_all ? "" : ", mapped files apart",
				  SIZE(charged), coverage_when(f))
			: NULL;

	if (share >= 50 && charged)
		doc_sentence(doc, "%s %.1f %% came from one place: %s (%s), %s.", what, share,
			     place, touch_kind_words[line->kind], SIZE(line->bytes));
	else if (share >= 50)
		doc_sentence(doc, "%.1f %% of it%s came from one place: %s (%s), %s.", share,
			     is_all ? "" : ", mapped files apart,", place,
			     touch_kind_words[line->kind], SIZE(line->bytes));
	else
		doc_sentence(
			doc,
			"%s%so one place stands out; the largest share, %.1f %%%s, is that of %s (%s), %s.",
			charged ? what : "", charged ? " n" : "N", share,
			is_all || charged ? "" : " without mapped files", place,
			touch_kind_words[line->kind], SIZE(line->bytes));
	cite_profile(doc);
}

static void add_row(struct doc *doc, const struct touches *t, const char *place, const char *how,
		    int64_t bytes)
{
	_cleanup_free_ char *size = story_in_unit(t->total, bytes);
	_cleanup_free_ char *share = text_format("%.1f", 100.0 * (double)bytes / (double)t->total);

	doc_row(doc, size, share, place, how);
}

/* Which process it was; "" if there is only one. */
static char *process_words(const struct facts *f, const struct touches *t,
			   const struct touch_line *line)
{
	if (t->processes < 2)
		return xstrdup("");
	if (line->processes > 1)
		return text_format("; %" PRId64 " processes", line->processes);
	if (line->pid == f->record->target_pid)
		return xstrdup("; the target");
	return text_format("; child process %" PRId64, line->pid);
}

static void draw_table(const struct facts *f, const struct touches *t, size_t rows_max,
		       struct doc *doc)
{
	int64_t rest = t->total;
	size_t shown = 0;

	doc_table(doc);
	doc_row(doc, story_unit(t->total), "%", "where", "how");
	/* A share below a thousandth is noise of start and end. */
	for (; shown < t->count && shown < rows_max && t->lines[shown].bytes >= t->total / 1000;
	     shown++) {
		const struct touch_line *line = &t->lines[shown];
		_cleanup_free_ char *place = touch_place(line), *by = process_words(f, t, line);
		_cleanup_free_ char *how = text_format("%s%s", touch_kind_words[line->kind], by);

		add_row(doc, t, place, how, line->bytes);
		rest -= t->lines[shown].bytes;
	}
	if (shown < t->count) {
		const char *others = TEXT_COUNT(t->count - shown, "other place");

		add_row(doc, t, others, "", rest);
	}
}

/* Which rows it changes is not known: what came meanwhile stands with whoever touched next. */
static void say_lost(const struct facts *f, const struct touches *t, struct doc *doc)
{
	int64_t lost = record_lost(f->record, LOSS_SAMPLES);

	if (lost <= 0 || lost <= t->samples / 50)
		return;
	doc_sentence(
		doc,
		"Of the samples %.0f %% were lost: what came meanwhile is missing or stands with another line, so these shares are rough.",
		100.0 * (double)lost / (double)(lost + t->samples));
	cite_profile(doc);
}

/* A file of code on disk: not memory of no file, nor what the kernel shows each process. */
static bool is_code_file(const char *module)
{
	return module && *module == '/' && !origin_is_made(module) &&
	       !text_starts_with(module, "/memfd:") && !text_starts_with(module, "/dev/");
}

/* What would make a row without a line of code tell it. */
static void say_symbols(const struct touches *t, struct doc *doc)
{
	const struct touch_line *line = &t->lines[0];
	const char *slash = line->module ? strrchr(line->module, '/') : NULL;
	const char *name = slash ? slash + 1 : line->module;

	if (line->bytes < t->total / 10 || !is_code_file(line->module))
		return;
	if (!line->function)
		doc_sentence(
			doc,
			"Neither function nor line is known for the largest row: build %s with -g and do not strip it, or install its debug symbols.",
			name);
	else if (!line->file)
		doc_sentence(
			doc,
			"No line is known for the largest row: build %s with -g, or install its debug symbols.",
			name);
	else if (!line->line_number)
		doc_sentence(
			doc,
			"The compiler left no line for the largest row: %s built with -Og has more of them.",
			name);
	else
		return;
	cite_profile(doc);
}

/* One row: what they had is no share of what was there. */
static void draw_ended(const struct touches *t, const struct touches *ended, struct doc *doc)
{
	_cleanup_free_ char *size = story_in_unit(t->total, ended->total);
	const char *who = TEXT_COUNT(ended->processes, "process");

	if (ended->total >= t->total / 1000)
		doc_row(doc, size, "", who, "had ended before the kill");
}

/* The sum over processes that ran one after the other was never charged at once. */
static void say_processes(const struct facts *f, const struct touches *t, bool were_there,
			  struct doc *doc)
{
	int64_t peak = record_max(f->record, METRIC_PEAK, NULL);

	if (t->processes < 2)
		return;
	doc_sentence(
		doc,
		"This is what %" PRId64
		" processes%s touched, all together; what one touched is still counted here when it has given it back%s.",
		t->processes, were_there ? " that were there at the kill" : "",
		were_there ? "" : " or ended");
	if (is_known(peak) && t->total / 10 * 9 > peak)
		doc_sentence(doc, "So it is more than was ever charged to the cgroup at once: %s.",
			     SIZE(peak));
	cite_profile(doc);
}

/* Mapped files: what was resident at the end, and what came and went. */
static void say_files(const struct facts *f, const struct touches *t, const struct touches *files,
		      struct doc *doc)
{
	bool has_table = coverage_has_table(f, files->total, true);
	bool has_gone = t->file_gone > files->total / 10 &&
			coverage_is_worth_telling(f, t->file_gone);

	if (!files->count || (!has_table && !has_gone))
		return;
	doc_sentence(
		doc,
		"Of mapped files, programs and libraries among them, %s were resident when last seen%s",
		SIZE(files->total), has_table ? ":" : ".");
	cite_profile(doc);
	if (has_table) {
		draw_table(f, files, ROWS_MAX, doc);
		cite_profile(doc);
	}
	if (!has_gone)
		return;
	doc_sentence(
		doc,
		"Another %s of mapped files came and went, reclaimed or unmapped; what was read again is counted each time.",
		SIZE(t->file_gone));
	cite_profile(doc);
}

/* The rise of a counter in pages. It begins at 0, except in a cgroup that the run did not make. */
static int64_t refaulted(const struct facts *f, enum metric metric)
{
	const struct record *r = f->record;
	const struct record_sample *last;
	int64_t most = record_max(r, metric, &last);
	bool is_own = !r->backend || strcmp(r->backend, "current") != 0;

	for (size_t i = 0; !is_own && i < r->sample_count; i++)
		if (is_known(r->samples[i].value[metric]))
			return most - r->samples[i].value[metric];
	return is_own ? or_zero(most) : 0;
}

static void say_refaults(const struct facts *f, struct doc *doc)
{
	static const struct {
		enum metric metric;
		const char *what, *key;
	} kinds[] = {
		{METRIC_REFAULT_FILE, "files", "workingset_refault_file"},
		{METRIC_REFAULT_ANON, "anonymous memory from swap", "workingset_refault_anon"},
	};
	int64_t page = is_known(f->record->page_size) ? f->record->page_size : 4096;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int64_t pages = refaulted(f, kinds[i].metric);

		if (pages <= 0 || pages > INT64_MAX / page ||
		    !coverage_is_worth_telling(f, pages * page))
			continue;
		doc_sentence(doc,
			     "The kernel counted %" PRId64
			     " pages of %s (%s) that were reclaimed and had to be read again.",
			     pages, kinds[i].what, SIZE(pages * page));
		doc_cite(doc, "memory.stat %s", kinds[i].key);
	}
}

static void say_swapped(const struct touches *t, struct doc *doc)
{
	if (!t->swapped_in)
		return;
	doc_sentence(doc, "%s more came back from swap, where they had been touched before.",
		     SIZE(t->swapped_in));
	cite_profile(doc);
}

static void say_copies(const struct touches *t, struct doc *doc)
{
	int64_t copied = 0;

	for (size_t i = 0; i < t->count; i++)
		copied += t->lines[i].kind == TOUCH_COW ? t->lines[i].bytes : 0;
	if (!copied)
		return;
	doc_sentence(
		doc,
		"%s of it are copies after fork(2): parent and child share their pages until one of them writes to a page, and gets a copy of it. The writer's resident size stays the same, as the copy takes the place of the page, but the cgroup is charged for both as long as the other process has the page.",
		SIZE(copied));
	cite_profile(doc);
}

/* The profile's figure beside the kernel's, so that a reader can judge the profile. */
static void say_sum(const struct facts *f, struct doc *doc)
{
	const struct oomlog_victim *v = f->victim;
	int64_t anon = v ? touches_anon_of(f->record, v->pid) : ABSENT;

	if (!is_known(anon) || !is_known(v->anon_rss_bytes) || !v->anon_rss_bytes)
		return;
	doc_sentence(
		doc,
		"The samples account for %s of the victim's anonymous memory; the kernel counted %s at the kill (%.1f %%).",
		SIZE(anon), SIZE(v->anon_rss_bytes),
		100.0 * (double)anon / (double)v->anon_rss_bytes);
	cite_profile(doc);
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
		"This is an estimate (%s): a fault counts as a page, or as 2 MiB where huge pages were in use and no other fault came near. The faults account for %s%s%s%s. Root, or CAP_PERFMON with tracefs, gives bytes as the kernel counts them.",
		why, SIZE(t->total),
		is_known(frames.resident) ? "; when last seen, the target had " : "",
		is_known(frames.resident) ? SIZE(frames.resident) : "",
		is_known(frames.resident) ? " resident" : "");
	cite_profile(doc);
	touch_frames_release(&frames);
}

/*
 * Explains a sum above the peak: memory that one process gave back is still counted. Of several
 * processes say_processes() says so. Pages of files are left out, as they may have been charged to
 * another cgroup.
 */
static void say_turnover(const struct facts *f, const struct touches *t, struct doc *doc)
{
	int64_t anon = 0;

	for (size_t i = 0; i < t->count; i++)
		if (t->lines[i].kind != TOUCH_FILE && t->lines[i].kind != TOUCH_SHMEM)
			anon += t->lines[i].bytes;
	if (t->processes > 1 || !is_known(f->peak) || anon / 5 * 4 <= f->peak ||
	    touches_lack(f->record))
		return;
	doc_sentence(
		doc,
		"That is more than the %s that were there at most: what was given back is still counted.",
		SIZE(f->peak));
	cite_profile(doc);
}

/* The table of memory other than files, with what belongs to it. */
static void say_memory(const struct facts *f, const struct shares *shares,
		       const struct touches *memory, size_t rows_max, struct doc *doc)
{
	struct touches ended = pick_lines(f, &shares->ended, false);

	draw_table(f, memory, rows_max, doc);
	if (ended.count)
		draw_ended(memory, &ended, doc);
	cite_profile(doc);
	say_lost(f, memory, doc);
	if (!story_script(memory, doc))
		say_symbols(memory, doc);
	say_processes(f, memory, shares->table != NULL, doc);
	free(ended.lines);
}

static void say_tables(const struct facts *f, const struct shares *shares, struct doc *doc)
{
	const struct touches *t = &shares->there;
	struct touches memory = pick_lines(f, t, false), files = pick_lines(f, t, true);

	doc_heading(doc, "Where resident memory came from");
	if (memory.count && coverage_has_table(f, memory.total, false)) {
		say_largest(f, &memory, !files.total, coverage_minor_part_of(f, t), doc);
		say_estimate(f, t, doc);
		say_memory(f, shares, &memory, ROWS_MAX, doc);
	}
	say_copies(t, doc);
	say_turnover(f, t, doc);
	say_swapped(t, doc);
	say_files(f, t, &files, doc);
	say_refaults(f, doc);
	coverage_say(f, t, doc);
	say_sum(f, doc);
	free(memory.lines);
	free(files.lines);
}

void story_who(const struct facts *f, struct doc *doc)
{
	struct shares shares;
	const struct touches *t = &shares.there;

	shares_gather(f, &shares);
	if (t->count && coverage_has_tables(f, t))
		say_tables(f, &shares, doc);
	else if (t->samples)
		coverage_say_little(f, t, doc);
	shares_release(&shares);
}

bool story_who_rows(const struct facts *f, struct doc *doc)
{
	struct shares shares;
	struct touches memory;
	bool has_rows;

	shares_gather(f, &shares);
	memory = pick_lines(f, &shares.there, false);
	has_rows = memory.count && coverage_has_table(f, memory.total, false) &&
		   !coverage_minor_part_of(f, &shares.there);
	if (has_rows) {
		doc_heading(doc, "Where resident memory came from");
		say_estimate(f, &shares.there, doc);
		say_memory(f, &shares, &memory, ROWS_BRIEF, doc);
	}
	free(memory.lines);
	shares_release(&shares);
	return has_rows;
}
