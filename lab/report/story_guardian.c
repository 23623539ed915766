/* What the guardian did in place of the launcher. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/story.h"

static bool is_gone(const struct record_guardian *g)
{
	return g->why == GUARDIAN_GONE;
}

/* "ended the 3 processes left of it"; the caller frees. */
static char *ended_words(const struct record_guardian *g)
{
	if (!g->ended)
		return xstrdup("found no process left of it");
	return text_format("ended the %s left of it", TEXT_COUNT(g->ended, "process"));
}

static char *left_words(const struct record_guardian *g)
{
	if (!g->left)
		return xstrdup(" Of what the run had made its folder alone is left");
	return text_format(" Of these and what else the run had made, %" PRId64
			   " could not be ended or removed; 'oomlab doctor --restore' tries again",
			   g->left);
}

char *story_guardian_words(const struct facts *f)
{
	const struct record_guardian *g = &f->record->guardian;
	_cleanup_free_ char *ended = ended_words(g), *left = left_words(g);

	if (!g->why)
		return NULL;
	if (is_gone(g))
		return text_format(
			"The launcher was gone before the run was over; its guardian %s.%s.", ended,
			left);
	if (g->why == GUARDIAN_STOPPED)
		return text_format(
			"The launcher itself was held still (stopped, or traced) when the time was over, so that its guardian %s; what happened while it stood still was not watched.",
			ended);
	return text_format(
		"The launcher had not ended the run long after the time was over, so that its guardian %s.",
		ended);
}

void story_guardian(const struct facts *f, struct doc *doc)
{
	_cleanup_free_ char *words = story_guardian_words(f);

	if (!words)
		return;
	doc_sentence(doc, "%s", words);
	doc_cite(doc, "record line %u", f->record->guardian.line);
}

bool story_guardian_ended(const struct facts *f)
{
	return is_gone(&f->record->guardian);
}
