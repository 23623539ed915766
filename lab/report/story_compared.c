/* The run beside other things: its twin and lesson, its expectation, the engine's report. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/checks.h"
#include "report/story.h"
#include "report/words.h"

bool story_has_twin(const struct record *r)
{
	return r->spec.twin && r->twin.name && !strcmp(r->twin.name, r->spec.twin);
}

/* The lesson is about a run that ends as expected, which this one need not. */
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
	_cleanup_free_ char *twin = story_has_twin(r) ? words_twin(&r->twin) : NULL;

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
		"Its twin, to compare it with, is %s; with --twin it is run first.",
		r->spec.twin);
	doc_cite(doc, "spec");
}

/* A scenario was to be killed, and ended with hardly anything charged. */
static bool touched_nothing(const struct facts *f)
{
	const struct spec *spec = &f->record->spec;

	return spec->name && spec->expect.outcome == OUTCOME_OOM_KILLED &&
	       f->conclusion->outcome == OUTCOME_SURVIVED && is_known(f->peak) &&
	       !f->is_peak_sampled && is_known(f->limit_bytes) && f->peak < f->limit_bytes / 10;
}

void story_checks(const struct facts *f, struct doc *doc)
{
	const struct conclusion *c = f->conclusion;
	const char *hint = checks_hint(f->record, c);

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
	if (hint)
		doc_sentence(doc, "The outcome is not known: %s.", hint);
	if (!touched_nothing(f))
		return;
	doc_sentence(
		doc,
		"It touched next to nothing. A compiler may remove a memset() of memory that nobody reads; scenario_touch() is never removed.");
	doc_cite(doc, "memory.peak %" PRId64, f->peak);
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
