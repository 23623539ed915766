/* The timeline, what to do instead, what was compared, and what was not seen. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/story.h"
#include "report/words.h"

static void add_series(const struct record *r, struct doc *doc, const char *name,
		       enum metric metric)
{
	struct doc_point *points = xcalloc(r->sample_count, sizeof(*points));
	size_t count = 0;

	for (size_t i = 0; i < r->sample_count; i++)
		if (is_known(r->samples[i].value[metric]))
			points[count++] =
				(struct doc_point){r->samples[i].t_ns, r->samples[i].value[metric]};
	if (count > 1)
		doc_series(doc, name, points, count);
	free(points);
}

void story_timeline(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;

	if (r->sample_count < 2)
		return;
	doc_chart(doc, f->limit_bytes);
	add_series(r, doc, "memory.current", METRIC_CURRENT);
	add_series(r, doc, "anon", METRIC_ANON);
	add_series(r, doc, "file", METRIC_FILE);
	add_series(r, doc, "kernel", METRIC_KERNEL);
	if (is_known(r->gate_ns))
		doc_mark(doc, "gate", r->gate_ns);
	for (size_t i = 0; i < r->mark_count; i++) {
		_cleanup_free_ char *mark = words_mark(&r->marks[i]);

		doc_mark(doc, mark, r->marks[i].t_ns);
	}
	if (is_known(f->kill_ns))
		doc_mark(doc, "killed", f->kill_ns);
	doc_cite(doc, "samples 1-%zu", r->sample_count);
}

/* Of the twin that the spec names, and no other. */
static bool has_twin(const struct record *r)
{
	return r->spec.twin && r->twin.name && !strcmp(r->twin.name, r->spec.twin);
}

/* The lesson tells of a run that ends as expected, which this one may not have. */
static const char *lesson_words(const struct facts *f)
{
	enum outcome expected = f->record->spec.expect.outcome;

	if (expected && expected != f->conclusion->outcome)
		return "What it shows when it ends as expected";
	return f->conclusion->outcome == OUTCOME_OOM_KILLED ? "What to do instead"
							    : "What to take home";
}

void story_instead(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;
	_cleanup_free_ char *twin = has_twin(r) ? words_twin(&r->twin) : NULL;

	if (r->skip || (!r->spec.lesson && !r->spec.twin))
		return;
	doc_heading(doc, "%s", lesson_words(f));
	if (r->spec.lesson) {
		doc_sentence(doc, "%s", r->spec.lesson);
		doc_cite(doc, "spec");
	}
	if (!r->spec.twin)
		return;
	if (twin) {
		doc_sentence(doc, "Its twin, %s, run here: %s.", r->twin.name, twin);
		doc_cite(doc, "record line %u", r->twin.line);
		return;
	}
	doc_sentence(
		doc,
		"Its twin, %s, does the same and fares otherwise; with --twin it is run first.",
		r->spec.twin);
	doc_cite(doc, "spec");
}

void story_checks(const struct facts *f, struct doc *doc)
{
	const struct conclusion *c = f->conclusion;

	if (!c->check_count)
		return;
	doc_heading(doc, "Expected and found");
	doc_table(doc);
	doc_row(doc, "", "expected", "found", "");
	for (size_t i = 0; i < c->check_count; i++)
		doc_row(doc, c->checks[i].what, c->checks[i].expected, c->checks[i].found,
			c->checks[i].ok		? "ok"
			: c->checks[i].is_known ? "DIFFERS"
						: "not known");
}

void story_engine(const struct facts *f, struct doc *doc)
{
	const struct record_engine *e = &f->record->engine;

	if (!e->name)
		return;
	doc_heading(doc, "What the engine says");
	doc_sentence(doc, "%s %s ran it in container %s of image %s.", e->name,
		     e->version ? e->version : "", e->container ? e->container : "?",
		     e->image ? e->image : "?");
	doc_cite(doc, "record line %u", e->line);
	if (!is_known(e->oom_killed))
		return;
	doc_sentence(doc, "It says OOMKilled %s and exit status %" PRId64 ", which %s.",
		     e->oom_killed ? "true" : "false", e->exit_status,
		     facts_engine_agrees(f)
			     ? "agrees with the kernel"
			     : "is not what the kernel did: believe the kernel's account");
	doc_cite(doc, "%s inspect", e->name);
	if (e->error) {
		doc_sentence(doc, "Its error: %s", e->error);
		doc_cite(doc, "%s inspect", e->name);
	}
}

/* Some kernel memory is always uncharged late; more than 1 % of the limit is worth a word. */
static bool has_residue(const struct facts *f)
{
	int64_t threshold = is_known(f->limit_bytes) ? f->limit_bytes / 100 : 4 << 20;

	return is_known(f->record->residue_bytes) && f->record->residue_bytes > threshold;
}

/* What another source tells as well leaves no gap. */
static bool is_missed(const struct record_source *source)
{
	return !source->is_open && !source->is_needless;
}

/* An error that came before anything ran explains the missing end, and hides nothing. */
static bool has_no_end(const struct record *r)
{
	return !r->is_complete && !(r->error && !is_known(r->gate_ns));
}

/* What is told elsewhere is no remark. */
static bool is_told_here(const struct record *r, const struct remark *remark)
{
	return !(remark->is_twin && has_twin(r));
}

static bool has_remarks(const struct record *r, const struct remarks *remarks)
{
	for (size_t i = 0; i < remarks->count; i++)
		if (is_told_here(r, &remarks->items[i]))
			return true;
	return false;
}

static bool has_quality(const struct facts *f, const struct remarks *remarks)
{
	const struct record *r = f->record;

	for (size_t i = 0; i < r->source_count; i++)
		if (is_missed(&r->sources[i]))
			return true;
	return has_remarks(r, remarks) || r->guardian.why || r->lost_count ||
	       (r->error && f->conclusion->outcome != OUTCOME_LAB_ERROR) || has_no_end(r) ||
	       f->conclusion->kills->dropped || has_residue(f);
}

/* In a container with memory.oom.group the lab ends with its target, and cannot say so. */
static void say_group(const struct facts *f, struct doc *doc)
{
	const struct record_sample *last = record_sample_before(f->record, ABSENT, METRIC_CURRENT);

	if (!f->own || f->own->oom_group != 1 || story_guardian_ended(f) || !last ||
	    !is_known(f->limit_bytes))
		return;
	doc_sentence(
		doc,
		"An OOM kill would have ended it in just this way, because memory.oom.group is 1; %s of the limit of %s were charged at its last sample. Who watched from outside knows: OOMKilled, of the engine or the pod.",
		TEXT_SIZE((uint64_t)last->value[METRIC_CURRENT]),
		TEXT_SIZE((uint64_t)f->limit_bytes));
	doc_cite(doc, "record line %u", f->own->limits_line);
	doc_cite(doc, "sample %zu", record_sample_number(f->record, last));
}

static void say_losses(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;

	for (size_t i = 0; i < r->lost_count; i++) {
		doc_sentence(doc, "Lost: %" PRId64 " %s.", r->lost[i].count,
			     words_loss(r->lost[i].what));
		doc_cite(doc, "record line %u", r->lost[i].line);
	}
	if (f->conclusion->kills->dropped) {
		doc_sentence(doc, "%zu further OOM events of this run are not told one by one.",
			     f->conclusion->kills->dropped);
		doc_cite(doc, "kmsg");
	}
	if (has_no_end(r)) {
		doc_sentence(
			doc,
			"The record has no end: %s before it had drained its sources, so later evidence may be missing.",
			story_guardian_ended(f) ? "the launcher was gone" : "oomlab was stopped");
		doc_cite(doc, "record lines 1-%zu", r->line_count);
		say_group(f, doc);
	}
	if (r->error && f->conclusion->outcome != OUTCOME_LAB_ERROR) {
		doc_sentence(doc, "oomlab failed in part: %s.", r->error);
		doc_cite(doc, "record line %u", r->error_line);
	}
}

static void say_sources(const struct record *r, struct doc *doc)
{
	for (size_t i = 0; i < r->source_count; i++) {
		if (!is_missed(&r->sources[i]))
			continue;
		doc_sentence(doc, "No %s: %s.", r->sources[i].name,
			     r->sources[i].why ? r->sources[i].why : "no reason was recorded");
		doc_cite(doc, "record line %u", r->sources[i].line);
	}
}

static void say_residue(const struct facts *f, struct doc *doc)
{
	if (!has_residue(f))
		return;
	doc_sentence(doc, "%s stayed charged after every process had gone.",
		     TEXT_SIZE((uint64_t)f->record->residue_bytes));
	doc_cite(doc, "record line %u", f->record->residue_line);
}

static void say_remarks(const struct record *r, const struct remarks *remarks, struct doc *doc)
{
	for (size_t i = 0; i < remarks->count; i++) {
		if (!is_told_here(r, &remarks->items[i]))
			continue;
		doc_sentence(doc, "%s.", remarks->items[i].text);
		doc_cite(doc, "record line %u", remarks->items[i].line);
	}
}

void story_quality(const struct facts *f, struct doc *doc)
{
	_cleanup_(words_release) struct remarks remarks;

	words_gather(f->record, &remarks);
	if (!has_quality(f, &remarks))
		return;
	doc_heading(doc, "What was not seen, and remarks");
	say_sources(f->record, doc);
	story_guardian(f, doc);
	say_losses(f, doc);
	say_residue(f, doc);
	say_remarks(f->record, &remarks, doc);
}
