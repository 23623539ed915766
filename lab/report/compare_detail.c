#include "report/compare_detail.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/reserved.h"

enum { ARENAS_MAX = 16, CALLS_BRIEF = 5, CALLS_FULL = 40, FUNCTIONS_MAX = 1024 };

static const struct record_arena *find_arena(const struct record *r, const char *name, size_t nth)
{
	for (size_t i = 0; i < r->arena_count; i++)
		if (text_is_same(r->arenas[i].name, name) && nth-- == 0)
			return &r->arenas[i];
	return NULL;
}

/* How many of that name stand before number `i`. */
static size_t number_of(const struct record *r, size_t i)
{
	size_t before = 0;

	for (size_t j = 0; j < i; j++)
		before += text_is_same(r->arenas[j].name, r->arenas[i].name);
	return before;
}

static char *size_of(const struct record_arena *arena, int64_t bytes)
{
	return xstrdup(arena && is_known(bytes) ? TEXT_SIZE((uint64_t)bytes) : "-");
}

static void put_arena(const struct record_arena *a, const struct record_arena *b, struct doc *doc)
{
	const char *name = (a ? a : b)->name;
	_cleanup_free_ char *reserved_a = size_of(a, a ? a->reserved : ABSENT);
	_cleanup_free_ char *reserved_b = size_of(b, b ? b->reserved : ABSENT);
	_cleanup_free_ char *touched_a = size_of(a, a ? a->touched : ABSENT);
	_cleanup_free_ char *touched_b = size_of(b, b ? b->touched : ABSENT);

	doc_row(doc, name ? name : "-", a ? record_policy_names[a->policy] : "-",
		b ? record_policy_names[b->policy] : "-", reserved_a, reserved_b, touched_a,
		touched_b);
}

void compare_tell_arenas(const struct comparison *c, struct doc *doc)
{
	const struct record *a = c->a.record, *b = c->b.record;
	size_t shown = 0;

	if (!a->arena_count && !b->arena_count)
		return;
	doc_heading(doc, "Arenas, by their own records");
	doc_table(doc);
	doc_row(doc, "arena", "policy of A", "of B", "reserved by A", "by B", "touched by A",
		"by B");
	for (size_t i = 0; i < a->arena_count && shown < ARENAS_MAX; i++, shown++)
		put_arena(&a->arenas[i], find_arena(b, a->arenas[i].name, number_of(a, i)), doc);
	for (size_t i = 0; i < b->arena_count && shown < ARENAS_MAX; i++) {
		if (find_arena(a, b->arenas[i].name, number_of(b, i)))
			continue;
		put_arena(NULL, &b->arenas[i], doc);
		shown++;
	}
	if (a->arena_count > ARENAS_MAX || b->arena_count > ARENAS_MAX)
		doc_sentence(doc, "There are more; the reports of the two have all.");
}

/* The calls of one function in one file: what stands in an edited file may have moved. */
struct function {
	const char *name, *file, *module;
	enum taken what;
	int64_t calls_a, calls_b, live_a, live_b;
};

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static size_t add_lines(struct function *list, size_t count, const struct reserved *from, bool is_a)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct reserved_line *line = &from->lines[i];
		struct function *f = NULL;

		for (size_t j = 0; j < count && !f; j++)
			if (list[j].what == line->what &&
			    text_is_same(list[j].name, line->place.function) &&
			    text_is_same(list[j].file, base_name(line->place.file)) &&
			    text_is_same(list[j].module, base_name(line->place.module)))
				f = &list[j];
		if (!f && count == FUNCTIONS_MAX)
			continue;
		if (!f) {
			f = &list[count++];
			*f = (struct function){.name = line->place.function,
					       .file = base_name(line->place.file),
					       .module = base_name(line->place.module),
					       .what = line->what};
		}
		*(is_a ? &f->calls_a : &f->calls_b) += line->calls;
		*(is_a ? &f->live_a : &f->live_b) += line->live;
	}
	return count;
}

static int by_change(const void *one, const void *other)
{
	const struct function *a = one, *b = other;
	int64_t live_a = llabs(a->live_b - a->live_a), live_b = llabs(b->live_b - b->live_a);
	int64_t calls_a = llabs(a->calls_b - a->calls_a), calls_b = llabs(b->calls_b - b->calls_a);

	if (live_a != live_b)
		return live_a < live_b ? 1 : -1;
	return calls_a < calls_b ? 1 : calls_a > calls_b ? -1 : 0;
}

static void put_function(const struct function *f, struct doc *doc)
{
	_cleanup_free_ char *where = text_format("%s%s%s", f->name ? f->name : "(not known)",
						 f->file || f->module ? " in " : "",
						 f->file     ? f->file
						 : f->module ? f->module
							     : "");
	_cleanup_free_ char *calls_a = text_format("%" PRId64, f->calls_a);
	_cleanup_free_ char *calls_b = text_format("%" PRId64, f->calls_b);
	_cleanup_free_ char *live_a = xstrdup(TEXT_SIZE((uint64_t)f->live_a));
	_cleanup_free_ char *live_b = xstrdup(TEXT_SIZE((uint64_t)f->live_b));

	doc_row(doc, where, reserved_what(f->what), calls_a, calls_b, live_a, live_b);
}

void compare_tell_calls(const struct comparison *c, bool full, struct doc *doc)
{
	struct reserved a, b;
	struct function *list = xcalloc(FUNCTIONS_MAX, sizeof(*list));
	size_t count, shown = 0, most = full ? CALLS_FULL : CALLS_BRIEF, changed = 0;

	reserved_gather(c->a.record, &a);
	reserved_gather(c->b.record, &b);
	count = a.count && b.count ? add_lines(list, 0, &a, true) : 0;
	count = a.count && b.count ? add_lines(list, count, &b, false) : 0;
	qsort(list, count, sizeof(*list), by_change);
	for (size_t i = 0; i < count; i++)
		changed += list[i].calls_a != list[i].calls_b || list[i].live_a != list[i].live_b;
	if (count)
		doc_heading(doc, "Memory requested, by function");
	if (changed) {
		doc_table(doc);
		doc_row(doc, "where", "by", "calls in A", "in B", "held at the end in A", "in B");
	} else if (count) {
		doc_sentence(doc, "Each function requested and held the same in both.");
	}
	for (size_t i = 0; i < count && shown < most; i++) {
		if (list[i].calls_a == list[i].calls_b && list[i].live_a == list[i].live_b)
			continue;
		put_function(&list[i], doc);
		shown++;
	}
	if (changed > shown)
		doc_sentence(doc, "%s differ, too.", TEXT_COUNT(changed - shown, "other row"));
	reserved_release(&a);
	reserved_release(&b);
	free(list);
}
