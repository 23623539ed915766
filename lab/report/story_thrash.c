/*
 * Thrashing: as long as pages of files, the program's own code among them, can be dropped and read
 * again, the kernel does that instead of killing. Also the part of memory in a run that the lab
 * stopped.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/premortem_lines.h"
#include "report/story.h"

#define TIME(ns) TEXT_DURATION((uint64_t)(ns))

/*
 * Thresholds. Fewer hits of the limit come with any start or kill. Turns are bytes read again over
 * bytes of file cache: from TURNS_MANY on the story says "over and over". SHARE_MIN: a twentieth of
 * the time.
 */
enum { LIMIT_HITS_MIN = 100, SHARE_MIN = 20, NEAR_PERCENT = 1 };
#define TURNS_MIN    0.5
#define TURNS_MANY   2.0
#define REREAD_MIN   (INT64_C(2) << 20)
#define CACHE_MIN    (INT64_C(1) << 20)
#define SPENT_MAX_NS (INT64_C(1) << 61) /* more is no time of a run */

struct thrash {
	int64_t limit_hits; /* charges that met the limit; v1 may count none */
	int64_t high_hits; /* charges that met memory.high, if oomlab had set it for the snapshot */
	int64_t faults;	   /* page faults that had to wait for a page to be read */
	int64_t file, swap; /* bytes read again soon after they had been dropped */
	double turns;	    /* how often the file cache was read again, in whole caches */
	int64_t spent_ns;   /* time between samples in which pages were read again */
	int64_t until_ns;   /* the last sample in which it went on; absent: none */
	int64_t waited_ns;  /* memory.pressure full: nothing could go on; absent on v1 */
	int64_t duration_ns;
	const struct record_sample *last, *reread;
};

/* The growth of a counter over the samples: a cgroup that the run did not make begins above 0. */
static int64_t growth(const struct record *r, enum metric metric, const struct record_sample **last)
{
	int64_t most = record_max(r, metric, last), first = most;

	for (size_t i = r->sample_count; i-- > 0;)
		if (is_known(r->samples[i].value[metric]))
			first = r->samples[i].value[metric];
	return is_known(most) ? most - first : ABSENT;
}

static int64_t in_bytes(const struct record *r, int64_t pages)
{
	int64_t bytes;

	if (!is_known(pages) || r->page_size <= 0 ||
	    __builtin_mul_overflow(pages, r->page_size, &bytes))
		return ABSENT;
	return bytes;
}

static int64_t stalled_ns(const struct record *r, enum metric metric)
{
	int64_t us = growth(r, metric, NULL);

	return is_known(us) && us < INT64_MAX / 1000 ? us * 1000 : ABSENT;
}

/* Sums for each pair of samples what was read again over the file cache at its end. */
static void count_turns(const struct record *r, struct thrash *t)
{
	const struct record_sample *was = NULL;

	for (size_t i = 0; i < r->sample_count; i++) {
		const struct record_sample *is = &r->samples[i];
		int64_t pages = is->value[METRIC_REFAULT_FILE], cache = is->value[METRIC_FILE];

		if (!is_known(pages))
			continue;
		if (was && pages > was->value[METRIC_REFAULT_FILE]) {
			pages -= was->value[METRIC_REFAULT_FILE];
			t->turns += (double)pages * (double)r->page_size /
				    (double)(cache > CACHE_MIN ? cache : CACHE_MIN);
			if (is->t_ns > was->t_ns && t->spent_ns < SPENT_MAX_NS)
				t->spent_ns += is->t_ns - was->t_ns;
			t->until_ns = is->t_ns;
		}
		was = is;
	}
}

static const struct record_premortem *armed(const struct facts *f)
{
	const struct record_premortem *p = f->record->premortem;

	return p && p->armed_line && is_known(p->high) ? p : NULL;
}

static int64_t own_limit(const struct facts *f)
{
	const struct amount *max = f->own ? &f->own->memory_max : NULL;

	return max && max->is_set && !max->is_max && max->bytes < INT64_MAX ? (int64_t)max->bytes
									    : ABSENT;
}

/* Charges come in batches, so a sample is rarely exactly at the limit. */
static bool is_at(int64_t charged, int64_t limit)
{
	return is_known(charged) && is_known(limit) &&
	       charged >= limit - limit / 100 * NEAR_PERCENT;
}

/* Only in this run: the cgroup of a container may have had its peak before. */
static bool has_come_to_limit(const struct facts *f)
{
	const struct record *r = f->record;
	int64_t limit = armed(f) ? armed(f)->high : own_limit(f);

	return is_at(record_max(r, METRIC_CURRENT, NULL), limit) ||
	       (is_at(record_max(r, METRIC_PEAK, NULL), limit) && growth(r, METRIC_PEAK, NULL) > 0);
}

/* Cgroup v1 counts only failures at the limit of memory alone, and recent kernels not all. */
static bool is_limit_met_often(const struct facts *f, const struct thrash *t)
{
	return or_zero(t->limit_hits) + t->high_hits >= LIMIT_HITS_MIN ||
	       (f->record->cgroup_version == 1 && has_come_to_limit(f));
}

static bool find(const struct facts *f, struct thrash *t)
{
	const struct record *r = f->record;

	*t = (struct thrash){.duration_ns = facts_duration_ns(f), .until_ns = ABSENT};
	t->limit_hits = record_delta(f->own, COUNTER_MAX);
	t->high_hits = armed(f) ? or_zero(armed(f)->high_events) : 0;
	t->faults = growth(r, METRIC_PGMAJFAULT, &t->last);
	t->file = in_bytes(r, growth(r, METRIC_REFAULT_FILE, &t->reread));
	t->swap = in_bytes(r, growth(r, METRIC_REFAULT_ANON, NULL));
	t->waited_ns = stalled_ns(r, METRIC_PSI_FULL_US);
	count_turns(r, t);
	return is_limit_met_often(f, t) && t->file >= REREAD_MIN && t->turns >= TURNS_MIN &&
	       is_known(t->duration_ns) &&
	       (is_known(t->waited_ns) ? t->waited_ns : t->spent_ns) >= t->duration_ns / SHARE_MIN;
}

/* How long before the end of the run it was over. */
static int64_t over_ns(const struct facts *f, const struct thrash *t)
{
	int64_t start = is_known(f->record->gate_ns) ? f->record->gate_ns : f->record->start_ns;

	return is_known(t->until_ns) && is_known(start) ? start + t->duration_ns - t->until_ns
							: ABSENT;
}

static bool went_on(const struct facts *f, const struct thrash *t)
{
	int64_t over = over_ns(f, t);

	return is_known(over) && over <= t->duration_ns / 4;
}

static void cite_reread(const struct facts *f, const struct thrash *t, struct doc *doc)
{
	if (t->reread)
		doc_cite(doc, "workingset_refault_file %" PRId64 " in sample %zu",
			 t->reread->value[METRIC_REFAULT_FILE],
			 record_sample_number(f->record, t->reread));
}

static void cite_limit(const struct facts *f, struct doc *doc)
{
	cite_event(doc, f, COUNTER_MAX);
	if (armed(f) && or_zero(armed(f)->high_events) > 0)
		cite_event(doc, f, COUNTER_HIGH);
}

static void say_limit(const struct facts *f, const struct thrash *t, struct doc *doc)
{
	_cleanup_strbuf_ struct strbuf met = STRBUF_INIT;
	bool swaps = record_max(f->record, METRIC_SWAP, NULL) > 0;

	if (t->high_hits > 0)
		strbuf_printf(
			&met,
			"It ran into its limit, or into memory.high that oomlab had set just under it, %s",
			TEXT_COUNT(or_zero(t->limit_hits) + t->high_hits, "time"));
	else if (t->limit_hits > 0)
		strbuf_printf(&met, "It ran into its limit %s", TEXT_COUNT(t->limit_hits, "time"));
	else
		strbuf_printf(&met, "It was at its limit, %s charged at most", SIZE(f->peak));
	doc_sentence(
		doc,
		"%s, and the kernel could still drop pages of files%s: %s of files were read again soon after they had been dropped.",
		met.buf, swaps ? ", and move others to swap" : "", SIZE(t->file));
	cite_limit(f, doc);
	cite_reread(f, t, doc);
	if (t->swap <= 0)
		return;
	doc_sentence(doc, "From swap %s came back as soon.", SIZE(t->swap));
	doc_cite(doc, "workingset_refault_anon");
}

static void say_waits(const struct facts *f, const struct thrash *t, struct doc *doc)
{
	if (t->faults > 0) {
		doc_sentence(doc, "%s had to wait for a page to be read.",
			     TEXT_COUNT(t->faults, "page fault"));
		doc_cite(doc, "pgmajfault %" PRId64 " in sample %zu",
			 t->last->value[METRIC_PGMAJFAULT],
			 record_sample_number(f->record, t->last));
	}
	if (!is_known(t->waited_ns))
		return;
	doc_sentence(doc, "For %s nothing in it could go on for want of memory.",
		     TIME(t->waited_ns));
	doc_cite(doc, "memory.pressure full");
}

void story_thrash(const struct facts *f, struct doc *doc)
{
	struct thrash t;

	if (!find(f, &t))
		return;
	say_limit(f, &t, doc);
	say_waits(f, &t, doc);
	doc_sentence(
		doc,
		"That is thrashing: the OOM killer comes only when nothing is left that can be dropped.");
	cite_limit(f, doc);
	cite_reread(f, &t, doc);
	if (went_on(f, &t) || !is_known(over_ns(f, &t)))
		return;
	doc_sentence(doc, "It was over %s before the end.", TIME(over_ns(f, &t)));
	cite_reread(f, &t, doc);
}

void story_thrash_brief(const struct facts *f, struct doc *doc)
{
	_cleanup_free_ char *waited = NULL;
	struct thrash t;

	if (!find(f, &t))
		return;
	waited = is_known(t.waited_ns) && t.waited_ns > 0
			 ? text_format(", and for %s nothing in it could go on for want of memory",
				       TIME(t.waited_ns))
			 : xstrdup("");
	doc_heading(doc, "How long it took");
	doc_sentence(
		doc,
		"At its limit it thrashed: %s of files were read again soon after they had been dropped%s.",
		SIZE(t.file), waited);
	cite_limit(f, doc);
	cite_reread(f, &t, doc);
}

/* The nearest level whose limit was met, by its local counter or by the charge; or NULL. */
static const struct record_cgroup *limit_met(const struct facts *f)
{
	for (size_t i = 0; i < f->record->cgroup_count; i++) {
		const struct record_cgroup *cgroup = &f->record->cgroups[i];
		int64_t met = record_delta_local(cgroup, COUNTER_MAX);

		if (!is_known(met)) /* v1 counts each level alone */
			met = record_delta(cgroup, COUNTER_MAX);
		if (met > 0)
			return cgroup;
	}
	return has_come_to_limit(f) ? f->own : NULL;
}

/* Adds how long the run waited for memory, or that this is not known. */
static void add_waits(const struct facts *f, struct strbuf *sb)
{
	int64_t some = stalled_ns(f->record, METRIC_PSI_SOME_US);
	struct thrash t;

	find(f, &t);
	if (t.file > 0)
		strbuf_printf(sb, " %s of files were read again soon after they had been dropped.",
			      SIZE(t.file));
	if (t.faults > 0)
		strbuf_printf(sb, " %s had to wait for a page to be read.",
			      TEXT_COUNT(t.faults, "page fault"));
	if (is_known(some))
		strbuf_printf(sb, " It waited for memory for %s in all.", TIME(some));
	else
		strbuf_puts(sb, " How long it waited for memory is not known.");
}

static void at_a_limit(const struct facts *f, const struct record_cgroup *at, struct strbuf *sb)
{
	const char *whose = at->level ? "a limit above its own" : "its limit";

	if (!at->level && armed(f) && is_known(own_limit(f)) &&
	    or_zero(record_delta(f->own, COUNTER_MAX)) <= 0)
		strbuf_printf(
			sb,
			"It had come to memory.high, which oomlab had set to %s, just under its limit of %s, and nobody was killed.",
			SIZE(armed(f)->high), SIZE(own_limit(f)));
	else if (at->memory_max.is_set && !at->memory_max.is_max)
		strbuf_printf(sb, "It had come to %s, %s, and nobody was killed.", whose,
			      SIZE(at->memory_max.bytes));
	else
		strbuf_printf(sb, "It had come to %s, and nobody was killed.", whose);
	add_waits(f, sb);
}

static bool has_waited(const struct facts *f)
{
	int64_t some = stalled_ns(f->record, METRIC_PSI_SOME_US), ran = facts_duration_ns(f);

	return is_known(some) && is_known(ran) && some >= ran / SHARE_MIN;
}

/* Neither memory.high nor the OOM killer had a part, or only memory.high had. */
static void add_not_to_blame(const struct facts *f, struct strbuf *sb)
{
	int64_t high = record_high_delta(f->record), limit = own_limit(f);
	int64_t some = stalled_ns(f->record, METRIC_PSI_SOME_US);

	if (high > 0)
		strbuf_printf(sb, "memory.high held it back %s; the OOM killer killed nobody",
			      TEXT_COUNT(high, "time"));
	else
		strbuf_puts(sb, f->record->cgroup_version == 1 || !is_known(high)
					? "The OOM killer is not to blame"
					: "Neither memory.high nor the OOM killer is to blame");
	if (is_known(limit) && is_known(f->peak))
		strbuf_printf(sb, ": at most %s of its limit of %s were charged%s.", SIZE(f->peak),
			      SIZE(limit), f->is_peak_sampled ? ", as far as samples show" : "");
	else
		strbuf_puts(sb, ": no kill was counted.");
	if (has_waited(f))
		strbuf_printf(sb, " But it waited for memory for %s in all.", TIME(some));
}

char *story_why_stopped(const struct facts *f)
{
	const struct record_cgroup *at = limit_met(f);
	_cleanup_free_ char *doubt = story_doubt(f);
	struct strbuf sb = STRBUF_INIT;
	struct thrash t;

	if (find(f, &t) && went_on(f, &t))
		strbuf_printf(
			&sb,
			"It was at its limit and thrashed: what it needed of files was dropped and read again%s.%s",
			t.turns >= TURNS_MANY ? ", over and over" : "", doubt);
	else if (*doubt)
		strbuf_printf(&sb, "Whether memory had a part in that is not known.%s", doubt);
	else if (at)
		at_a_limit(f, at, &sb);
	else
		add_not_to_blame(f, &sb);
	return strbuf_detach(&sb);
}

void cite_why_stopped(const struct facts *f, struct doc *doc)
{
	bool is_met = limit_met(f) != NULL;
	struct thrash t;

	find(f, &t);
	if (is_met)
		cite_limit(f, doc);
	if (is_met && t.file > 0)
		cite_reread(f, &t, doc);
	if ((is_met || has_waited(f)) && is_known(stalled_ns(f->record, METRIC_PSI_SOME_US)))
		doc_cite(doc, "memory.pressure");
}
