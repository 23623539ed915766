/* What was not seen, what was lost, and remarks on the quality of the run. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/story.h"
#include "report/words.h"

enum { REMARKS_BRIEF = 2 };

/* Some kernel memory is always uncharged late: only more than 1 % of the limit is told. */
static bool has_residue(const struct facts *f)
{
	int64_t threshold = is_known(f->limit_bytes) ? f->limit_bytes / 100 : 4 << 20;

	return is_known(f->record->residue_bytes) && f->record->residue_bytes > threshold;
}

/* A source is missed unless another one tells the same. */
static bool is_missed(const struct record_source *source)
{
	return !source->is_open && !source->is_needless;
}

/* An error before the target ran explains the missing end, and no evidence is missing. */
static bool has_no_end(const struct record *r)
{
	return !r->is_complete && !(r->error && !is_known(r->gate_ns));
}

/* False for the twin, which story_instead() tells. */
static bool is_told_here(const struct record *r, const struct remark *remark)
{
	return !(remark->is_twin && story_has_twin(r));
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

/* In a container with memory.oom.group the kernel kills the lab with its target. */
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
		_cleanup_free_ char *words = words_loss(r->lost[i].what, r->lost[i].count);

		doc_sentence(doc, "Lost: %s.", words);
		doc_cite(doc, "record line %u", r->lost[i].line);
	}
	if (f->conclusion->kills->dropped) {
		doc_sentence(doc, "%s of this run %s not told one by one.",
			     TEXT_COUNT(f->conclusion->kills->dropped, "further OOM event"),
			     f->conclusion->kills->dropped == 1 ? "is" : "are");
		doc_cite(doc, "kmsg");
	}
	if (has_no_end(r)) {
		doc_sentence(
			doc,
			"The record has no end: %s had drained its sources, so later evidence may be missing.",
			story_guardian_ended(f) ? "the launcher was gone before it"
			: r->panic		? "the kernel panicked before oomlab"
						: "oomlab was stopped before it");
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

static void say_remark(const struct remark *remark, struct doc *doc)
{
	doc_sentence(doc, "%s.", remark->text);
	doc_cite(doc, "record line %u", remark->line);
}

static void say_remarks(const struct record *r, const struct remarks *remarks, struct doc *doc)
{
	for (size_t i = 0; i < remarks->count; i++)
		if (is_told_here(r, &remarks->items[i]))
			say_remark(&remarks->items[i], doc);
}

/* By name: why each was missed is often long. */
static void name_sources(const struct record *r, struct doc *doc)
{
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < r->source_count; i++)
		if (is_missed(&r->sources[i]))
			strbuf_printf(&names, "%s%s", names.len ? ", no " : "No ",
				      r->sources[i].name);
	if (names.len)
		doc_sentence(doc, "%s: the full report says why.", names.buf);
}

static void say_first_remarks(const struct record *r, const struct remarks *remarks,
			      struct doc *doc)
{
	size_t said = 0, left = 0;

	for (size_t i = 0; i < remarks->count; i++) {
		if (!is_told_here(r, &remarks->items[i]))
			continue;
		if (said < REMARKS_BRIEF && ++said)
			say_remark(&remarks->items[i], doc);
		else
			left++;
	}
	if (left)
		doc_sentence(doc, "The full report has %s.", TEXT_COUNT(left, "more remark"));
}

/* What was lost may change what the rest means: it is never left out. */
void story_quality_brief(const struct facts *f, struct doc *doc)
{
	_cleanup_(words_release) struct remarks remarks;

	words_gather(f->record, &remarks);
	if (!has_quality(f, &remarks))
		return;
	doc_heading(doc, "What was not seen, and remarks");
	name_sources(f->record, doc);
	story_guardian(f, doc);
	say_losses(f, doc);
	say_residue(f, doc);
	say_first_remarks(f->record, &remarks, doc);
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
