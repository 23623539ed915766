#include "profile/gap_estimator.h"

/* A tick gets so many times what ticks got lately, at most. */
#define TICK_MOST  1.5
#define FAULT_MOST 1.05

/* A gap is of one row when this part of its ticks is. */
#define ONE_ROW_PART 0.9

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

/* An unsure tick counts from now on where its row is known to gain memory, or is dropped. */
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

/* Each tick gets `part` times its weight in bytes, and is removed. Returns the sum. */
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

/* Whether nearly all ticks are of one row. */
static bool is_one_row(struct gap_estimator *e, pid_t pid, enum rss_counter counter)
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
	return most >= all * ONE_ROW_PART;
}

/* Gaps with too few ticks are judged together. */
static bool can_tell(struct gap_estimator *e, pid_t pid, enum rss_counter counter,
		     bool *is_of_one_row)
{
	*is_of_one_row = true;
	if (count_of(e, pid, counter) >= TICKS_TELLING) {
		*is_of_one_row = is_one_row(e, pid, counter);
		return true;
	}
	for (size_t i = 0; i < e->count && e->few_count < TICKS_TELLING; i++)
		if (is_of(&e->items[i], pid, counter))
			e->few_rows[e->few_count++] = e->items[i].row;
	if (e->few_count < TICKS_TELLING)
		return false;
	for (size_t i = 1; i < e->few_count; i++)
		*is_of_one_row &= e->few_rows[i] == e->few_rows[0];
	e->few_count = 0;
	return true;
}

static void learn(struct gap_estimator *e, pid_t pid, enum rss_counter counter, double part)
{
	bool is_of_one_row;

	if (!can_tell(e, pid, counter, &is_of_one_row))
		return;
	if (!e->is_by_faults)
		e->bytes = e->bytes > 0 ? e->bytes * 3 / 4 + part / 4 : part;
	e->mixed_part = e->mixed_part * 3 / 4 + (is_of_one_row ? 0 : 0.25);
}

static double most_of_weight(const struct gap_estimator *e)
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
	double most = most_of_weight(e), sum, part;
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
	double most = most_of_weight(e), sum = gap_estimator_sum(e, pid, counter), part;

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
