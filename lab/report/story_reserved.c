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

	doc_cite(doc, "record lines %u-%u", r->reservations[0].line,
		 r->reservations[r->reservation_count - 1].line);
}

static const char *what_words(enum taken what)
{
	static const char *const words[TAKEN_COUNT] = {
		[TAKEN_MALLOC] = "malloc and its kin",
		[TAKEN_MMAP] = "mmap of no file",
		[TAKEN_FILE] = "mmap of a file",
		[TAKEN_BRK] = "brk, sbrk",
	};

	return words[what] ? words[what] : "";
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
	const char *what = what_words(line->what);

	if (all->has_processes)
		doc_row(doc, live, asked, calls, pid, place, what);
	else
		doc_row(doc, live, asked, calls, place, what);
}

static void draw_table(const struct facts *f, const struct reserved *all, struct doc *doc)
{
	struct reserved_line rest = {
		.pid = ABSENT, .calls = all->calls, .asked = all->asked, .live = all->live};
	size_t shown = 0;

	doc_table(doc);
	if (all->has_processes)
		doc_row(doc, "live MiB", "asked", "calls", "pid", "by", "how");
	else
		doc_row(doc, "live MiB", "asked", "calls", "by", "how");
	for (; shown < all->count && shown < ROWS_MAX && all->lines[shown].calls; shown++) {
		_cleanup_free_ char *place = touch_place(&all->lines[shown].place);

		add_row(doc, all, &all->lines[shown], place);
		rest.calls -= all->lines[shown].calls;
		rest.asked -= all->lines[shown].asked;
		rest.live -= all->lines[shown].live;
	}
	if (shown < all->count) {
		_cleanup_free_ char *others = text_format("%zu other place%s", all->count - shown,
							  all->count - shown == 1 ? "" : "s");

		add_row(doc, all, &rest, others);
	}
	cite(doc, f);
}

static void say_refused(const struct facts *f, const struct reserved *all, struct doc *doc)
{
	if (!all->refused)
		return;
	doc_sentence(doc,
		     "%" PRId64 " call%s got nothing: a NULL pointer or MAP_FAILED, not a kill.",
		     all->refused, all->refused == 1 ? "" : "s");
	cite(doc, f);
}

/* Without this a reader takes oomlab's shared memory for the program's own. */
static void say_shared(const struct facts *f, struct doc *doc)
{
	const struct oomlog_victim *v = f->victim;

	if (!v || !is_known(v->shmem_rss_bytes) || !v->shmem_rss_bytes)
		return;
	doc_sentence(
		doc,
		"What these figures were counted in is shared memory of oomlab's, up to %s of the shmem-rss that the kernel counted: it is part of the process's size, but not charged to the limit.",
		SIZE(v->shmem_rss_bytes));
	cite_kmsg(doc, f->kill_line);
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
	if (all.count) {
		doc_sentence(
			doc,
			"%" PRId64
			" allocation calls requested %s in all, of which %s were still held when %s. Held is not touched: it is address space until it is written.",
			all.calls, SIZE(all.asked), SIZE(all.live),
			f->kill ? "it was killed" : "it ended");
		cite(doc, f);
		draw_table(f, &all, doc);
		say_kept(f, &all, doc);
		say_refused(f, &all, doc);
		say_shared(f, doc);
	}
	reserved_release(&all);
}
