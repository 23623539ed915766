#include "profile/huge_page_tracker.h"

#define SMALL_PAGE 4096

void huge_page_tracker_open(struct huge_page_tracker *h)
{
	h->is_opened = true;
	h->is_off = false;
	h->credit = HUGE_CREDIT;
}

void huge_page_tracker_add(struct huge_page_tracker *h, const struct perf_event *event,
			   struct profile_row *row)
{
	if (h->count < HUGE_PENDING_MAX)
		h->pending[h->count++] = (struct huge_page){event->pid, event->tid, event->t_ns,
							    (int64_t)event->len, row};
}

static int64_t sum_of(const struct huge_page_tracker *h, pid_t pid)
{
	int64_t sum = 0;

	for (size_t i = 0; i < h->count; i++)
		if (h->pending[i].pid == pid)
			sum += h->pending[i].bytes;
	return sum;
}

/* Each page gets its share of `bytes`, the last one what is left, and is no longer pending. */
static void give(struct huge_page_tracker *h, pid_t pid, int64_t bytes, struct credits *credits)
{
	const int64_t sum = sum_of(h, pid);
	int64_t given = 0, seen = 0;
	size_t kept = 0;

	for (size_t i = 0; i < h->count; i++) {
		const struct huge_page page = h->pending[i];
		int64_t upto;

		if (page.pid != pid) {
			h->pending[kept++] = page;
			continue;
		}
		seen += page.bytes;
		upto = (int64_t)((double)bytes * ((double)seen / (double)sum));
		upto = seen == sum ? bytes : upto;
		credits_add(credits, page.row, RSS_ANON, upto - given);
		given = upto;
	}
	h->count = kept;
}

/*
 * A sample of the page's own thread comes when it is mapped; one of another thread can come before.
 */
static bool is_mapped(const struct huge_page *page, const struct perf_event *event, int64_t left,
		      uint64_t pages)
{
	return page->tid == event->tid || (pages && left >= page->bytes);
}

/* Pages of the event's thread, or of others, as many as `pages` at most. Returns what was given. */
static int64_t take_of(struct huge_page_tracker *h, const struct perf_event *event, bool is_own,
		       int64_t left, uint64_t *pages, struct credits *credits)
{
	int64_t given = 0;
	size_t kept = 0;

	for (size_t i = 0; i < h->count; i++) {
		const struct huge_page page = h->pending[i];
		int64_t rest = left - given, part = page.bytes < rest ? page.bytes : rest;
		bool is_candidate = page.pid == event->pid && (page.tid == event->tid) == is_own;

		if (is_candidate && is_mapped(&page, event, rest, *pages)) {
			credits_add(credits, page.row, event->counter, part);
			given += part;
			*pages -= *pages > 0;
		} else if (!is_candidate || event->t_ns - page.t_ns <= HUGE_SETTLE_NS) {
			h->pending[kept++] = page;
		}
	}
	h->count = kept;
	return given;
}

int64_t huge_page_tracker_take(struct huge_page_tracker *h, const struct perf_event *event,
			       int64_t bytes, uint64_t pages, struct credits *credits)
{
	int64_t left = bytes > 0 ? bytes : 0, given;
	uint64_t others = pages;

	given = take_of(h, event, true, left, &others, credits);
	/* One of the events is the sample itself, which belongs to its own thread. */
	others -= others == pages && pages > 0;
	given += take_of(h, event, false, left - given, &others, credits);
	h->is_seen |= given >= HUGE_LEAST_BYTES;
	return given;
}

bool huge_page_tracker_is_suspect(int64_t bytes, uint64_t pages)
{
	return (double)bytes > (double)pages * SMALL_PAGE + HUGE_LEAST_BYTES;
}

void huge_page_tracker_suspect(struct huge_page_tracker *h)
{
	h->is_suspected = true;
}

int64_t huge_page_tracker_end(struct huge_page_tracker *h, pid_t pid, int64_t missing,
			      struct credits *credits)
{
	int64_t sum = sum_of(h, pid), given = missing < 0 ? sum : missing;

	if (!sum)
		return 0;
	given = given < 2 * sum ? given : 2 * sum;
	give(h, pid, given, credits);
	return given;
}

void huge_page_tracker_step(struct huge_page_tracker *h, uint64_t pages, uint64_t ns)
{
	double few = (double)ns * HUGE_FEW_A_SECOND / 1e9;

	h->credit += few - (double)pages;
	if (h->credit > HUGE_CREDIT || h->is_seen || h->is_suspected)
		h->credit = HUGE_CREDIT;
	if (ns >= HUGE_WAIT_NS / 2 && (double)pages <= few && h->credit < HUGE_CREDIT_BACK)
		h->credit = HUGE_CREDIT_BACK;
	if (h->credit < 0)
		h->credit = 0;
	h->is_off = h->is_off ? h->credit < HUGE_CREDIT_BACK : h->credit <= 0;
	h->is_seen = h->is_suspected = false;
}

uint64_t huge_page_tracker_wait_ns(const struct huge_page_tracker *h)
{
	return h->is_opened && h->is_off ? HUGE_WAIT_NS : 0;
}
