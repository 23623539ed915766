#include "arena.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "os_mem.h"
#include "trace.h"

#define CLEAR_STEP_BYTES  ((size_t)16 << 20)
#define COMMIT_STEP_BYTES ((size_t)1 << 20)

#define SITE()		  ((uintptr_t)__builtin_return_address(0))
#define PUBLIC		  __attribute__((noinline))

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* pre: value + page size does not overflow. */
static size_t page_up(size_t value)
{
	const size_t page = os_mem_page_size();

	return (value + page - 1) & ~(page - 1);
}

static void publish(const struct arena *a)
{
	struct trace_arena *to = a->figures;

	if (!to)
		return;
	to->reserved = a->reserved;
	to->committed = a->committed;
	to->touched = a->touched;
	to->used = a->used;
	to->peak = a->peak;
}

static void enter_table(struct arena *a, uint16_t parent, size_t requested, int error)
{
	a->trace_id = trace_arena_add(&(struct trace_arena_entry){.name = a->name,
								  .policy = a->policy,
								  .source = a->source,
								  .parent = parent,
								  .base = a->base,
								  .requested = requested,
								  .reserved = a->reserved,
								  .error = error,
								  .init_site = a->init_site});
	a->figures = trace_arena_figures(a->trace_id);
	a->trace_generation = trace_state.generation;
}

static __attribute__((noinline)) void note_traced(struct arena *a, enum trace_op op, int error,
						  size_t offset, size_t bytes, uintptr_t site)
{
	uint64_t now;

	if (a->trace_generation != trace_state.generation)
		enter_table(a, a->trace_id, a->reserved, 0);
	now = trace_append(op, a->trace_id, error, offset, bytes, site);
	if (!a->figures)
		return;
	a->figures->time_last = now;
	if (error)
		a->figures->error = (uint32_t)error;
	publish(a);
}

static inline void note(struct arena *a, enum trace_op op, size_t offset, size_t bytes,
			uintptr_t site)
{
	if (trace_on())
		note_traced(a, op, 0, offset, bytes, site);
}

/* Returns error, negative. */
static int note_refusal(struct arena *a, size_t bytes, int error, uintptr_t site)
{
	if (trace_on())
		note_traced(a, TRACE_REFUSED, error, a->used, bytes, site);
	return -error;
}

static void count_touched(struct arena *a, size_t start, size_t end)
{
	if (end <= a->touched_end)
		return;
	a->touched += end - larger(start, a->touched_end);
	a->touched_end = end;
}

static int commit_to(struct arena *a, size_t end, uintptr_t site)
{
	const size_t steps = (end - 1) / a->commit_step + 1;
	const size_t target = smaller(steps * a->commit_step, a->reserved);
	const size_t before = a->committed;
	const int status = os_mem_commit(a->base + before, target - before);

	if (status < 0)
		return note_refusal(a, target - before, -status, site);
	a->committed = target;
	note(a, TRACE_COMMIT, before, target - before, site);
	return 0;
}

/* Its return address is on the line of the memset. Returns bytes. */
static __attribute__((noinline)) size_t clear_progress(struct arena *a, size_t done, size_t bytes)
{
	count_touched(a, 0, done);
	if (trace_on()) {
		note_traced(a, done ? TRACE_CLEAR_PROGRESS : TRACE_CLEAR_BEGIN, 0, done,
			    done ? bytes : a->reserved, SITE());
		if (a->figures) {
			a->figures->clear_target = a->reserved;
			a->figures->clear_site = SITE();
			a->figures->cleared = done;
		}
	}
	return bytes;
}

static __attribute__((noinline)) void clear_eagerly(struct arena *a)
{
	size_t bytes;

	for (size_t done = 0; done < a->reserved; done += bytes) {
		bytes = smaller(CLEAR_STEP_BYTES, a->reserved - done);
		memset(a->base + done, 0, clear_progress(a, done, bytes));
	}
	count_touched(a, 0, a->reserved);
	if (a->figures)
		a->figures->cleared = a->reserved;
}

static bool config_is_sound(const struct arena_config *c)
{
	const enum arena_source source = c->source;

	if (c->size == 0 || c->size > PTRDIFF_MAX - os_mem_page_size())
		return false;
	if (c->policy >= ARENA_CLEAR_COUNT || source >= ARENA_SOURCE_COUNT)
		return false;
	if (source == ARENA_SOURCE_UNSET)
		return true;
	return (source == ARENA_SOURCE_BACKING) == (c->backing != NULL);
}

static enum arena_source source_of(const struct arena_config *c)
{
	if (c->source != ARENA_SOURCE_UNSET)
		return c->source;
	return c->backing ? ARENA_SOURCE_BACKING : ARENA_SOURCE_MALLOC;
}

/* Everything but the memory. */
static void set_up(struct arena *a, const struct arena_config *c, uintptr_t site)
{
	const char *name = c->name ? c->name : "arena";
	const size_t step = c->commit_step ? c->commit_step : COMMIT_STEP_BYTES;

	*a = (struct arena){0};
	memcpy(a->name, name, strnlen(name, sizeof(a->name) - 1));
	a->policy = c->policy ? c->policy : ARENA_CLEAR_ON_ALLOCATION;
	a->source = source_of(c);
	a->commit_step = page_up(smaller(step, c->size));
	a->init_site = site;
}

/* Of the other sources the mapping is malloc's or the caller's, and so is its name. */
static void name_mapping(const struct arena *a, void *base, size_t size)
{
	char text[8 + TRACE_NAME_MAX] = "oomlab ";
	size_t len = strlen(text);

	for (size_t i = 0; len < sizeof(text) - 1 && a->name[i]; i++)
		text[len++] = a->name[i];
	text[len] = '\0';
	os_mem_name(base, size, text);
}

static int take_memory(struct arena *a, const struct arena_config *c)
{
	void *base = c->backing;
	size_t size = c->size;
	int status = 0;

	if (a->source == ARENA_SOURCE_RESERVE)
		status = os_mem_reserve(size = page_up(size), &base);
	else if (a->source == ARENA_SOURCE_MALLOC)
		status = (base = malloc(size)) ? 0 : -ENOMEM;
	if (status < 0)
		return status;
	if (a->source == ARENA_SOURCE_RESERVE)
		name_mapping(a, base, size);
	a->base = base;
	a->reserved = size;
	if (a->source != ARENA_SOURCE_RESERVE)
		a->committed = a->dirty_end = size;
	return 0;
}

static int refuse_init(struct arena *a, size_t size, int status, uintptr_t site)
{
	if (trace_on()) {
		enter_table(a, 0, size, -status);
		note_refusal(a, size, -status, site);
	}
	*a = (struct arena){0};
	return status;
}

PUBLIC int arena_init(struct arena *arena, const struct arena_config *config)
{
	const uintptr_t site = SITE();
	int status;

	*arena = (struct arena){0};
	if (!config_is_sound(config))
		return -EINVAL;
	trace_attach();
	set_up(arena, config, site);
	status = take_memory(arena, config);
	if (status < 0)
		return refuse_init(arena, config->size, status, site);
	if (trace_on()) {
		enter_table(arena, 0, config->size, 0);
		note_traced(arena, TRACE_RESERVE, 0, (uintptr_t)arena->base, arena->reserved, site);
	}
	if (arena->policy != ARENA_CLEAR_EAGERLY)
		return 0;
	if (arena->committed < arena->reserved)
		status = commit_to(arena, arena->reserved, site);
	if (status < 0) {
		arena_destroy(arena);
		return status;
	}
	clear_eagerly(arena);
	note(arena, TRACE_CLEAR_END, 0, arena->reserved, site);
	return 0;
}

PUBLIC void arena_destroy(struct arena *arena)
{
	if (!arena->base)
		return;
	note(arena, TRACE_RELEASE, 0, arena->reserved, SITE());
	if (trace_on() && arena->figures)
		arena->figures->state = TRACE_ARENA_RELEASED;
	if (arena->source == ARENA_SOURCE_RESERVE)
		os_mem_release(arena->base, arena->reserved);
	else if (arena->source == ARENA_SOURCE_MALLOC)
		free(arena->base);
	*arena = (struct arena){0};
}

/* Where a block would lie; false: does not fit. */
static bool place(const struct arena *a, size_t bytes, size_t align, size_t *start, size_t *end)
{
	const size_t pad = -((uintptr_t)a->base + a->used) & (align - 1);

	return !__builtin_add_overflow(a->used, pad, start) &&
	       !__builtin_add_overflow(*start, bytes, end) && *end <= a->reserved;
}

static __attribute__((noinline)) void clear_handed_out(struct arena *a, size_t start, size_t end)
{
	memset(a->base + start, 0, end - start);
	count_touched(a, start, end);
	if (trace_on())
		publish(a);
}

PUBLIC void *arena_push(struct arena *arena, size_t bytes, size_t align)
{
	size_t start, end;

	if (__builtin_expect(align == 0 || (align & (align - 1)), 0)) {
		errno = EINVAL;
		return NULL;
	}
	if (__builtin_expect(!place(arena, bytes, align, &start, &end), 0)) {
		errno = -note_refusal(arena, bytes, ENOMEM, SITE());
		return NULL;
	}
	if (end > arena->committed && commit_to(arena, end, SITE()) < 0) {
		errno = ENOMEM;
		return NULL;
	}
	arena->used = end;
	arena->peak = larger(arena->peak, end);
	note(arena, TRACE_ALLOC, start, bytes, SITE());
	if (arena->policy == ARENA_CLEAR_ON_ALLOCATION && start < arena->dirty_end)
		clear_handed_out(arena, start, smaller(end, arena->dirty_end));
	arena->dirty_end = larger(arena->dirty_end, end);
	return arena->base + start;
}

static void touch_pages(unsigned char *from, const unsigned char *end)
{
	const uintptr_t page = os_mem_page_size();

	while (from < end) {
		volatile unsigned char *byte = from;
		const unsigned char value = *byte;

		*byte = value;
		from += page - ((uintptr_t)from & (page - 1));
	}
}

PUBLIC int arena_touch(struct arena *arena, void *ptr, size_t bytes)
{
	const size_t start = (uintptr_t)ptr - (uintptr_t)arena->base;

	if (start > arena->used || bytes > arena->used - start)
		return -EINVAL;
	note(arena, TRACE_TOUCH, start, bytes, SITE());
	touch_pages(arena->base + start, arena->base + start + bytes);
	count_touched(arena, start, start + bytes);
	if (trace_on())
		publish(arena);
	return 0;
}

size_t arena_mark(const struct arena *arena)
{
	return arena->used;
}

PUBLIC int arena_rewind(struct arena *arena, size_t mark)
{
	const size_t before = arena->used;

	if (mark > before)
		return -EINVAL;
	arena->used = mark;
	note(arena, TRACE_REWIND, mark, before - mark, SITE());
	return 0;
}

PUBLIC void arena_reset(struct arena *arena)
{
	const size_t before = arena->used;

	arena->used = 0;
	note(arena, TRACE_RESET, 0, before, SITE());
}

/* The whole pages in [used, committed) as offsets; false: there is none. */
static bool spare_pages(const struct arena *a, size_t *start, size_t *end)
{
	const uintptr_t base = (uintptr_t)a->base;
	const uintptr_t below_page = os_mem_page_size() - 1;

	*start = page_up(base + a->used) - base;
	*end = ((base + a->committed) & ~below_page) - base;
	return a->base && *start < *end && *end <= a->committed;
}

PUBLIC int arena_decommit(struct arena *arena)
{
	const bool owned = arena->source == ARENA_SOURCE_RESERVE;
	size_t start, end;
	int status;

	if (!spare_pages(arena, &start, &end))
		return 0;
	status = owned ? os_mem_decommit(arena->base + start, end - start)
		       : os_mem_discard(arena->base + start, end - start);
	if (status < 0)
		return status;
	if (owned) {
		arena->committed = start;
		arena->dirty_end = smaller(arena->dirty_end, start);
	}
	arena->touched = smaller(arena->touched, start);
	arena->touched_end = smaller(arena->touched_end, start);
	note(arena, TRACE_DECOMMIT, start, end - start, SITE());
	return 0;
}

struct arena_stats arena_stats(const struct arena *arena)
{
	return (struct arena_stats){.reserved = arena->reserved,
				    .committed = arena->committed,
				    .used = arena->used,
				    .touched = arena->touched,
				    .peak = arena->peak};
}
