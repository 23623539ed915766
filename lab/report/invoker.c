#include "report/invoker.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/stack.h"
#include "report/touches.h"

const struct record_invoker *invoker_of(const struct facts *f)
{
	const struct record *r = f->record;
	int64_t invoker = f->kill ? f->kill->event.invoker_pid : ABSENT;

	if (!f->kill || !f->victim || record_setting(r, "pid_namespace"))
		return NULL;
	for (size_t i = 0; i < r->invoker_count; i++)
		if (r->invokers[i].victim == f->victim->pid &&
		    (!is_known(invoker) || r->invokers[i].tid == invoker))
			return &r->invokers[i];
	return NULL;
}

static bool writes(const char *function)
{
	static const char *const calls[] = {"write", "sendfile", "splice", "copy_file_range",
					    "fallocate"};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (strstr(function, calls[i]))
			return true;
	return false;
}

/* Whether one of the functions inside the program's own, which is at `own`, writes to a file. */
static bool is_writing(const struct touch_frames *frames, const char *stack, const char *own)
{
	struct stack_frame place;

	while (stack_next(&stack, &place) && place.at != own) {
		_cleanup_free_ char *name = touch_frame_name(frames, place.at, place.len);

		if (writes(name))
			return true;
	}
	return false;
}

/*
 * The innermost function, and the program's own that called it; both NULL where that is the same.
 * Returns whether it writes to a file.
 */
static bool find(const struct facts *f, const struct record_invoker *invoker, char **function,
		 char **caller)
{
	struct touch_frames frames;
	struct touch_line line = {0};
	bool is_found = false;

	touch_frames_init(&frames, f->record);
	if (touch_blame(&frames, invoker->stack, &line) && line.at != invoker->stack &&
	    line.function) {
		*function = touch_frame_name(&frames, invoker->stack, strcspn(invoker->stack, " "));
		*caller = touch_place(&line);
		is_found = is_writing(&frames, invoker->stack, line.at);
	}
	touch_frames_release(&frames);
	return is_found;
}

char *invoker_caller(const struct facts *f, const struct record_invoker *invoker)
{
	_cleanup_free_ char *function = NULL;
	char *caller = NULL;

	find(f, invoker, &function, &caller);
	return caller;
}

char *invoker_writing(const struct facts *f, const struct record_invoker *invoker)
{
	const struct oomlog_event *e = &f->kill->event;
	_cleanup_free_ char *function = NULL, *caller = NULL;
	bool is_to_memory = mechanism_has_frame((const char *const *)e->trace, e->trace_count,
						"shmem_write_begin");
	bool is_found = find(f, invoker, &function, &caller);

	return is_found ? text_format("When the limit was hit, %s (pid %" PRId64
				      ") was %sin %s, called from %s.",
				      e->invoker_comm ? e->invoker_comm : "a thread", invoker->tid,
				      is_to_memory ? "writing to a file in memory, " : "", function,
				      caller)
			: NULL;
}
