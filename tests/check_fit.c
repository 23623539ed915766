/*
 * check_fit.c - the search for a limit, on programs whose need is known: how near it comes and in how many
 * runs, and what it says of programs that are unsteady, slow near the edge, or size themselves by their
 * limit.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "doc/emit.h"
#include "fit/fit_tell.h"
#include "suite.h"

#define MIB ((int64_t)1 << 20)

/* A program: it survives with `need` and more, and is fast from `fast` on. */
struct program {
	int64_t need, fast, peak;
	int64_t odd_from, odd_to; /* it fails there all the same */
	int unsteady_every;	  /* every so many runs at `need` to need + 2 % one fails */
	const char *fails_as;
};

static struct fit fit;
static struct fit_result result;
static int runs_near;

static struct fit_run run_of(const struct program *p, int64_t limit)
{
	bool is_near = limit >= p->need && limit < p->need + p->need / 50;
	bool survives = limit >= p->need && !(limit >= p->odd_from && limit < p->odd_to);

	if (is_near && p->unsteady_every && runs_near++ % p->unsteady_every == 0)
		survives = false;
	return (struct fit_run){
		.limit = limit,
		.survived = survives,
		.what = survives      ? "survived"
			: p->fails_as ? p->fails_as
				      : "oom_killed",
		.status = survives ? 0 : 137,
		.peak = limit < p->peak ? limit : p->peak,
		.needed = ABSENT,
		.duration_ns = survives && limit < p->fast ? 9000000000 : 1000000000,
		.stalled_ns = ABSENT,
	};
}

static void search(const struct program *p, int64_t needed, size_t jobs)
{
	int64_t limits[8];
	size_t count;
	struct fit_run free = run_of(p, p->peak + MIB);

	free.limit = ABSENT;
	free.needed = needed;
	runs_near = 0;
	fit_init(&fit, &free);
	while ((count = fit_next(&fit, limits, jobs)))
		for (size_t i = 0; i < count; i++) {
			struct fit_run run = run_of(p, limits[i]);

			ck_assert_int_ge(limits[i], MIB);
			ck_assert_int_eq(limits[i] % fit.step, 0);
			ck_assert(fit_add(&fit, &run));
		}
	fit_result(&fit, &result);
}

static void check_near(const struct program *p)
{
	int64_t slack = p->need / 50 > MIB ? p->need / 50 : MIB;

	ck_assert_int_ge(result.survives, p->need);
	ck_assert_int_le(result.survives, p->need + slack);
	ck_assert_int_eq(result.survived_runs, FIT_CONFIRM);
	if (p->need > 2 * MIB) {
		ck_assert_int_lt(result.fails, p->need);
		ck_assert_int_ge(result.fails, p->need - slack);
		ck_assert_int_eq(result.failed_runs, FIT_CONFIRM);
	}
	ck_assert_int_eq(result.odd_low, ABSENT);
}

/* With the free run twelve runs, where the samples of that one were near; more where they were not. */
START_TEST(it_comes_near_in_few_runs)
{
	for (int64_t need = 3 * MIB; need < 900 * MIB; need += need / 3 + 77777) {
		const struct program p = {.need = need, .peak = need + need / 7};

		search(&p, need, 1);
		check_near(&p);
		ck_assert_uint_le(fit.count + 1, 12);
		search(&p, need - need / 40, 1);
		check_near(&p);
		ck_assert_uint_le(fit.count + 1, 14);
		search(&p, ABSENT, 1);
		check_near(&p);
		ck_assert_uint_le(fit.count + 1, 18);
		search(&p, need, 4);
		check_near(&p);
	}
}
END_TEST

/* The peak itself is too little, as the charge of a moment was not seen. */
START_TEST(more_than_the_peak_may_be_needed)
{
	const struct program p = {.need = 70 * MIB, .peak = 64 * MIB};
	const struct program never = {.need = 700 * MIB, .peak = 64 * MIB};

	search(&p, 60 * MIB, 1);
	check_near(&p);
	search(&never, 60 * MIB, 1);
	ck_assert_int_eq(result.survives, ABSENT);
	ck_assert_uint_le(fit.count, 4);
}
END_TEST

START_TEST(the_least_that_can_be_tried)
{
	const struct program p = {.need = 0, .peak = 300000};

	search(&p, ABSENT, 1);
	ck_assert_int_eq(result.survives, MIB);
	ck_assert_int_eq(result.fails, ABSENT);
	ck_assert_int_eq(result.survived_runs, FIT_CONFIRM);
}
END_TEST

/* A limit with which one of the runs failed is none with which it survives. */
START_TEST(an_unsteady_edge_is_on_the_safe_side)
{
	const struct program p = {.need = 100 * MIB, .peak = 110 * MIB, .unsteady_every = 3};

	search(&p, 100 * MIB, 1);
	ck_assert_int_ge(result.survives, 101 * MIB);
	for (size_t i = 0; i < fit.count; i++)
		if (fit.runs[i].limit >= result.survives)
			ck_assert(fit.runs[i].survived);
}
END_TEST

START_TEST(slow_near_the_edge)
{
	const struct program p = {.need = 40 * MIB, .fast = 150 * MIB, .peak = 200 * MIB};
	const struct program even = {.need = 40 * MIB, .peak = 41 * MIB};

	search(&p, 40 * MIB, 1);
	check_near(&p);
	ck_assert_int_ge(result.unthrashed, p.fast);
	ck_assert_int_le(result.unthrashed, p.fast + p.fast / 25);
	search(&even, 40 * MIB, 1);
	ck_assert_int_eq(result.unthrashed, result.survives);
}
END_TEST

/* With 60 % of what it needs at last it survived. */
START_TEST(a_larger_limit_may_be_too_small)
{
	const struct program p = {
		.need = 20 * MIB, .peak = 110 * MIB, .odd_from = 80 * MIB, .odd_to = 100 * MIB};

	search(&p, 100 * MIB, 1);
	ck_assert_int_ge(result.survives, 100 * MIB);
	ck_assert_int_le(result.survives, 102 * MIB);
	ck_assert_int_lt(result.odd_low, 80 * MIB);
	ck_assert_int_ge(result.odd_high, 98 * MIB);
}
END_TEST

static char *words;

static void tell(const struct fit_context *context)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct doc doc = {0};

	fit_tell(&fit, context, &doc);
	emit_text(&doc, false, 100, &text);
	doc_release(&doc);
	for (char *c = text.buf; *c; c++)
		if (*c == '\n' && c[1] == ' ' && c[2] == ' ' && c[3] != ' ')
			memmove(c, c + 2, strlen(c + 2) + 1), *c = ' ';
	free(words);
	words = strbuf_detach(&text);
}

#define says(what)	   ck_assert_msg(strstr(words, what), "'%s' is not in: %s", what, words)
#define does_not_say(what) ck_assert_msg(!strstr(words, what), "'%s' is in: %s", what, words)

START_TEST(what_is_said)
{
	const struct fit_context context = {.command = "prog", .head_room = 10};
	const struct program p = {.need = 40 * MIB, .peak = 48 * MIB};
	const struct program slow = {.need = 40 * MIB, .fast = 150 * MIB, .peak = 200 * MIB};
	const struct program odd = {.need = 20 * MIB,
				    .peak = 110 * MIB,
				    .odd_from = 80 * MIB,
				    .odd_to = 100 * MIB,
				    .fails_as = "failed"};
	const struct program never = {.need = 700 * MIB, .peak = 64 * MIB};

	search(&p, 40 * MIB, 1);
	tell(&context);
	says("It survives with 40.");
	says(": 3 of 3 runs did. With 39.");
	says(" 3 of 3 did not (oom_killed).");
	says("it is as fast as without a limit");
	says("MemoryMax=45M");
	says("How long it was stalled for want of memory is not known here");
	does_not_say("not the larger the safer");
	does_not_say("takes longer");
	says("A file that is in memory is charged to whoever read it first");
	search(&slow, 40 * MIB, 1);
	tell(&context);
	says("with less it survives, but takes longer.");
	does_not_say("it is as fast as without a limit (");
	search(&odd, 100 * MIB, 1);
	tell(&context);
	says("It is not the larger the safer: with ");
	says("(failed)");
	search(&never, 60 * MIB, 1);
	tell(&context);
	says("No limit was found with which it survives");
	does_not_say("Lines to paste");
	fit.wants_unthrashed = false;
	search(&p, 40 * MIB, 1);
	fit.wants_unthrashed = false;
	tell(&(struct fit_context){.command = "prog", .head_room = 0, .has_own_kernel = true});
	does_not_say("A file that is in memory");
	does_not_say("as fast as");
	free(words);
	words = NULL;
}
END_TEST

static TCase *fit_case(void)
{
	TCase *tc = tcase_create("fit");

	tcase_add_test(tc, it_comes_near_in_few_runs);
	tcase_add_test(tc, more_than_the_peak_may_be_needed);
	tcase_add_test(tc, the_least_that_can_be_tried);
	tcase_add_test(tc, an_unsteady_edge_is_on_the_safe_side);
	tcase_add_test(tc, slow_near_the_edge);
	tcase_add_test(tc, a_larger_limit_may_be_too_small);
	tcase_add_test(tc, what_is_said);
	return tc;
}

int main(void)
{
	return suite_run("fit", (TCase *const[]){fit_case()}, 1);
}
