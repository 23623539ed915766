#include "run/run_frames.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/premortem_lines.h"
#include "record/stack.h"
#include "run/run_nameless.h"
#include "symbols/origin.h"
#include "symbols/symbols.h"

enum { FRAMES_MAX = 20000, FILE_NAME_MAX = 4096 };

struct item {
	char *at;	/* the frame's text in a stack (record/stack.h) */
	bool is_caller; /* calls into a system library in some stack */
};

/* Two frames of one module, the one behind the other in some stack. */
struct pair {
	struct stack_frame inner, outer; /* borrowed from the record */
};

struct frames {
	const struct record *record;
	struct item *items;
	size_t count;
	struct pair *pairs;
	size_t pair_count;
};

static void frames_release(struct frames *frames)
{
	for (size_t i = 0; i < frames->count; i++)
		free(frames->items[i].at);
	free(frames->items);
	free(frames->pairs);
}

static const char *module_path(const struct record *record, int64_t id)
{
	for (size_t i = 0; i < record->module_count; i++)
		if (record->modules[i].id == id)
			return record->modules[i].path;
	return NULL;
}

static bool is_in_system(const struct record *record, const struct stack_frame *frame)
{
	const char *path = frame->module < 0 ? NULL : module_path(record, frame->module);

	return path && origin_is_system_library(path);
}

static void add_pair(struct frames *frames, const struct stack_frame *inner,
		     const struct stack_frame *outer)
{
	if (outer->module < 0 || inner->module != outer->module || frames->pair_count == FRAMES_MAX)
		return;
	if (!(frames->pair_count & (frames->pair_count - 1)))
		frames->pairs = xrealloc(frames->pairs,
					 frames->pair_count ? frames->pair_count * 2 : 1,
					 sizeof(*frames->pairs));
	frames->pairs[frames->pair_count++] = (struct pair){*inner, *outer};
}

static void add_stack(struct frames *frames, const char *stack)
{
	struct stack_frame frame, callee = {.module = STACK_NO_MODULE};

	while (stack_next(&stack, &frame) && frames->count < FRAMES_MAX) {
		struct item item = {.is_caller = is_in_system(frames->record, &callee)};

		add_pair(frames, &callee, &frame);
		callee = frame;
		if (frame.module < 0)
			continue;
		item.at = xstrndup(frame.at, frame.len);
		frames->items = xrealloc(frames->items, frames->count + 1, sizeof(*frames->items));
		frames->items[frames->count++] = item;
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->at, ((const struct item *)b)->at);
}

static void drop_doubles(struct frames *frames)
{
	size_t kept = 0;

	for (size_t i = 0; i < frames->count; i++) {
		struct item *last = kept ? &frames->items[kept - 1] : NULL;

		if (!last || strcmp(last->at, frames->items[i].at) != 0) {
			frames->items[kept++] = frames->items[i];
			continue;
		}
		last->is_caller |= frames->items[i].is_caller;
		free(frames->items[i].at);
	}
	frames->count = kept;
}

static int by_module_and_address(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->inner.module != y->inner.module)
		return x->inner.module < y->inner.module ? -1 : 1;
	if (x->inner.address != y->inner.address)
		return x->inner.address < y->inner.address ? -1 : 1;
	return (x->outer.address > y->outer.address) - (x->outer.address < y->outer.address);
}

/* Collects each different frame once, sorted: those of one module follow one another. */
static void collect(const struct record *record, struct frames *frames)
{
	for (size_t i = 0; i < record->reservation_count; i++)
		if (record->reservations[i].at)
			add_stack(frames, record->reservations[i].at);
	for (size_t i = 0; i < record->touch_count; i++)
		if (record->touches[i].stack)
			add_stack(frames, record->touches[i].stack);
	for (size_t i = 0; record->premortem && i < record->premortem->thread_count; i++)
		if (record->premortem->threads[i].stack)
			add_stack(frames, record->premortem->threads[i].stack);
	for (size_t i = 0; i < record->invoker_count; i++)
		add_stack(frames, record->invokers[i].stack);
	for (size_t i = 0; i < record->mapping_count; i++)
		if (record->mappings[i].stack)
			add_stack(frames, record->mappings[i].stack);
	if (frames->count)
		qsort(frames->items, frames->count, sizeof(*frames->items), by_text);
	drop_doubles(frames);
	if (frames->pair_count)
		qsort(frames->pairs, frames->pair_count, sizeof(*frames->pairs),
		      by_module_and_address);
}

static void put(struct record_writer *w, const char *at, const char *calls, int64_t level,
		const struct symbol *symbol)
{
	bool has_file = symbol->file && strlen(symbol->file) < FILE_NAME_MAX;

	record_put_frame(w, &(struct record_frame){
				    .at = at,
				    .function = symbol->function,
				    .file = has_file ? symbol->file : NULL,
				    .line_number = has_file ? symbol->line : 0,
				    .calls = calls,
				    .level = level,
			    });
}

/* Writes the frames of one address; true when its function is known. */
static bool resolve(struct record_writer *w, struct symbols *symbols, const struct item *item,
		    uint64_t address)
{
	_cleanup_free_ char *calls = item->is_caller ? symbols_called(symbols, address) : NULL;
	struct symbol chain[SYMBOLS_DEPTH] = {0};
	size_t count = symbols_find_inlined(symbols, address, chain);

	if (count || calls)
		put(w, item->at, calls, ABSENT, &chain[0]);
	for (size_t i = 1; i < count; i++)
		put(w, item->at, NULL, (int64_t)i, &chain[i]);
	for (size_t i = 0; i < count; i++)
		symbol_release(&chain[i]);
	return count > 0;
}

/* What stood between two frames: the jumps, and the frames of these. */
static void put_tail_calls(struct record_writer *w, struct symbols *symbols,
			   const struct pair *pair)
{
	uint64_t jumps[SYMBOLS_TAIL_CALLS];
	size_t count = symbols_tail_calls(symbols, pair->inner.address, pair->outer.address, jumps);
	_cleanup_free_ char *inner = xstrndup(pair->inner.at, pair->inner.len);
	_cleanup_free_ char *outer = xstrndup(pair->outer.at, pair->outer.len);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < count; i++) {
		_cleanup_strbuf_ struct strbuf at = STRBUF_INIT;

		stack_put(&at, pair->outer.module, jumps[i]);
		stack_put(&text, pair->outer.module, jumps[i]);
		resolve(w, symbols, &(struct item){.at = at.buf}, jumps[i]);
	}
	if (count)
		record_put_tail_call(w, &(struct record_tail_call){
						.inner = inner, .outer = outer, .jumps = text.buf});
}

static void resolve_pairs(struct record_writer *w, struct symbols *symbols,
			  const struct frames *frames, int64_t module)
{
	const struct pair *last = NULL;

	for (size_t i = 0; i < frames->pair_count; i++) {
		const struct pair *pair = &frames->pairs[i];

		if (pair->inner.module != module ||
		    (last && by_module_and_address(last, pair) == 0))
			continue;
		put_tail_calls(w, symbols, pair);
		last = pair;
	}
}

/* Resolves all frames of one module, which begin at `first`; returns how many they are. */
static size_t resolve_module(struct run_symbols_steps *steps, const struct frames *frames,
			     size_t first, struct run_nameless *without)
{
	const struct item *items = frames->items + first;
	int64_t id = stack_frame(items->at, strlen(items->at)).module;
	const char *path = module_path(frames->record, id);
	_cleanup_free_ char *what = text_format("'%s'", path ? path : "");
	struct symbols *symbols = NULL;
	size_t count = 0, nameless = 0;

	if (path && *path == '/' && run_symbols_step(steps, what))
		symbols = symbols_open_file(path);
	for (; first + count < frames->count; count++) {
		const struct stack_frame frame =
			stack_frame(items[count].at, strlen(items[count].at));

		if (frame.module != id)
			break;
		if (symbols)
			nameless += !resolve(&steps->w, symbols, &items[count], frame.address);
	}
	if (symbols)
		resolve_pairs(&steps->w, symbols, frames, id);
	if (symbols && nameless && origin_is_system_library(path) && symbols_are_few(symbols))
		run_nameless_add(without, path);
	symbols_close(symbols);
	return count;
}

void run_frames_write(struct run_symbols_steps *steps, const struct record *record)
{
	_cleanup_(frames_release) struct frames frames = {.record = record};
	struct run_nameless nameless = RUN_NAMELESS_INIT;

	collect(record, &frames);
	for (size_t i = 0; i < frames.count;)
		i += resolve_module(steps, &frames, i, &nameless);
	run_nameless_note(&nameless, &steps->w);
}
