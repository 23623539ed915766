#include "suite/suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/query.h"
#include "report/report.h"
#include "suite/suite_parts.h"

void suite_release_row(struct suite_row *row)
{
	free(row->name);
	free(row->group);
	free(row->program);
	free(row->why);
	free(row->folder);
}

void suite_release(struct suite *suite)
{
	for (size_t i = 0; i < suite->row_count; i++)
		suite_release_row(&suite->rows[i]);
	for (size_t i = 0; i < suite->run_count; i++) {
		free(suite->runs[i].why);
		free(suite->runs[i].folder);
	}
	free(suite->rows);
	free(suite->runs);
	cleanup_closep(&suite->journal);
	folder_close(&suite->folder);
	strvec_release(&suite->own_kernels);
	free(suite->own_reports);
	free(suite->own_backend);
	free(suite->own_premortem);
	*suite = SUITE_INIT;
}

const char *suite_word(const struct suite_run *run)
{
	return run->is_dropped ? "dropped" : verdict_names[run->verdict];
}

bool suite_is_flaky(const struct suite_row *row)
{
	size_t outcomes = 0, verdicts = 0;

	for (size_t i = 0; i < ARRAY_SIZE(row->tally.outcomes); i++)
		outcomes += row->tally.outcomes[i] > 0;
	for (size_t i = 0; i < ARRAY_SIZE(row->tally.verdicts); i++)
		verdicts += row->tally.verdicts[i] > 0;
	return outcomes > 1 || verdicts > 1 || row->tally.runs < row->runs;
}

/* The comparisons that did not hold: "memory.peak: expected 1 MiB, found 2 MiB". */
static char *failed_checks(const struct conclusion *c)
{
	struct strbuf why = STRBUF_INIT;

	for (size_t i = 0; i < c->check_count; i++) {
		const struct check *check = &c->checks[i];

		if (check->ok && check->is_known)
			continue;
		strbuf_printf(&why, "%s%s: expected %s, %s", why.len ? "; " : "", check->what,
			      check->expected, check->is_known ? "found " : "not known");
		if (check->is_known)
			strbuf_printf(&why, "%s", check->found);
	}
	return strbuf_detach(&why);
}

static char *reason(const struct record *record, const struct conclusion *c)
{
	char *why = NULL;

	if (c->verdict == VERDICT_PASS)
		return NULL;
	if (c->verdict == VERDICT_FAIL)
		why = failed_checks(c);
	if (why && *why)
		return why;
	free(why);
	return report_summary(record, c);
}

/* 0, or -1 when there is no record to judge. */
static int judge(struct suite_row *row, struct suite_run *run, const char *folder, struct err *err)
{
	_cleanup_free_ char *path = text_format("%s/" RECORD_FILE, folder);
	_cleanup_(record_release) struct record record = {0};
	_cleanup_(conclusion_release) struct conclusion conclusion = {0};
	bool is_sampled = false;

	if (record_load(path, &record, err) < 0)
		return -1;
	conclusion_draw(&record, &conclusion);
	tally_add(&row->tally, &record, &conclusion);
	run->verdict = conclusion.verdict;
	run->outcome = conclusion.outcome;
	run->peak_bytes = record_peak(&record, &is_sampled);
	run->duration_ns = tally_duration(&record);
	run->why = reason(&record, &conclusion);
	return 0;
}

static void remember(struct suite_row *row, const struct suite_run *run)
{
	if (row->why)
		return;
	free(row->folder);
	row->folder = run->folder ? xstrdup(run->folder) : NULL;
	row->why = run->why ? xstrdup(run->why) : NULL;
}

void suite_take(struct suite *suite, struct suite_run *run, const char *folder, const char *error,
		double seconds)
{
	struct suite_row *row = &suite->rows[run->row];
	struct err err = ERR_INIT;

	run->peak_bytes = run->duration_ns = ABSENT;
	run->verdict = VERDICT_BROKEN;
	run->outcome = OUTCOME_LAB_ERROR;
	run->seconds = seconds;
	run->folder = folder ? xstrdup(folder) : NULL;
	if (!folder)
		run->why = xstrdup(error ? error : "it left no record");
	else if (judge(row, run, folder, &err) < 0)
		run->why = xstrdup(err.text);
	run->is_done = true;
	row->runs++;
	row->seconds += seconds;
	remember(row, run);
	suite->done++;
}

int suite_exit_status(const struct suite *suite)
{
	size_t counts[VERDICT_SKIP + 1] = {0};

	for (size_t i = 0; i < suite->run_count; i++)
		if (suite->runs[i].is_done)
			counts[suite->runs[i].verdict]++;
	if (suite->signal)
		return 128 + suite->signal;
	if (counts[VERDICT_FAIL])
		return EXIT_FAILED;
	if (counts[VERDICT_BROKEN] || suite->done < suite->run_count)
		return EXIT_LAB_BROKEN;
	return counts[VERDICT_SKIP] == suite->run_count ? EXIT_SKIP : EXIT_OK;
}
