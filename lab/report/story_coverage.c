/* How much of the charge the touch tables account for, and what is not in them. */
#include "report/story_coverage.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/budget.h"
#include "report/story.h"

#define WORTH_TELLING (INT64_C(1) << 20)

struct coverage {
	int64_t anon, shmem, file; /* in the tables, each at most what was charged of it */
};

/* The charge to compare with: at the kill, else of the last sample that has the target. */
static bool charge_of(const struct facts *f, struct budget *b)
{
	const struct record *r = f->record;

	*b = f->at_kill;
	for (size_t i = r->sample_count; i-- > 0 && !b->count && !f->kill;)
		if (or_zero(r->samples[i].value[METRIC_RSS]) > 0)
			budget_from_sample(f, &r->samples[i], b);
	return b->count && b->total > 0;
}

static int64_t item_of(const struct budget *b, enum budget_part part)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->items[i].part == part)
			return b->items[i].bytes;
	return 0;
}

static int64_t bounded(int64_t bytes, int64_t least, int64_t most)
{
	return bytes < least ? least : bytes > most ? most : bytes;
}

/* Anonymous bytes that were given back; of estimates that is not known. */
static int64_t anon_lost(const struct record *r)
{
	int64_t lost = 0;

	for (size_t i = 0; i < r->touch_count && !touches_lack(r); i++)
		lost += or_zero(r->touches[i].anon_lost);
	return lost;
}

static struct coverage cover(const struct facts *f, const struct touches *t, const struct budget *b)
{
	struct coverage e = {0};

	for (size_t i = 0; i < t->count; i++) {
		int64_t *to = t->lines[i].kind == TOUCH_FILE	? &e.file
			      : t->lines[i].kind == TOUCH_SHMEM ? &e.shmem
								: &e.anon;

		*to += t->lines[i].bytes;
	}
	/* In a VM files are memory: what is charged as shared memory may be mapped files there. */
	if (text_is_same(f->record->backend, "vm") && e.file > item_of(b, BUDGET_FILE))
		e.shmem += e.file - bounded(item_of(b, BUDGET_FILE), 0, e.file);
	e.anon = bounded(e.anon + t->swapped_in - anon_lost(f->record), 0, item_of(b, BUDGET_ANON));
	e.shmem = bounded(e.shmem, 0, item_of(b, BUDGET_SHMEM));
	e.file = bounded(e.file, 0, item_of(b, BUDGET_FILE));
	return e;
}

/* In short runs the statistics lag behind: then it is not known what is missing. */
static bool is_itemised(const struct budget *b)
{
	int64_t rest = item_of(b, BUDGET_NOT_ITEMISED);

	return rest <= b->total / 20 && rest >= -b->total / 20;
}

/* What was given back may have been there at a sample, as a program tidies up before it ends. */
static bool is_comparable(const struct facts *f, const struct budget *b)
{
	return is_itemised(b) && (b->kmsg || anon_lost(f->record) <= b->total / 50);
}

static void append(struct strbuf *text, const char *what, int64_t bytes, int64_t all)
{
	if (bytes > all / 50)
		strbuf_printf(text, "%s%s (%s)", text->len ? ", " : "", what, SIZE(bytes));
}

static void cite_budget(const struct budget *b, struct doc *doc)
{
	if (b->kmsg)
		doc_cite(doc, "kmsg %" PRIu64 " and after", b->kmsg->seq);
	else
		doc_cite(doc, "sample %zu", b->sample_number);
}

static void say_rest(const struct coverage *e, const struct budget *b, const char *begin,
		     struct doc *doc)
{
	int64_t anon = item_of(b, BUDGET_ANON) - e->anon,
		shmem = item_of(b, BUDGET_SHMEM) - e->shmem;
	int64_t file = item_of(b, BUDGET_FILE) - e->file, all = b->total;
	int64_t rest = all - item_of(b, BUDGET_ANON) - item_of(b, BUDGET_SHMEM) -
		       item_of(b, BUDGET_FILE) - item_of(b, BUDGET_NOT_ITEMISED);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	append(&text, "shared memory and files in memory", shmem, all);
	append(&text, "anonymous memory that the samples missed", anon, all);
	append(&text, "file cache", file, all);
	append(&text, "the kernel's own", rest, all);
	if (!text.len)
		return;
	doc_sentence(
		doc, "%s: %s.%s", begin, text.buf,
		shmem > all / 50 || file > all / 50
			? " What is read from a file, or written to one in memory, by a system call is in no process's memory."
			: "");
	cite_budget(b, doc);
}

const char *coverage_when(const struct facts *f)
{
	if (!f->at_kill.count)
		return "in the last sample before the end";
	if (f->at_kill.kmsg)
		return "at the kill";
	return is_known(f->kill_ns) ? "in the last sample before the kill"
				    : "in the highest sample";
}

void coverage_say(const struct facts *f, const struct touches *t, struct doc *doc)
{
	struct budget b;
	struct coverage e;
	int64_t sum;

	if (!charge_of(f, &b) || !is_comparable(f, &b))
		return;
	e = cover(f, t, &b);
	sum = e.anon + e.shmem + e.file;
	doc_sentence(doc, "The tables account for %s of the %s charged %s (%.1f %%).", SIZE(sum),
		     SIZE(b.total), coverage_when(f), 100.0 * (double)sum / (double)b.total);
	cite_profile(doc);
	cite_budget(&b, doc);
	if (sum < b.total / 10 * 9)
		say_rest(&e, &b, "Not in them", doc);
}

bool coverage_is_worth_telling(const struct facts *f, int64_t bytes)
{
	return bytes >= WORTH_TELLING &&
	       (!is_known(f->limit_bytes) || bytes >= f->limit_bytes / 100);
}

bool coverage_has_table(const struct facts *f, int64_t files, bool is_of_files)
{
	struct budget b;

	return coverage_is_worth_telling(f, files) &&
	       (!is_of_files || !charge_of(f, &b) || files >= b.total / 10);
}

/* True when the tables account for too little of a known charge to be worth telling. */
static bool covers_little(const struct facts *f, const struct touches *t)
{
	struct coverage e;
	struct budget b;

	if (!charge_of(f, &b) || !is_comparable(f, &b) || !f->at_kill.count)
		return false;
	e = cover(f, t, &b);
	return !coverage_is_worth_telling(f, e.anon + e.shmem + e.file);
}

int64_t coverage_minor_part_of(const struct facts *f, const struct touches *t)
{
	struct coverage e;
	struct budget b;

	if (!charge_of(f, &b) || !is_comparable(f, &b))
		return 0;
	e = cover(f, t, &b);
	return e.anon + e.shmem + e.file < b.total / 2 ? b.total : 0;
}

bool coverage_has_tables(const struct facts *f, const struct touches *t)
{
	int64_t files = 0;

	for (size_t i = 0; i < t->count; i++)
		files += t->lines[i].kind == TOUCH_FILE ? t->lines[i].bytes : 0;
	return !covers_little(f, t) && (coverage_has_table(f, t->total - files, false) ||
					coverage_has_table(f, files, true));
}

void coverage_say_little(const struct facts *f, const struct touches *t, struct doc *doc)
{
	struct budget b;

	if (!charge_of(f, &b) || b.total < WORTH_TELLING)
		return;
	doc_heading(doc, "Where resident memory came from");
	doc_sentence(
		doc,
		"There is no table: all that was seen to become resident memory of processes is %s, while %s were charged %s.",
		SIZE(t->total), SIZE(b.total), coverage_when(f));
	cite_profile(doc);
	cite_budget(&b, doc);
	if (is_comparable(f, &b) && t->total < b.total / 10 * 9) {
		const struct coverage e = cover(f, t, &b);

		say_rest(&e, &b, "The rest is", doc);
	}
}
