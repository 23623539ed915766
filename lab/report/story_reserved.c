/* Requests by line of code, as the preload library counted them. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/reserved.h"
#include "report/story.h"

enum { ROWS_MAX = 8 };

#define LEAST_WORTH (INT64_C(4) << 20)

static void cite(struct doc *doc, const struct facts *f)
{
	const struct record *r = f->record;

	cite_lines(doc, r->reservations[0].line, r->reservations[r->reservation_count - 1].line);
}

static char *mib(int64_t bytes)
{
	return text_format("%.1f", (double)bytes / (1 << 20));
}

static void add_row(struct doc *doc, const struct reserved *all, const struct reserved_line *line,
		    const char *place)
{
	_cleanup_free_ char *live = mib(line->live), *asked = mib(line->asked);
	_cleanup_free_ char *calls = text_format("%" PRId64, line->calls);
	_cleanup_free_ char *pid = is_known(line->pid) ? text_format("%" PRId64, line->pid)
						       : xstrdup("");
	const char *what = reserved_what(line->what);

	if (all->has_processes)
		doc_row(doc, live, asked, calls, pid, place, what);
	else
		doc_row(doc, live, asked, calls, place, what);
}

static void draw_table(const struct facts *f, const struct reserved *all, struct doc *doc)
{
	struct reserved_line rest = {
		.pid = ABSENT, .calls = all->calls, .asked = all->asked, .live = all->live};
	size_t shown = 0, places = 0;

	for (size_t i = 0; i < all->count; i++)
		places += all->lines[i].calls > 0;
	doc_table(doc);
	if (all->has_processes)
		doc_row(doc, "live MiB", "asked", "calls", "pid", "by", "how");
	else
		doc_row(doc, "live MiB", "asked", "calls", "by", "how");
	for (; shown < places && shown < ROWS_MAX && all->lines[shown].calls; shown++) {
		_cleanup_free_ char *place = touch_place(&all->lines[shown].place);

		add_row(doc, all, &all->lines[shown], place);
		rest.calls -= all->lines[shown].calls;
		rest.asked -= all->lines[shown].asked;
		rest.live -= all->lines[shown].live;
	}
	if (shown < places) {
		const char *others = TEXT_COUNT(places - shown, "other place");

		add_row(doc, all, &rest, others);
	}
	cite(doc, f);
}

static const struct reserved_line *most_refused(const struct reserved *all)
{
	const struct reserved_line *most = NULL;

	for (size_t i = 0; i < all->count; i++)
		if (all->lines[i].refused > 0 &&
		    (!most || all->lines[i].refused_bytes > most->refused_bytes))
			most = &all->lines[i];
	return most;
}

static void draw_refused(const struct reserved *all, struct doc *doc)
{
	size_t shown = 0;

	doc_table(doc);
	doc_row(doc, "refused", "largest MiB", "by", "how");
	for (size_t i = 0; i < all->count && shown < ROWS_MAX; i++) {
		const struct reserved_line *line = &all->lines[i];
		_cleanup_free_ char *place = touch_place(&line->place);
		_cleanup_free_ char *calls = text_format("%" PRId64, line->refused);
		_cleanup_free_ char *largest = is_known(line->refused_bytes)
						       ? mib(line->refused_bytes)
						       : xstrdup("not known");

		if (line->refused <= 0)
			continue;
		doc_row(doc, calls, largest, place, reserved_what(line->what));
		shown++;
	}
}

/* Records of earlier versions have neither the size nor whether it was ENOMEM. */
static void say_refused(const struct facts *f, const struct reserved *all, struct doc *doc)
{
	const struct reserved_line *most = most_refused(all);
	_cleanup_free_ char *place = most ? touch_place(&most->place) : NULL;
	_cleanup_free_ char *size = most && is_known(most->refused_bytes)
					    ? reserved_refused_size(most->refused_bytes)
					    : NULL;
	bool is_one = all->refused == 1, is_one_line = most && most->refused == all->refused;

	if (!most)
		return;
	if (!size)
		doc_sentence(
			doc,
			"%s got nothing: a NULL pointer or MAP_FAILED, not a kill; how much %s requested is not known.",
			TEXT_COUNT(all->refused, "call"), is_one ? "it" : "they");
	else
		doc_sentence(
			doc,
			"%s %s refused with ENOMEM: a NULL pointer or MAP_FAILED, not a kill. %s requested %s, in %s.",
			TEXT_COUNT(all->refused, "call"), is_one ? "was" : "were",
			is_one ? "It" : "The largest of them", size, place);
	cite(doc, f);
	if (!is_one_line) {
		draw_refused(all, doc);
		cite(doc, f);
	}
}

/*
 * Anonymous memory that no allocation holds: what the allocator kept when it was freed. `kept` is a
 * lower bound, as memory that is held need not have been touched. It is said only of a run with one
 * process, the victim, whose memory the kernel counted.
 */
static void say_kept(const struct facts *f, const struct reserved *all, struct doc *doc)
{
	const struct oomlog_victim *v = f->victim;
	int64_t anon = v ? v->anon_rss_bytes : ABSENT;
	int64_t returned = all->asked - all->live, kept = is_known(anon) ? anon - all->live : 0;

	if (!v || all->has_processes || all->lines[0].pid != v->pid || kept < LEAST_WORTH ||
	    kept < anon / 4 || returned < kept / 2)
		return;
	doc_sentence(
		doc,
		"Of the %s of anonymous memory that the kernel counted at the kill, %s or more are in no allocation that was counted and still held, while %s had been given back: that stays the process's until malloc returns it to the kernel.",
		SIZE(anon), SIZE(kept), SIZE(returned));
	cite(doc, f);
	cite_kmsg(doc, f->kill_line);
}

void story_reserved(const struct facts *f, struct doc *doc)
{
	struct reserved all;

	if (f->record->skip)
		return;
	reserved_gather(f->record, &all);
	if (all.calls) {
		doc_sentence(
			doc,
			"%s requested %s in all, of which %s were still held when %s. Held is not touched: it is address space until it is written.",
			TEXT_COUNT(all.calls, "allocation call"), SIZE(all.asked), SIZE(all.live),
			f->kill ? "it was killed" : "it ended");
		cite(doc, f);
		draw_table(f, &all, doc);
		say_kept(f, &all, doc);
	}
	if (all.count)
		say_refused(f, &all, doc);
	reserved_release(&all);
}
