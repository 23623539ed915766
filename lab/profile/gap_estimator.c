#include "profile/gap_estimator.h"

/* So many times what it was lately a tick can be of. */
#define TICK_MOST  1.5
#define FAULT_MOST 1.05

/* Of one place are so many of them. */
#define ONE_PLACE 0.9

void touch_ticks_add(struct touch_ticks *ticks, pid_t pid, enum rss_counter counter, int64_t *to,
		     double weight, bool is_unsure)
{
	if (ticks->count < TICKS_MAX)
		ticks->items[ticks->count++] =
			(struct touch_tick){pid, counter, to, weight, is_unsure};
}

static bool is_of(const struct touch_tick *tick, pid_t pid, enum rss_counter counter)
{
	return tick->pid == pid && tick->counter == counter;
}

static size_t count_of(const struct touch_ticks *ticks, pid_t pid, enum rss_counter counter)
{
	size_t n = 0;

	for (size_t i = 0; i < ticks->count; i++)
		n += is_of(&ticks->items[i], pid, counter);
	return n;
}

/* What is unsure counts from now on, or is dropped. */
static void settle(struct touch_ticks *ticks, pid_t pid, enum rss_counter counter,
		   const int64_t *own)
{
	size_t kept = 0;

	for (size_t i = 0; i < ticks->count; i++) {
		struct touch_tick tick = ticks->items[i];

		if (is_of(&tick, pid, counter) && tick.is_unsure) {
			if (*tick.to <= 0 && tick.to != own)
				continue;
			tick.is_unsure = false;
		}
		ticks->items[kept++] = tick;
	}
	ticks->count = kept;
}

double touch_ticks_sum(struct touch_ticks *ticks, pid_t pid, enum rss_counter counter)
{
	double sum = 0;

	settle(ticks, pid, counter, NULL);
	for (size_t i = 0; i < ticks->count; i++)
		if (is_of(&ticks->items[i], pid, counter))
			sum += ticks->items[i].weight;
	return sum;
}

/* Each gets `part` times its weight, and is counted no more. Returns the sum. */
static int64_t give(struct touch_ticks *ticks, pid_t pid, enum rss_counter counter, double part)
{
	int64_t sum = 0;
	size_t kept = 0;

	for (size_t i = 0; i < ticks->count; i++) {
		const struct touch_tick tick = ticks->items[i];
		int64_t bytes = (int64_t)(part * tick.weight);

		if (!is_of(&tick, pid, counter)) {
			ticks->items[kept++] = tick;
			continue;
		}
		*tick.to += bytes;
		sum += bytes;
	}
	ticks->count = kept;
	return sum;
}

static double weight_at(const struct touch_ticks *ticks, pid_t pid, enum rss_counter counter,
			const int64_t *to)
{
	double sum = 0;

	for (size_t i = 0; i < ticks->count; i++)
		if (is_of(&ticks->items[i], pid, counter) && ticks->items[i].to == to)
			sum += ticks->items[i].weight;
	return sum;
}

/* Whether the place of the first, or of the last, is that of nearly all. */
static bool is_one_place(struct touch_ticks *ticks, pid_t pid, enum rss_counter counter)
{
	double all = touch_ticks_sum(ticks, pid, counter), most = 0;
	const int64_t *seen = NULL;

	for (size_t i = 0; i < ticks->count; i++) {
		const struct touch_tick *tick = &ticks->items[i];
		double weight;

		if (!is_of(tick, pid, counter) || tick->to == seen)
			continue;
		seen = tick->to;
		weight = weight_at(ticks, pid, counter, seen);
		most = weight > most ? weight : most;
		if (most >= all / 2)
			break;
	}
	return most >= all * ONE_PLACE;
}

/* Of gaps that have too few, some together tell. */
static bool has_told(struct touch_ticks *ticks, pid_t pid, enum rss_counter counter,
		     bool *is_of_one_place)
{
	*is_of_one_place = true;
	if (count_of(ticks, pid, counter) >= TICKS_TELLING) {
		*is_of_one_place = is_one_place(ticks, pid, counter);
		return true;
	}
	for (size_t i = 0; i < ticks->count && ticks->few < TICKS_TELLING; i++)
		if (is_of(&ticks->items[i], pid, counter))
			ticks->places[ticks->few++] = ticks->items[i].to;
	if (ticks->few < TICKS_TELLING)
		return false;
	for (size_t i = 1; i < ticks->few; i++)
		*is_of_one_place &= ticks->places[i] == ticks->places[0];
	ticks->few = 0;
	return true;
}

static void learn(struct touch_ticks *ticks, pid_t pid, enum rss_counter counter, double part)
{
	bool is_of_one_place;

	if (!has_told(ticks, pid, counter, &is_of_one_place))
		return;
	if (!ticks->is_by_faults)
		ticks->bytes = ticks->bytes > 0 ? ticks->bytes * 3 / 4 + part / 4 : part;
	ticks->is_mixed = ticks->is_mixed * 3 / 4 + (is_of_one_place ? 0 : 0.25);
}

static double most_of(const struct touch_ticks *ticks)
{
	return ticks->bytes * (ticks->is_by_faults ? FAULT_MOST : TICK_MOST);
}

static int64_t give_and_lose(struct touch_ticks *ticks, const struct touch_gap *gap, double sum)
{
	double most = sum > 0 ? (double)gap->most / sum : 0;

	return give(ticks, gap->pid, gap->counter, ticks->bytes < most ? ticks->bytes : most) -
	       gap->bytes;
}

int64_t touch_ticks_share(struct touch_ticks *ticks, const struct touch_gap *gap)
{
	double most = most_of(ticks), sum, part;
	int64_t given;
	size_t n;

	settle(ticks, gap->pid, gap->counter, gap->own);
	n = count_of(ticks, gap->pid, gap->counter);
	sum = touch_ticks_sum(ticks, gap->pid, gap->counter);
	part = (double)gap->bytes / (n ? sum + sum / (double)n : 1);
	if (gap->bytes < 0)
		return give_and_lose(ticks, gap, sum);
	learn(ticks, gap->pid, gap->counter, part);
	if (most > 0 && part > most)
		part = most;
	given = give(ticks, gap->pid, gap->counter, part);
	part *= n ? sum / (double)n : 1;
	*gap->own += (int64_t)part < gap->bytes - given ? (int64_t)part : gap->bytes - given;
	*gap->rest += (int64_t)part < gap->bytes - given ? gap->bytes - given - (int64_t)part : 0;
	return 0;
}

int64_t touch_ticks_explain(struct touch_ticks *ticks, pid_t pid, enum rss_counter counter,
			    int64_t bytes)
{
	double most = most_of(ticks), sum = touch_ticks_sum(ticks, pid, counter), part;

	if (sum <= 0)
		return 0;
	part = (double)bytes / sum;
	learn(ticks, pid, counter, part);
	return give(ticks, pid, counter, most > 0 && part > most ? most : part);
}

int64_t touch_ticks_end(struct touch_ticks *ticks, pid_t pid, enum rss_counter counter, double part)
{
	return give(ticks, pid, counter, part);
}
