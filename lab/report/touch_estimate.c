#include <string.h>

#include "record/kills.h"
#include "report/touches_parts.h"

#define HUGE_PAGE   (2.0 * 1024 * 1024)
#define SCALE_LEAST 0.5
#define SCALE_MOST  2.0

/* The resident size of the target when last seen: the kernel's figure at its kill, or a sample. */
static int64_t last_resident(const struct record *r)
{
	struct kills *kills = kills_find(r);
	int64_t resident = ABSENT;

	for (size_t i = r->sample_count; i-- > 0 && !is_known(resident);)
		resident = r->samples[i].value[METRIC_RSS];
	for (size_t i = 0; i < kills->count; i++) {
		const struct oomlog_event *e = &kills->items[i].event;

		for (size_t j = 0; j < e->victim_count; j++)
			if (e->victims[j].pid == r->target_pid &&
			    is_known(e->victims[j].anon_rss_bytes))
				resident = e->victims[j].anon_rss_bytes +
					   or_zero(e->victims[j].file_rss_bytes) +
					   or_zero(e->victims[j].shmem_rss_bytes);
	}
	kills_free(kills);
	return resident;
}

static double faulted(const struct touch_frames *f, const struct record_touch *touch)
{
	int64_t page = touch_page_bytes(f->record);
	int64_t lone = or_zero(touch->lone), all = or_zero(touch->faults);

	lone = lone > all ? all : lone;
	return (double)(all - lone) * (double)page +
	       (double)lone * (f->has_huge_pages ? HUGE_PAGE : (double)page);
}

static double sum_of_target(const struct touch_frames *f)
{
	const struct record *r = f->record;
	double sum = 0;

	for (size_t i = 0; i < r->touch_count; i++)
		if (r->touches[i].pid == r->target_pid)
			sum += faulted(f, &r->touches[i]);
	return sum;
}

static int64_t last_charge(const struct record *r)
{
	return r->sample_count ? r->samples[r->sample_count - 1].value[METRIC_CURRENT] : ABSENT;
}

/*
 * A short run may have had huge pages and no sample of them. Then the growth of the charge tells,
 * the peak less what stayed charged: the sum with huge pages is near it, that with small ones is
 * not.
 */
static bool only_huge_pages_explain(const struct touch_frames *f, int64_t peak)
{
	struct touch_frames huge = *f;
	int64_t left = last_charge(f->record);
	double sum, grown;

	if (!is_known(peak) || !is_known(left))
		return false;
	huge.has_huge_pages = true;
	sum = sum_of_target(&huge);
	grown = (double)(peak - left);
	return grown > 2 * sum_of_target(f) && sum > grown / 2 && sum < grown * 1.25;
}

/*
 * Estimates from small pages are nearly exact. If huge pages were in use, the target's sum is
 * scaled into the range from its last resident size to the highest charge, by a factor of 2 at
 * most: faults of the kernel's own are not seen and not to be made up for.
 */
void touch_fit(struct touch_frames *f)
{
	const struct record *r = f->record;
	int64_t peak = record_max(r, METRIC_PEAK, NULL);
	double sum, least, most;
	bool is_any_lone = false;

	f->has_huge_pages = record_max(r, METRIC_ANON_THP, NULL) > 0;
	f->has_huge_pages = f->has_huge_pages || only_huge_pages_explain(f, peak);
	f->resident = last_resident(r);
	f->scale = 1;
	sum = sum_of_target(f);
	for (size_t i = 0; i < r->touch_count; i++)
		is_any_lone |= or_zero(r->touches[i].lone) > 0;
	if (!f->has_huge_pages || !is_any_lone || !is_known(f->resident) || sum <= 0)
		return;
	least = (double)f->resident;
	most = is_known(peak) && (double)peak > least ? (double)peak : least;
	f->scale = sum < least ? least / sum : sum > most ? most / sum : 1;
	f->scale = f->scale < SCALE_LEAST ? SCALE_LEAST : f->scale;
	f->scale = f->scale > SCALE_MOST ? SCALE_MOST : f->scale;
}

const char *touches_lack(const struct record *r)
{
	for (size_t i = 0; i < r->source_count; i++)
		if (r->sources[i].is_open && r->sources[i].why &&
		    !strcmp(r->sources[i].name, RECORD_SOURCE_TOUCH))
			return r->sources[i].why;
	return NULL;
}

int64_t touch_estimate(const struct touch_frames *f, const struct record_touch *touch)
{
	return f->is_estimate ? (int64_t)(faulted(f, touch) *
					  (touch->pid == f->record->target_pid ? f->scale : 1))
			      : 0;
}
