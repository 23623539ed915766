#include "fit/fit.h"

#include <string.h>

#define KIB_128	    ((int64_t)128 << 10)
#define MIB_1	    ((int64_t)1 << 20)
#define LEAST	    MIB_1	       /* less starts no program */
#define NOISE_NS    INT64_C(200000000) /* fit_tell() says so */
#define TRIES_ABOVE 4

void fit_init(struct fit *fit, const struct fit_run *free)
{
	int64_t step = free->peak / 100 / KIB_128 * KIB_128;

	*fit = (struct fit){.free = *free, .confirm = FIT_CONFIRM, .wants_unthrashed = true};
	fit->step = step < KIB_128 ? KIB_128 : step > MIB_1 ? MIB_1 : step;
}

bool fit_add(struct fit *fit, const struct fit_run *run)
{
	if (fit->count == FIT_RUNS_MAX)
		return false;
	fit->runs[fit->count++] = *run;
	return true;
}

static int64_t round_up(const struct fit *fit, int64_t bytes)
{
	int64_t limit = (bytes + fit->step - 1) / fit->step * fit->step;
	int64_t least = (LEAST + fit->step - 1) / fit->step * fit->step;

	return limit < least ? least : limit;
}

/* How often a limit was run, and how often a run of it failed. */
struct tried {
	int runs, failed;
};

static struct tried tried_at(const struct fit *fit, int64_t limit)
{
	struct tried t = {0};

	for (size_t i = 0; i < fit->count; i++)
		if (fit->runs[i].limit == limit) {
			t.runs++;
			t.failed += !fit->runs[i].survived;
		}
	return t;
}

/*
 * The edge among what was run: *hi is the smallest limit that never failed and above which none did,
 * *lo the largest below it, which failed. ABSENT: there is none.
 */
static void find_edge(const struct fit *fit, int64_t *lo, int64_t *hi)
{
	*lo = *hi = ABSENT;
	for (size_t i = 0; i < fit->count; i++)
		if (!fit->runs[i].survived && (*lo == ABSENT || fit->runs[i].limit > *lo))
			*lo = fit->runs[i].limit;
	for (size_t i = 0; i < fit->count; i++) {
		int64_t limit = fit->runs[i].limit;

		if (fit->runs[i].survived && (*lo == ABSENT || limit > *lo) &&
		    (*hi == ABSENT || limit < *hi))
			*hi = limit;
	}
}

bool fit_is_unthrashed(const struct fit *fit, const struct fit_run *run)
{
	int64_t most = fit->free.duration_ns / 100 * FIT_UNTHRASHED_PERCENT;

	if (!run->survived || run->duration_ns > most + NOISE_NS)
		return false;
	return run->stalled_ns == ABSENT ||
	       run->stalled_ns <= run->duration_ns / 100 * FIT_STALLED_PERCENT + NOISE_NS / 40;
}

/* Of the runs at a limit one was fast: a slow one may have had something beside it. */
static bool is_fast_at(const struct fit *fit, int64_t limit)
{
	for (size_t i = 0; i < fit->count; i++)
		if (fit->runs[i].limit == limit && fit_is_unthrashed(fit, &fit->runs[i]))
			return true;
	return false;
}

/* *slow: the largest limit at or above `from` without a fast run; *fast: the smallest above it with. */
static void find_fast(const struct fit *fit, int64_t from, int64_t *slow, int64_t *fast)
{
	*slow = *fast = ABSENT;
	for (size_t i = 0; i < fit->count; i++) {
		int64_t limit = fit->runs[i].limit;

		if (limit >= from && !is_fast_at(fit, limit) && (*slow == ABSENT || limit > *slow))
			*slow = limit;
	}
	for (size_t i = 0; i < fit->count; i++) {
		int64_t limit = fit->runs[i].limit;

		if (limit >= from && (*slow == ABSENT || limit > *slow) && is_fast_at(fit, limit) &&
		    (*fast == ABSENT || limit < *fast))
			*fast = limit;
	}
}

struct plan {
	int64_t *limits;
	size_t count, most;
};

static void want(struct plan *plan, int64_t limit)
{
	if (plan->count < plan->most)
		plan->limits[plan->count++] = limit;
}

/* Points that cut what is between into parts of about the same size. */
static void cut(const struct fit *fit, struct plan *plan, int64_t lo, int64_t hi)
{
	int64_t parts = (int64_t)plan->most + 1, last = lo;

	for (int64_t i = 1; i < parts; i++) {
		int64_t at = (lo + (hi - lo) / parts * i) / fit->step * fit->step;

		if (at > last && at < hi && at >= round_up(fit, 0))
			want(plan, last = at);
	}
}

/* What reclaim cannot free is where the edge is, or a little below it: one point on each side. */
static void look_there_first(const struct fit *fit, struct plan *plan, int64_t lo, int64_t hi)
{
	int64_t needed = fit->free.needed == ABSENT ? hi / 2 : fit->free.needed;
	int64_t points[] = {round_up(fit, needed + needed / 50),
			    round_up(fit, needed) - 2 * fit->step};

	for (int i = 0; i < 2; i++)
		if (points[i] < hi && (lo == ABSENT || points[i] > lo) &&
		    points[i] >= round_up(fit, 0))
			want(plan, points[i]);
}

static int64_t tolerance(const struct fit *fit, int64_t at)
{
	int64_t percent = at / 100 / fit->step * fit->step;

	return percent > fit->step ? percent : fit->step;
}

/* None has survived yet: what the free run had charged, then more. */
static void look_above(const struct fit *fit, struct plan *plan)
{
	static const int percents[TRIES_ABOVE] = {100, 110, 150, 250};

	for (int i = 0; i < TRIES_ABOVE && !plan->count; i++) {
		int64_t limit = round_up(fit, fit->free.peak / 100 * percents[i]);

		if (!tried_at(fit, limit).runs)
			want(plan, limit);
	}
}

/* Below what survived, further each time: the edge is near, as what was needed is known about. */
static void step_down(const struct fit *fit, struct plan *plan, int64_t hi)
{
	int64_t far = (round_up(fit, fit->free.peak) - hi) * 4;
	int64_t limit = hi - (far > 4 * fit->step ? far : 4 * fit->step);

	if (fit->free.needed != ABSENT && limit >= hi / 2 && limit >= round_up(fit, 0))
		want(plan, limit);
}

static void look_between(const struct fit *fit, struct plan *plan, int64_t lo, int64_t hi)
{
	int64_t from = lo == ABSENT ? round_up(fit, 0) - fit->step : lo;

	if (hi - from <= tolerance(fit, hi) || hi <= round_up(fit, 0))
		return;
	look_there_first(fit, plan, lo, hi);
	if (!plan->count && lo == ABSENT)
		step_down(fit, plan, hi);
	if (!plan->count)
		cut(fit, plan, from, hi);
}

static void confirm(const struct fit *fit, struct plan *plan, int64_t lo, int64_t hi)
{
	for (int i = tried_at(fit, hi).runs; i < fit->confirm; i++)
		want(plan, hi);
	for (int i = lo == ABSENT ? fit->confirm : tried_at(fit, lo).runs; i < fit->confirm; i++)
		want(plan, lo);
}

/* A program that sizes itself by its limit may do well with half of what is too little. */
static void look_below(const struct fit *fit, struct plan *plan, int64_t lo)
{
	int64_t limit = lo == ABSENT ? 0 : lo / 2 / fit->step * fit->step;

	if (limit >= round_up(fit, 0) && !tried_at(fit, limit).runs)
		want(plan, limit);
}

/* Nor need one do well with all that is more. */
static void look_above_edge(const struct fit *fit, struct plan *plan, int64_t hi)
{
	int64_t most = round_up(fit, fit->free.peak);
	int64_t near = round_up(fit, hi + hi / 4), middle = round_up(fit, (hi + most) / 2);

	if (near < most && !tried_at(fit, near).runs)
		want(plan, near);
	if (hi < most / 2 && middle < most && !tried_at(fit, middle).runs)
		want(plan, middle);
}

static void look_for_speed(const struct fit *fit, struct plan *plan, int64_t hi)
{
	int64_t slow, fast;

	if (!fit->wants_unthrashed)
		return;
	find_fast(fit, hi, &slow, &fast);
	if (slow == ABSENT || fast == ABSENT)
		return;
	if (fast - slow > 2 * tolerance(fit, fast))
		cut(fit, plan, slow, fast);
	/* One slow run may have had something beside it. */
	for (int i = tried_at(fit, slow).runs; i < fit->confirm && !plan->count; i++)
		want(plan, slow);
}

size_t fit_next(const struct fit *fit, int64_t *limits, size_t most)
{
	struct plan plan = {limits, 0, most};
	int64_t lo, hi;

	if (fit->count == FIT_RUNS_MAX)
		return 0;
	if (plan.most > FIT_RUNS_MAX - fit->count)
		plan.most = FIT_RUNS_MAX - fit->count;
	find_edge(fit, &lo, &hi);
	if (hi == ABSENT)
		look_above(fit, &plan);
	else
		look_between(fit, &plan, lo, hi);
	if (!plan.count && hi != ABSENT)
		confirm(fit, &plan, lo, hi);
	if (!plan.count && hi != ABSENT)
		look_below(fit, &plan, lo);
	if (!plan.count && hi != ABSENT)
		look_above_edge(fit, &plan, hi);
	if (!plan.count && hi != ABSENT)
		look_for_speed(fit, &plan, hi);
	return plan.count;
}

/* The smallest that survived although a larger one failed, and the largest that did. */
static void find_odd(const struct fit *fit, struct fit_result *r)
{
	for (size_t i = 0; i < fit->count; i++) {
		const struct fit_run *run = &fit->runs[i];

		/* So near below is an edge that is not sharp. */
		if (run->survived && r->fails != ABSENT && !tried_at(fit, run->limit).failed &&
		    run->limit < r->fails - 2 * tolerance(fit, r->fails) &&
		    (r->odd_low == ABSENT || run->limit < r->odd_low))
			r->odd_low = run->limit;
	}
	if (r->odd_low != ABSENT)
		r->odd_high = r->fails;
}

void fit_result(const struct fit *fit, struct fit_result *r)
{
	int64_t slow;

	*r = (struct fit_result){.odd_low = ABSENT, .odd_high = ABSENT, .unthrashed = ABSENT};
	find_edge(fit, &r->fails, &r->survives);
	if (r->survives != ABSENT)
		r->survived_runs = tried_at(fit, r->survives).runs;
	if (r->fails != ABSENT) {
		r->fails_of = tried_at(fit, r->fails).runs;
		r->failed_runs = tried_at(fit, r->fails).failed;
	}
	if (r->survives != ABSENT && fit->wants_unthrashed)
		find_fast(fit, r->survives, &slow, &r->unthrashed);
	find_odd(fit, r);
}
