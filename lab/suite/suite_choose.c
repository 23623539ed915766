#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "launch/plan.h"
#include "run/run_keep.h"
#include "spec/scenarios.h"
#include "spec/spec.h"
#include "suite/suite.h"
#include "suite/suite_parts.h"

/* What one may name: every scenario that there is. */
struct catalogue {
	struct suite_row *rows;
	size_t count;
};

static int read_row(const char *name, struct suite_row *row, struct err *err)
{
	struct spec spec;
	int r;

	spec_init(&spec);
	*row = (struct suite_row){.program = scenarios_find(name, err)};
	r = row->program ? spec_ask_program(row->program, &spec, err) : -1;
	row->name = xstrdup(name);
	row->group = xstrdup(r == 0 && spec.group ? spec.group : "");
	row->own_boot = r == 0 && !run_keep_may_share(&spec);
	row->is_early = row->own_boot || spec.host_files;
	row->ram_bytes = r == 0 ? plan_guest_ram(&spec) : 0;
	row->expected = spec.expect.outcome;
	spec_release(&spec);
	return r;
}

/* A program there that is no scenario hinders the others only where it is meant. */
static void read_all(struct catalogue *all)
{
	char **names = scenarios_list();

	for (size_t n = 0; names[n]; n++) {
		struct err err = ERR_INIT;

		all->rows = xrealloc(all->rows, all->count + 1, sizeof(*all->rows));
		if (read_row(names[n], &all->rows[all->count], &err) == 0) {
			all->count++;
		} else {
			err_print(&err);
			suite_release_row(&all->rows[all->count]);
		}
		free(names[n]);
	}
	free(names);
}

static bool is_meant(const struct suite_row *row, const char *word)
{
	return !strcmp(row->name, word) || !strcmp(row->group, word);
}

static int refuse_word(const struct catalogue *all, const char *word, struct err *err)
{
	struct suggestion suggestion = {.word = word};

	for (size_t i = 0; i < all->count; i++) {
		suggestion_offer(&suggestion, all->rows[i].name);
		suggestion_offer(&suggestion, all->rows[i].group);
	}
	err_set(err, EXIT_USAGE, "'%s' is neither a scenario nor a group of them", word);
	if (suggestion.best)
		return err_hint(err, "did you mean '%s'?", suggestion.best);
	return err_hint(err, "'oomlab list' has both");
}

static int check_words(const struct catalogue *all, char *const *words, struct err *err)
{
	for (; *words; words++) {
		size_t found = 0;

		for (size_t i = 0; i < all->count; i++)
			found += is_meant(&all->rows[i], *words);
		if (!found)
			return refuse_word(all, *words, err);
	}
	return 0;
}

static bool is_wanted(const struct suite_row *row, char *const *words)
{
	if (!*words)
		return true;
	for (; *words; words++)
		if (is_meant(row, *words))
			return true;
	return false;
}

static void add_row(struct suite *suite, const struct suite_row *row, const char *kernel)
{
	struct suite_row *added;

	suite->rows = xrealloc(suite->rows, suite->row_count + 1, sizeof(*suite->rows));
	added = &suite->rows[suite->row_count++];
	*added = *row;
	added->name = xstrdup(row->name);
	added->group = xstrdup(row->group);
	added->program = xstrdup(row->program);
	added->kernel = kernel;
}

static void add_kernel(struct suite *suite, const struct catalogue *all, char *const *words,
		       const char *kernel)
{
	for (size_t i = 0; i < all->count; i++)
		if (is_wanted(&all->rows[i], words))
			add_row(suite, &all->rows[i], kernel);
}

static void order_round(struct suite *suite, size_t from, size_t to, bool early, long round)
{
	for (size_t row = from; row < to; row++)
		if (suite->rows[row].is_early == early)
			suite->runs[suite->run_count++] =
				(struct suite_run){.row = row, .round = round};
}

/* The first row behind `from` that is on another kernel. */
static size_t next_kernel(const struct suite *suite, size_t from)
{
	size_t to = from;

	while (to < suite->row_count && suite->rows[to].kernel == suite->rows[from].kernel)
		to++;
	return to;
}

/*
 * What wants a guest of its own, or programs of this host, is begun first: it takes longest, and
 * what is short then fills up the workers' time to the end. One kernel comes after the other, for the guest that is shared.
 */
static void order_runs(struct suite *suite)
{
	for (int late = 0; late <= 1; late++)
		for (size_t from = 0, to; from < suite->row_count; from = to) {
			to = next_kernel(suite, from);
			for (long round = 1; round <= suite->options.repeat; round++)
				order_round(suite, from, to, !late, round);
		}
}

int suite_choose(struct suite *suite, const struct suite_options *options, char *const *words,
		 struct err *err)
{
	struct catalogue all = {0};
	int r = 0;

	suite->options = *options;
	read_all(&all);
	if (!all.count)
		r = err_set(err, EXIT_FAILED, "there are no scenarios to run");
	if (r == 0)
		r = check_words(&all, words, err);
	if (r == 0 && !options->kernels.count)
		add_kernel(suite, &all, words, NULL);
	for (size_t k = 0; r == 0 && k < options->kernels.count; k++)
		add_kernel(suite, &all, words, options->kernels.list[k]);
	for (size_t i = 0; i < all.count; i++)
		suite_release_row(&all.rows[i]);
	free(all.rows);
	if (r == 0 && suite->row_count * (size_t)options->repeat > SUITE_RUNS_MAX)
		r = err_set(err, EXIT_USAGE, "%zu runs are more than a suite has (%d)",
			    suite->row_count * (size_t)options->repeat, SUITE_RUNS_MAX);
	if (r < 0)
		return -1;
	suite->runs = xcalloc(suite->row_count * (size_t)options->repeat, sizeof(*suite->runs));
	order_runs(suite);
	return 0;
}
