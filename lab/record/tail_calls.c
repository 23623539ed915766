#include "record/tail_calls.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "record/premortem_lines.h"
#include "record/stack.h"

static int compare(const struct stack_frame *frame, const char *text)
{
	int order = strncmp(frame->at, text, frame->len);

	return order || !text[frame->len] ? order : -1;
}

struct pair {
	struct stack_frame inner, outer;
};

static int of_pair(const void *key, const void *element)
{
	const struct record_tail_call *tail = element;
	const struct pair *pair = key;
	int order = compare(&pair->inner, tail->inner);

	return order ? order : compare(&pair->outer, tail->outer);
}

static int by_frames(const void *a, const void *b)
{
	const struct record_tail_call *x = a, *y = b;
	int order = strcmp(x->inner, y->inner);

	return order ? order : strcmp(x->outer, y->outer);
}

static void restore(struct record *r, const char **stack)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *rest = *stack;
	struct pair pair = {0};
	bool is_changed = false;
	json_t *kept;

	if (!*stack || !stack_next(&rest, &pair.outer))
		return;
	strbuf_append(&text, pair.outer.at, pair.outer.len);
	for (pair.inner = pair.outer; stack_next(&rest, &pair.outer); pair.inner = pair.outer) {
		const struct record_tail_call *tail = bsearch(
			&pair, r->tail_calls, r->tail_call_count, sizeof(*r->tail_calls), of_pair);

		if (tail)
			strbuf_printf(&text, " %s", tail->jumps);
		is_changed |= tail != NULL;
		strbuf_putc(&text, ' ');
		strbuf_append(&text, pair.outer.at, pair.outer.len);
	}
	kept = is_changed ? json_stringn(text.buf, text.len) : NULL;
	if (kept && json_array_append_new(r->lines, kept) == 0)
		*stack = json_string_value(kept);
}

void tail_calls_restore(struct record *r)
{
	if (!r->tail_call_count)
		return;
	qsort(r->tail_calls, r->tail_call_count, sizeof(*r->tail_calls), by_frames);
	for (size_t i = 0; i < r->touch_count; i++)
		restore(r, &r->touches[i].stack);
	for (size_t i = 0; i < r->mapping_count; i++)
		restore(r, &r->mappings[i].stack);
	for (size_t i = 0; i < r->invoker_count; i++)
		restore(r, &r->invokers[i].stack);
	for (size_t i = 0; r->premortem && i < r->premortem->thread_count; i++)
		restore(r, &r->premortem->threads[i].stack);
}
