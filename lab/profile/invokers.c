#include "profile/invokers.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

void invokers_add(struct invokers *s, const struct perf_event *event,
		  const struct unwind_frame *frames, size_t depth)
{
	struct invoker *invoker;

	if (!depth || s->count == INVOKERS_MAX)
		return;
	if (!s->items)
		s->items = xcalloc(INVOKERS_MAX, sizeof(*s->items));
	invoker = &s->items[s->count++];
	*invoker = (struct invoker){
		.t_ns = event->t_ns,
		.pid = event->pid,
		.tid = event->tid,
		.victim = event->victim,
		.depth = depth,
		.frames = xcalloc(depth, sizeof(*frames)),
	};
	memcpy(invoker->frames, frames, depth * sizeof(*frames));
}

void invokers_release(struct invokers *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].frames);
	free(s->items);
	*s = (struct invokers){0};
}
