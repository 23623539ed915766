/* The one screen for the terminal: what happened, where the memory came from, what to do. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/story.h"

/* All that was expected was found: a line; else the table says what was not. */
static void compared(const struct facts *f, struct doc *doc)
{
	const struct conclusion *c = f->conclusion;
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;

	for (size_t i = 0; i < c->check_count; i++) {
		if (!c->checks[i].ok) {
			story_checks(f, doc);
			return;
		}
		strbuf_printf(&names, "%s%s", i ? "; " : "", c->checks[i].what);
	}
	if (!c->check_count)
		return;
	doc_heading(doc, "Expected and found");
	doc_sentence(doc, "As expected: %s.", names.buf);
}

void story_brief(const struct facts *f, struct doc *doc)
{
	story_head(f, doc);
	if (!story_who_rows(f, doc))
		story_budget(f, doc);
	story_thrash_brief(f, doc);
	story_instead(f, doc);
	compared(f, doc);
	story_quality_brief(f, doc);
}
