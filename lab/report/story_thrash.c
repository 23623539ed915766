/*
 * A program at its limit long before anybody is killed: as long as pages of files, its own code
 * among them, can be dropped and read again, the kernel prefers that.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "report/story.h"

/* Fewer of either are those of a start, or of a kill. At least a twentieth of the time. */
enum { LIMIT_HITS_MIN = 100, FAULTS_MIN = 500, SHARE_MIN = 20 };

struct thrash {
	int64_t hits, faults;
	int64_t waited_ns; /* absent: the kernel does not tell (v1) */
	const struct record_sample *last;
};

/* A counter that only grows; a cgroup of others' had some of it before. */
static int64_t growth(const struct record *r, enum metric metric, const struct record_sample **last)
{
	int64_t most = record_max(r, metric, last), first = most;

	for (size_t i = r->sample_count; i-- > 0;)
		if (is_known(r->samples[i].value[metric]))
			first = r->samples[i].value[metric];
	return is_known(most) ? most - first : RECORD_ABSENT;
}

static bool find(const struct facts *f, struct thrash *t)
{
	int64_t duration = facts_duration_ns(f), us = growth(f->record, METRIC_PSI_FULL_US, NULL);

	t->hits = record_delta(f->own, COUNTER_MAX);
	t->faults = growth(f->record, METRIC_PGMAJFAULT, &t->last);
	t->waited_ns = is_known(us) && us < INT64_MAX / 1000 ? us * 1000 : RECORD_ABSENT;
	return t->hits >= LIMIT_HITS_MIN && t->faults >= FAULTS_MIN && is_known(duration) &&
	       (!is_known(t->waited_ns) || t->waited_ns >= duration / SHARE_MIN);
}

bool story_thrashed(const struct facts *f)
{
	struct thrash t;

	return find(f, &t);
}

void story_thrash(const struct facts *f, struct doc *doc)
{
	struct thrash t;
	char waited[128] = "";
	bool swaps = record_max(f->record, METRIC_SWAP, NULL) > 0;

	if (!find(f, &t))
		return;
	if (is_known(t.waited_ns))
		snprintf(waited, sizeof(waited), ", and for %s nothing else could go on",
			 TEXT_DURATION((uint64_t)t.waited_ns));
	doc_sentence(doc,
		     "It ran into its limit %" PRId64 " times, and the kernel could still drop %s, "
		     "to be read again when next needed: %" PRId64 " page faults had to wait for "
		     "that%s.",
		     t.hits,
		     swaps ? "pages of files, and move others to swap"
			   : "pages of files, the program's own code among them",
		     t.faults, waited);
	cite_event(doc, f, COUNTER_MAX);
	doc_cite(doc, "pgmajfault %" PRId64 " in sample %zu", t.faults,
		 facts_sample_number(f->record, t.last));
	if (is_known(t.waited_ns))
		doc_cite(doc, "memory.pressure full");
	doc_sentence(doc, "That is thrashing: the OOM killer comes only when nothing is left that "
			  "can be dropped.");
	cite_event(doc, f, COUNTER_MAX);
}
