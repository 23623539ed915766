#include "profile/space_mappings.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

struct space_mapping *space_mappings_at(const struct space_mappings *s, int id)
{
	return id < 1 || (size_t)id > s->count ? NULL : &s->items[id - 1];
}

static bool is_of(const struct space_mapping *m, pid_t pid, const struct unwind_frame *frames,
		  size_t depth)
{
	return m->pid == pid && m->depth == depth && unwind_is_same(m->frames, frames, depth);
}

/* A mapping that is now known as shared memory was requested as MAPPING_MMAP. */
static bool is_of_kind(const struct space_mapping *m, const struct space_mapping *kind)
{
	return m->is_requested == kind->is_requested &&
	       (m->what == kind->what || (kind->what == MAPPING_MMAP && m->what == MAPPING_SHARED));
}

int space_mappings_find(const struct space_mappings *s, const struct space_mapping *kind, pid_t pid,
			const struct unwind_frame *frames, size_t depth)
{
	for (size_t i = 0; i < s->count; i++)
		if (is_of_kind(&s->items[i], kind) && is_of(&s->items[i], pid, frames, depth))
			return (int)i + 1;
	return MAPPING_UNKNOWN;
}

int space_mappings_new(struct space_mappings *s, enum mapping_what what,
		       const struct perf_event *event)
{
	if (s->count == MAPPINGS_MAX)
		return MAPPING_UNKNOWN;
	if (!(s->count & (s->count - 1)))
		s->items = xrealloc(s->items, s->count ? s->count * 2 : 1, sizeof(*s->items));
	s->items[s->count++] = (struct space_mapping){
		.what = what,
		.pid = event->pid,
		.start = event->start,
		.t_ns = event->t_ns,
	};
	return (int)s->count;
}

int space_mappings_new_by(struct space_mappings *s, enum mapping_what what,
			  const struct perf_event *event, const struct unwind_frame *frames,
			  size_t depth)
{
	int id = space_mappings_new(s, what, event);
	struct space_mapping *m = space_mappings_at(s, id);

	if (m && depth) {
		m->depth = depth;
		m->frames = xcalloc(depth, sizeof(*frames));
		memcpy(m->frames, frames, depth * sizeof(*frames));
	}
	return id;
}

int space_mappings_requested(struct space_mappings *s, const struct perf_event *event,
			     const struct unwind_frame *frames, size_t depth)
{
	int id = s->count < MAPPINGS_MAX / 2
			 ? MAPPING_UNKNOWN
			 : space_mappings_find(s, &(struct space_mapping){.what = MAPPING_MMAP},
					       event->pid, frames, depth);

	return id ? id : space_mappings_new_by(s, MAPPING_MMAP, event, frames, depth);
}

/* Small pieces come and go in great numbers, at the same few addresses. */
static bool is_at_most(const struct space_mapping *m)
{
	return m->what == MAPPING_SMALL || m->what == MAPPING_UNSEEN;
}

void space_mappings_add(struct space_mapping *m, int64_t bytes)
{
	int64_t again = !is_at_most(m) ? 0 : bytes < m->returned ? bytes : m->returned;

	m->returned -= again;
	m->bytes += bytes - again;
}

void space_mappings_return(struct space_mapping *m, int64_t bytes, bool is_unused)
{
	int64_t most = m->bytes - m->returned;

	bytes = bytes < most ? bytes : most;
	if (bytes <= 0)
		return;
	if (is_unused)
		m->bytes -= bytes;
	else
		m->returned += bytes;
}

void space_mappings_release(struct space_mappings *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].frames);
	free(s->items);
	*s = (struct space_mappings){0};
}
