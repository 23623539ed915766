#include "report/mapped.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

struct gatherer {
	const struct record *record;
	struct mapped_list *list;
	size_t *entries; /* [i]: index in list of the entry of record->mappings[i] */
	void *requests;	 /* the entries without an arena by their request (tsearch(3)) */
	size_t of_kind[MAPPED_COUNT]; /* index in list, and 1; 0: no entry yet */
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
		.returned = ABSENT,
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

/* An entry by what was requested, and by whom. Entries move, so this holds its index. */
struct request {
	struct mapped key;
	size_t at;
};

static int compare_requests(const void *va, const void *vb)
{
	const struct mapped *a = &((const struct request *)va)->key;
	const struct mapped *b = &((const struct request *)vb)->key;

	if (a->what != b->what)
		return a->what < b->what ? -1 : 1;
	if (a->is_requested != b->is_requested)
		return a->is_requested - b->is_requested;
	if (a->is_by_known != b->is_by_known)
		return a->is_by_known - b->is_by_known;
	return a->is_by_known ? touch_compare_places(&a->by, &b->by) : 0;
}

/* The index of the entry of that request; the list's count: there is none, it is to be added. */
static size_t find_same(struct gatherer *g, const struct mapped *wanted)
{
	struct request *request, **found;

	/* An arena's entry is its own. */
	if (wanted->arena)
		return g->list->count;
	request = xcalloc(1, sizeof(*request));
	*request = (struct request){*wanted, g->list->count};
	found = tsearch(request, &g->requests, compare_requests);
	if (!found)
		BUG("no memory for a request");
	if (*found == request)
		return request->at;
	free(request);
	return (*found)->at;
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
	add_known(&to->returned, m->returned);
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
	at = find_same(g, &wanted);
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

static struct mapped *entry_of_kind(struct gatherer *g, unsigned int what)
{
	if (!g->of_kind[what]) {
		add_entry(g->list, what);
		g->of_kind[what] = g->list->count;
	}
	return &g->list->items[g->of_kind[what] - 1];
}

static struct mapped *entry_of(struct gatherer *g, const struct record_touch *touch)
{
	const struct record_mapping *mapping = touch_mapping(&g->list->frames, touch);

	if (mapping && mapping->what != MAPPING_LABS)
		return &g->list->items[g->entries[mapping - g->record->mappings]];
	return entry_of_kind(g, touch->is_on_stack ? MAPPED_STACK : MAPPED_ELSEWHERE);
}

/* Adds a touch to the entry of its mapping, without pages of files: nobody reserved those. */
static void assign_touch(struct gatherer *g, size_t i)
{
	const struct record_touch *touch = &g->record->touches[i];
	struct record_touch memory = *touch;
	struct mapped *entry = entry_of(g, touch);

	memory.file = ABSENT;
	if (touch_shmem_is_file(&g->list->frames, touch))
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
	struct gatherer g = {.record = record, .list = list, .entries = entries};

	*list = (struct mapped_list){0};
	touch_frames_init(&list->frames, record);
	if (!record->mapping_count)
		return;
	for (size_t i = 0; i < record->mapping_count; i++)
		assign_mapping(&g, i);
	for (size_t i = 0; i < record->touch_count; i++)
		assign_touch(&g, i);
	tdestroy(g.requests, free);
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
		[MAPPING_HEAP] = "the heap: brk(2), by malloc() or by the program",
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
