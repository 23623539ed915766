#include "profile/gap_estimator.h"

/* So many times what it was lately a tick can be of. */
#define TICK_MOST  1.5
#define FAULT_MOST 1.05

/* Of one place are so many of them. */
#define ONE_PLACE 0.9

void gap_estimator_add(struct gap_estimator *e, pid_t pid, enum rss_counter counter,
		       struct profile_row *row, double weight, bool is_unsure)
{
	if (e->count < TICKS_MAX)
		e->items[e->count++] = (struct gap_tick){pid, counter, row, weight, is_unsure};
}

static bool is_of(const struct gap_tick *tick, pid_t pid, enum rss_counter counter)
{
	return tick->pid == pid && tick->counter == counter;
}

static size_t count_of(const struct gap_estimator *e, pid_t pid, enum rss_counter counter)
{
	size_t n = 0;

	for (size_t i = 0; i < e->count; i++)
		n += is_of(&e->items[i], pid, counter);
	return n;
}

/* What is unsure counts from now on, or is dropped. */
static void settle(struct gap_estimator *e, pid_t pid, enum rss_counter counter,
		   const struct profile_row *own)
{
	size_t kept = 0;

	for (size_t i = 0; i < e->count; i++) {
		struct gap_tick tick = e->items[i];

		if (is_of(&tick, pid, counter) && tick.is_unsure) {
			if (tick.row->gained[counter] <= 0 && tick.row != own)
				continue;
			tick.is_unsure = false;
		}
		e->items[kept++] = tick;
	}
	e->count = kept;
}

double gap_estimator_sum(struct gap_estimator *e, pid_t pid, enum rss_counter counter)
{
	double sum = 0;

	settle(e, pid, counter, NULL);
	for (size_t i = 0; i < e->count; i++)
		if (is_of(&e->items[i], pid, counter))
			sum += e->items[i].weight;
	return sum;
}

/* Each gets `part` times its weight, and is counted no more. Returns the sum. */
static int64_t give(struct gap_estimator *e, pid_t pid, enum rss_counter counter, double part,
		    struct credits *credits)
{
	int64_t sum = 0;
	size_t kept = 0;

	for (size_t i = 0; i < e->count; i++) {
		const struct gap_tick tick = e->items[i];
		int64_t bytes = (int64_t)(part * tick.weight);

		if (!is_of(&tick, pid, counter)) {
			e->items[kept++] = tick;
			continue;
		}
		credits_add(credits, tick.row, counter, bytes);
		sum += bytes;
	}
	e->count = kept;
	return sum;
}

static double weight_at(const struct gap_estimator *e, pid_t pid, enum rss_counter counter,
			const struct profile_row *row)
{
	double sum = 0;

	for (size_t i = 0; i < e->count; i++)
		if (is_of(&e->items[i], pid, counter) && e->items[i].row == row)
			sum += e->items[i].weight;
	return sum;
}

/* Whether the place of the first, or of the last, is that of nearly all. */
static bool is_one_place(struct gap_estimator *e, pid_t pid, enum rss_counter counter)
{
	double all = gap_estimator_sum(e, pid, counter), most = 0;
	const struct profile_row *seen = NULL;

	for (size_t i = 0; i < e->count; i++) {
		const struct gap_tick *tick = &e->items[i];
		double weight;

		if (!is_of(tick, pid, counter) || tick->row == seen)
			continue;
		seen = tick->row;
		weight = weight_at(e, pid, counter, seen);
		most = weight > most ? weight : most;
		if (most >= all / 2)
			break;
	}
	return most >= all * ONE_PLACE;
}

/* Of gaps that have too few, some together tell. */
static bool has_told(struct gap_estimator *e, pid_t pid, enum rss_counter counter,
		     bool *is_of_one_place)
{
	*is_of_one_place = true;
	if (count_of(e, pid, counter) >= TICKS_TELLING) {
		*is_of_one_place = is_one_place(e, pid, counter);
		return true;
	}
	for (size_t i = 0; i < e->count && e->few < TICKS_TELLING; i++)
		if (is_of(&e->items[i], pid, counter))
			e->places[e->few++] = e->items[i].row;
	if (e->few < TICKS_TELLING)
		return false;
	for (size_t i = 1; i < e->few; i++)
		*is_of_one_place &= e->places[i] == e->places[0];
	e->few = 0;
	return true;
}

static void learn(struct gap_estimator *e, pid_t pid, enum rss_counter counter, double part)
{
	bool is_of_one_place;

	if (!has_told(e, pid, counter, &is_of_one_place))
		return;
	if (!e->is_by_faults)
		e->bytes = e->bytes > 0 ? e->bytes * 3 / 4 + part / 4 : part;
	e->is_mixed = e->is_mixed * 3 / 4 + (is_of_one_place ? 0 : 0.25);
}

static double most_of(const struct gap_estimator *e)
{
	return e->bytes * (e->is_by_faults ? FAULT_MOST : TICK_MOST);
}

static int64_t give_and_lose(struct gap_estimator *e, const struct gap *gap, double sum,
			     struct credits *credits)
{
	double most = sum > 0 ? (double)gap->most / sum : 0;

	return give(e, gap->pid, gap->counter, e->bytes < most ? e->bytes : most, credits) -
	       gap->bytes;
}

int64_t gap_estimator_share(struct gap_estimator *e, const struct gap *gap, struct credits *credits)
{
	double most = most_of(e), sum, part;
	int64_t given, own;
	size_t n;

	settle(e, gap->pid, gap->counter, gap->own);
	n = count_of(e, gap->pid, gap->counter);
	sum = gap_estimator_sum(e, gap->pid, gap->counter);
	part = (double)gap->bytes / (n ? sum + sum / (double)n : 1);
	if (gap->bytes < 0)
		return give_and_lose(e, gap, sum, credits);
	learn(e, gap->pid, gap->counter, part);
	if (most > 0 && part > most)
		part = most;
	given = give(e, gap->pid, gap->counter, part, credits);
	part *= n ? sum / (double)n : 1;
	own = (int64_t)part < gap->bytes - given ? (int64_t)part : gap->bytes - given;
	credits_add(credits, gap->own, gap->counter, own);
	credits_add(credits, gap->rest, gap->counter, gap->bytes - given - own);
	return 0;
}

int64_t gap_estimator_explain(struct gap_estimator *e, pid_t pid, enum rss_counter counter,
			      int64_t bytes, struct credits *credits)
{
	double most = most_of(e), sum = gap_estimator_sum(e, pid, counter), part;

	if (sum <= 0)
		return 0;
	part = (double)bytes / sum;
	learn(e, pid, counter, part);
	return give(e, pid, counter, most > 0 && part > most ? most : part, credits);
}

int64_t gap_estimator_end(struct gap_estimator *e, pid_t pid, enum rss_counter counter, double part,
			  struct credits *credits)
{
	return give(e, pid, counter, part, credits);
}
