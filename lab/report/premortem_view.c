#include "report/premortem_view.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/short_name.h"

char *premortem_where(const struct touch_frames *frames, const struct premortem_thread *thread)
{
	struct touch_line line = {0};
	_cleanup_free_ char *innermost = NULL, *name = NULL, *own = NULL;
	bool has_own;

	if (!thread->stack || !*thread->stack)
		return xstrdup(thread->is_running ? "not known: it could not be held"
						  : "not known");
	has_own = touch_blame(frames, thread->stack, &line);
	if (!has_own || line.at != thread->stack)
		innermost = touch_frame_name(frames, thread->stack, strcspn(thread->stack, " "));
	name = innermost ? short_name(innermost) : NULL;
	if (!has_own)
		return STEAL(name);
	own = touch_place(&line);
	return name ? text_format("%s, called from %s", name, own) : STEAL(own);
}

char *premortem_mapping_name(const struct premortem_mapping *m)
{
	if (m->is_rest)
		return text_format("%s", TEXT_COUNT(or_zero(m->mappings), "other mapping"));
	if (m->arena && m->name && strcmp(m->name, "[heap]") != 0)
		return text_format("%s, arena \"%s\"", m->name, m->arena);
	if (m->arena)
		return text_format("%s, with arena \"%s\"", m->name ? m->name : "anonymous",
				   m->arena);
	if (m->name)
		return xstrdup(m->name);
	return m->mappings == 1 && is_known(m->start)
		       ? text_format("anonymous, at 0x%" PRIx64, (uint64_t)m->start)
		       : text_format("anonymous, %s",
				     TEXT_COUNT(or_zero(m->mappings), "small mapping"));
}

const struct premortem_thread *premortem_thread_of(const struct record *r, int64_t tid)
{
	for (size_t i = 0; r->premortem && i < r->premortem->thread_count; i++)
		if (r->premortem->threads[i].tid == tid)
			return &r->premortem->threads[i];
	return NULL;
}

int64_t premortem_lead_ns(const struct facts *f)
{
	const struct record_premortem *p = f->record->premortem;

	if (!premortem_was_taken(f->record) || !is_known(f->kill_ns) || !is_known(p->thaw_ns) ||
	    f->kill_ns < p->thaw_ns)
		return ABSENT;
	return f->kill_ns - p->thaw_ns;
}
