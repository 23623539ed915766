/* Evidence that several sections cite. */
#include <inttypes.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/query.h"
#include "report/story.h"

void cite_kmsg(struct doc *doc, const struct record_kmsg *line)
{
	if (line)
		doc_cite(doc, "kmsg %" PRIu64, line->seq);
}

void cite_trace(struct doc *doc, const struct record_arena *arena)
{
	if (!arena || !is_known(arena->first_record) || !is_known(arena->last_record))
		return;
	if (arena->first_record == arena->last_record)
		doc_cite(doc, "trace %" PRId64, arena->first_record);
	else
		doc_cite(doc, "trace %" PRId64 "-%" PRId64, arena->first_record,
			 arena->last_record);
}

/* v1 has no memory.events: the names are those of the files the counters were read from. */
static const char *counter_file(const struct facts *f, enum counter which)
{
	if (f->record->cgroup_version != 1)
		return "memory.events";
	return which == COUNTER_OOM_KILL ? "memory.oom_control" : "memory.failcnt";
}

void cite_event(struct doc *doc, const struct facts *f, enum counter which)
{
	bool is_failcnt = f->record->cgroup_version == 1 && which != COUNTER_OOM_KILL;
	_cleanup_free_ char *name = is_failcnt ? xstrdup(counter_file(f, which))
					       : text_format("%s %s", counter_file(f, which),
							     record_counter_names[which]);
	int64_t delta = record_delta(f->own, which);

	if (delta > 0)
		doc_cite(doc, "%s %" PRId64 "->%" PRId64, name, f->own->before.value[which],
			 f->own->after.value[which]);
	else if (!delta && which == COUNTER_OOM_KILL && f->conclusion->scope == SCOPE_NONE)
		doc_cite(doc, "%s %" PRId64 ", unchanged", name, f->own->after.value[which]);
}

void cite_lines(struct doc *doc, unsigned int first, unsigned int last)
{
	if (first == last)
		doc_cite(doc, "record line %u", first);
	else
		doc_cite(doc, "record lines %u-%u", first, last);
}

void cite_profile(struct doc *doc)
{
	doc_cite(doc, "touch profile");
}

void cite_setting(struct doc *doc, const struct facts *f, const char *name)
{
	const char *value = record_setting(f->record, name);

	if (value)
		doc_cite(doc, "%s %s", name, value);
}

void cite_end(struct doc *doc, const struct facts *f)
{
	if (f->end && is_known(f->end->signal))
		doc_cite(doc, "exit signal %" PRId64, f->end->signal);
	else if (f->end && is_known(f->end->exit_status))
		doc_cite(doc, "exit status %" PRId64, f->end->exit_status);
}
