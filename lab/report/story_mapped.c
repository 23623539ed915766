/* Reserved is not touched: who requested address space, and who touched it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/mapped.h"
#include "report/story.h"

enum { ROWS_MAX = 8 };
#define WORTH_TELLING (INT64_C(1) << 20)

/* The largest of the two columns. */
struct most {
	int64_t reserved, touched;
};

static struct most most_of(const struct mapped_list *list)
{
	struct most most = {0};

	for (size_t i = 0; i < list->count; i++) {
		if (is_known(list->items[i].reserved) && list->items[i].reserved > most.reserved)
			most.reserved = list->items[i].reserved;
		if (list->items[i].touches.total > most.touched)
			most.touched = list->items[i].touches.total;
	}
	return most;
}

/* In either column 1 MiB or more, and more than a thousandth of the column's largest. */
static bool is_worth_telling(const struct most *most, const struct mapped *m)
{
	return (m->touches.total >= WORTH_TELLING && m->touches.total > most->touched / 1000) ||
	       (is_known(m->reserved) && m->reserved >= WORTH_TELLING &&
		m->reserved > most->reserved / 1000);
}

static char *size(int64_t bytes)
{
	return xstrdup(is_known(bytes) ? SIZE(bytes) : "-");
}

static char *percent(const struct mapped *m)
{
	if (!is_known(m->reserved) || !m->reserved)
		return xstrdup("-");
	return text_format("%.1f", 100.0 * (double)m->touches.total / (double)m->reserved);
}

static char *touched_by(const struct mapped *m)
{
	const struct touches *t = &m->touches;
	_cleanup_free_ char *place = t->count ? touch_place(&t->lines[0]) : NULL;
	size_t others = 0;

	if (!t->count)
		return xstrdup("nobody");
	/* A share below a thousandth is noise. */
	for (size_t i = 1; i < t->count; i++)
		others += t->lines[i].bytes >= t->total / 1000 + 1;
	return others ? text_format("%s (%.0f %%), %zu more", place,
				    100.0 * (double)t->lines[0].bytes / (double)t->total, others)
		      : text_format("%s", place);
}

static char *pace(const struct mapped *m)
{
	int64_t ns = is_known(m->first_ns) && is_known(m->last_ns) ? m->last_ns - m->first_ns : 0;

	return m->touches.count && ns > 0 ? text_format("%s", TEXT_DURATION((uint64_t)ns))
					  : xstrdup("-");
}

static void add_row(struct doc *doc, const struct mapped *m)
{
	_cleanup_free_ char *reserved = size(m->reserved), *touched = size(m->touches.total);
	_cleanup_free_ char *share = percent(m), *by = mapped_by(m), *who = touched_by(m);
	_cleanup_free_ char *in = pace(m);

	doc_row(doc, reserved, touched, share, in, by, who);
}

static void draw_table(const struct mapped_list *list, const struct most *most, struct doc *doc)
{
	size_t shown = 0;

	doc_table(doc);
	doc_row(doc, "reserved", "touched", "%", "in", "reserved by", "touched by");
	for (size_t i = 0; i < list->count && shown < ROWS_MAX; i++)
		if (is_worth_telling(most, &list->items[i])) {
			add_row(doc, &list->items[i]);
			shown++;
		}
	cite_profile(doc);
}

static const struct mapped *most_untouched(const struct mapped_list *list)
{
	const struct mapped *found = NULL;
	int64_t most = WORTH_TELLING;

	for (size_t i = 0; i < list->count; i++) {
		const struct mapped *m = &list->items[i];
		int64_t untouched = is_known(m->reserved) ? m->reserved - m->touches.total : 0;

		if (m->is_by_known && untouched > most) {
			most = untouched;
			found = m;
		}
	}
	return found;
}

/* Both columns rest on samples. */
static bool has_lost_some(const struct mapped_list *list)
{
	return record_lost(list->frames.record, LOSS_SAMPLES) > 0;
}

static bool is_over(const struct mapped *m)
{
	return is_known(m->reserved) &&
	       m->touches.total > m->reserved + m->reserved / 20 + WORTH_TELLING;
}

/* A touch in another process's memory (process_vm_writev) counts where the address is one's own. */
static bool may_have_missed(const struct mapped_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_over(&list->items[i]))
			return true;
	return has_lost_some(list);
}

static void say_untouched(const struct mapped_list *list, struct doc *doc)
{
	const struct mapped *m = most_untouched(list);
	_cleanup_free_ char *by = m ? touch_place(&m->by) : NULL;

	if (!m)
		return;
	doc_sentence(
		doc, "Reserved is not touched: of the %s that %s requested, %s%s became memory.",
		SIZE(m->reserved), by, has_lost_some(list) && m->touches.total ? "at least " : "",
		m->touches.total	? SIZE(m->touches.total)
		: may_have_missed(list) ? "nothing that was seen"
					: "nothing");
	cite_profile(doc);
}

/* What the figures cannot show. */
static void say_limits(const struct mapped_list *list, struct doc *doc)
{
	bool is_again = false, is_unseen = false;
	int64_t returned = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct mapped *m = &list->items[i];

		is_unseen |= is_known(m->calls) && m->calls > 1 && !is_known(m->returned);
		returned += or_zero(m->returned);
		is_again |= is_over(m);
	}
	if (is_unseen)
		doc_sentence(
			doc,
			"What was given back is still counted as reserved: munmap(2) was not seen.");
	else if (returned >= WORTH_TELLING)
		doc_sentence(doc, "Of what is counted as reserved, %s were given back.",
			     SIZE(returned));
	if (is_again)
		doc_sentence(
			doc,
			"More was touched than reserved where pages were given back and touched again, copied after a fork(2), %sin another process's memory%s.",
			has_lost_some(list) ? "" : "or ",
			has_lost_some(list)
				? ", or where the sample is lost that told who requested more"
				: "");
}

void story_mapped(const struct facts *f, struct doc *doc)
{
	struct mapped_list list;
	struct most most;
	bool is_any = false;

	mapped_gather(f->record, &list);
	most = most_of(&list);
	for (size_t i = 0; i < list.count; i++)
		is_any |= is_worth_telling(&most, &list.items[i]);
	if (is_any) {
		doc_heading(doc, "Reserved by, touched by");
		draw_table(&list, &most, doc);
		say_untouched(&list, doc);
		say_limits(&list, doc);
	}
	mapped_release(&list);
}
