#include "report/mapped.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

struct gatherer {
	const struct record *record;
	struct mapped_list *list;
	size_t *entries; /* [i]: index in list of the entry of record->mappings[i] */
};

static struct mapped *add_entry(struct mapped_list *list, unsigned int what)
{
	if (!(list->count & (list->count - 1)))
		list->items = xrealloc(list->items, list->count ? list->count * 2 : 1,
				       sizeof(*list->items));
	list->items[list->count] = (struct mapped){
		.what = what,
		.reserved = ABSENT,
		.calls = ABSENT,
		.first_ns = ABSENT,
		.last_ns = ABSENT,
	};
	return &list->items[list->count++];
}

static bool lies_in(const struct record_arena *a, const struct record_mapping *m)
{
	uint64_t end = m->start + (uint64_t)m->bytes;

	return a->base && is_known(m->bytes) && m->bytes > 0 && end > m->start &&
	       a->pid == m->pid && a->base >= m->start && a->base < end;
}

/* The arena that fills the mapping and is alone in it: what is touched there is the arena's. */
static const struct record_arena *arena_in(const struct record *r, const struct record_mapping *m)
{
	const struct record_arena *found = NULL;

	if (m->calls != 1)
		return NULL;
	for (size_t i = 0; i < r->arena_count; i++) {
		const struct record_arena *a = &r->arenas[i];

		if (!lies_in(a, m))
			continue;
		if (found || !is_known(a->reserved) || a->reserved < m->bytes / 10 * 9)
			return NULL;
		found = a;
	}
	return found;
}

static bool is_same(const struct mapped *a, const struct mapped *b)
{
	return !a->arena && !b->arena && a->what == b->what && a->is_requested == b->is_requested &&
	       a->is_by_known == b->is_by_known &&
	       (!a->is_by_known || touch_is_same_place(&a->by, &b->by));
}

static size_t find_same(const struct mapped_list *list, const struct mapped *wanted)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_same(&list->items[i], wanted))
			return i;
	return list->count;
}

static void add_known(int64_t *sum, int64_t value)
{
	if (is_known(value))
		*sum = or_zero(*sum) + value;
}

static void add_mapping(struct mapped *to, const struct record_mapping *m)
{
	add_known(&to->reserved, m->bytes);
	add_known(&to->calls, m->calls);
	if (is_known(m->first_ns) && (!is_known(to->first_ns) || m->first_ns < to->first_ns))
		to->first_ns = m->first_ns;
	if (is_known(m->last_ns) && (!is_known(to->last_ns) || m->last_ns > to->last_ns))
		to->last_ns = m->last_ns;
}

/* The line that initialised the arena requested its address space. */
static bool blame_initialiser(const struct record *r, const struct record_arena *a,
			      struct touch_line *by)
{
	const struct record_site *site = a ? record_site_at(r, a->init_site) : NULL;

	if (!site || !site->function)
		return false;
	by->function = site->function;
	by->file = site->file;
	by->line_number = site->line_number;
	return true;
}

static void assign_mapping(struct gatherer *g, size_t i)
{
	const struct record_mapping *m = &g->record->mappings[i];
	struct mapped wanted = {
		.what = m->what, .is_requested = m->is_requested, .arena = arena_in(g->record, m)};
	size_t at;

	wanted.is_by_known = blame_initialiser(g->record, wanted.arena, &wanted.by);
	if (m->stack && !wanted.is_by_known) {
		touch_blame(&g->list->frames, m->stack, &wanted.by);
		wanted.is_by_known = true;
	}
	at = find_same(g->list, &wanted);
	if (at == g->list->count) {
		struct mapped *entry = add_entry(g->list, m->what);

		entry->arena = wanted.arena;
		entry->by = wanted.by;
		entry->is_by_known = wanted.is_by_known;
		entry->is_requested = wanted.is_requested;
	}
	add_mapping(&g->list->items[at], m);
	g->entries[i] = at;
}

static struct mapped *entry_of_kind(struct mapped_list *list, unsigned int what)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].what == what)
			return &list->items[i];
	return add_entry(list, what);
}

static struct mapped *entry_of(struct gatherer *g, const struct record_touch *touch)
{
	for (size_t i = 0; is_known(touch->mapping) && i < g->record->mapping_count; i++)
		if (g->record->mappings[i].id == touch->mapping &&
		    g->record->mappings[i].what != MAPPING_LABS)
			return &g->list->items[g->entries[i]];
	return entry_of_kind(g->list, touch->is_on_stack ? MAPPED_STACK : MAPPED_ELSEWHERE);
}

/* Adds a touch to the entry of its mapping, without pages of files: nobody reserved those. */
static void assign_touch(struct gatherer *g, size_t i)
{
	const struct record_touch *touch = &g->record->touches[i];
	struct record_touch memory = *touch;
	struct mapped *entry = entry_of(g, touch);

	memory.file = ABSENT;
	if (touch_shmem_is_file(g->record, touch))
		memory.shmem = ABSENT;
	touches_add(&g->list->frames, &memory, touch_copied(&g->list->frames, i), &entry->touches);
}

static int most_touched_first(const void *a, const void *b)
{
	const struct mapped *x = a, *y = b;

	if (x->touches.total != y->touches.total)
		return y->touches.total > x->touches.total ? 1 : -1;
	return (y->reserved > x->reserved) - (y->reserved < x->reserved);
}

void mapped_gather(const struct record *record, struct mapped_list *list)
{
	_cleanup_free_ size_t *entries = xcalloc(record->mapping_count + 1, sizeof(*entries));
	struct gatherer g = {record, list, entries};

	*list = (struct mapped_list){0};
	touch_frames_init(&list->frames, record);
	if (!record->mapping_count)
		return;
	for (size_t i = 0; i < record->mapping_count; i++)
		assign_mapping(&g, i);
	for (size_t i = 0; i < record->touch_count; i++)
		assign_touch(&g, i);
	qsort(list->items, list->count, sizeof(*list->items), most_touched_first);
	for (size_t i = 0; i < list->count; i++)
		touches_sort(&list->items[i].touches);
}

void mapped_release(struct mapped_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		touches_release(&list->items[i].touches);
	free(list->items);
	touch_frames_release(&list->frames);
	*list = (struct mapped_list){0};
}

const struct mapped *mapped_of_arena(const struct mapped_list *list,
				     const struct record_arena *arena)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].arena == arena)
			return &list->items[i];
	return NULL;
}

const char *mapped_what_name(const struct mapped *m)
{
	if (m->what < MAPPING_WHAT_COUNT)
		return record_mapping_names[m->what];
	return m->what == MAPPED_STACK ? "stack" : "elsewhere";
}

/* For an entry whose requesting line of code is not known. */
static const char *unknown_words(unsigned int what)
{
	static const char *const words[MAPPED_COUNT] = {
		[MAPPING_HEAP] = "the heap: brk(2), by malloc()",
		[MAPPING_SMALL] = "not seen: mappings of less than 1 MiB each",
		[MAPPING_UNSEEN] = "not seen: neither malloc's heap nor a file",
		[MAPPING_PIECES] = "not seen: neither malloc's heap nor a file",
		[MAPPING_ANONYMOUS] = "by whom is not known",
		[MAPPING_FILE] = "mapped files, programs and libraries among them",
		[MAPPED_STACK] = "stacks the kernel made",
		[MAPPED_ELSEWHERE] = "not told apart",
	};

	return words[what] ? words[what] : "(not known)";
}

char *mapped_by(const struct mapped *m)
{
	_cleanup_free_ char *place = m->is_by_known ? touch_place(&m->by) : NULL;
	const char *line = place ? strstr(place, " at ") : NULL;

	if (m->arena && m->arena->name)
		return text_format("arena \"%s\" of %s", m->arena->name,
				   line	   ? line + strlen(" at ")
				   : place ? place
					   : "?");
	if (place)
		return text_format("%s%s%s", place, m->what == MAPPING_HEAP ? ", heap" : "",
				   m->is_requested ? ", at a requested address" : "");
	return xstrdup(unknown_words(m->what));
}
