#include "suite/suite_print.h"

#include <stdlib.h>
#include <string.h>

#include "base/absent.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "suite/suite_parts.h"

static const char *kernel_of(const struct suite_row *row)
{
	return row->kernel ? row->kernel : "";
}

/* "memset-2g", or "memset-2g 6.12", or "memset-2g 6.12 #3". The caller frees. */
static char *name_of(const struct suite *suite, const struct suite_run *run)
{
	const struct suite_row *row = &suite->rows[run->row];
	struct strbuf name = STRBUF_INIT;

	strbuf_printf(&name, "%s", row->name);
	if (row->kernel)
		strbuf_printf(&name, " %s", row->kernel);
	if (suite->options.repeat > 1)
		strbuf_printf(&name, " #%ld", run->round);
	return strbuf_detach(&name);
}

/* What became of it: "oom_killed; peak 512 MiB"; without a record: why. */
static char *result_of(const struct suite_run *run)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_printf(&text, "%s",
		      run->outcome ? spec_outcome_names[run->outcome] : suite_word(run));
	if (is_known(run->peak_bytes))
		strbuf_printf(&text, "; peak %s", TEXT_SIZE((uint64_t)run->peak_bytes));
	if (run->why)
		strbuf_printf(&text, "; %s", run->why);
	text_neutralise(text.buf);
	return strbuf_detach(&text);
}

void suite_print_run(FILE *to, const struct suite *suite, const struct suite_run *run)
{
	_cleanup_free_ char *name = name_of(suite, run);
	_cleanup_free_ char *result = result_of(run);

	fprintf(to, "%zu/%zu %s %s: %s; %.1f s\n", suite->done, suite->run_count, suite_word(run),
		name, result, run->seconds);
	fflush(to);
}

char *suite_live_line(const struct suite *suite, const struct suite_run *const *running,
		      const double *seconds, size_t count, int columns)
{
	struct strbuf line = STRBUF_INIT;
	size_t bad = 0;

	for (size_t i = 0; i < suite->run_count; i++)
		bad += suite->runs[i].is_done && (suite->runs[i].verdict == VERDICT_FAIL ||
						  suite->runs[i].verdict == VERDICT_BROKEN);
	strbuf_printf(&line, "%zu of %zu done", suite->done, suite->run_count);
	if (bad)
		strbuf_printf(&line, ", %zu not passed", bad);
	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *name = name_of(suite, running[i]);

		strbuf_printf(&line, "%s%s (%.0f s)", i ? ", " : "; ", name, seconds[i]);
	}
	text_neutralise(line.buf);
	if (line.len >= (size_t)columns)
		line.buf[columns - 1] = '\0';
	return strbuf_detach(&line);
}

/* The words of a row's cells. */
struct cells {
	char name[80], found[64], peak[3 * TEXT_SIZE_MAX], time[3 * TEXT_SIZE_MAX];
};

static void put_range(char *into, size_t size, const struct tally_range *range,
		      char *(*words)(char *, uint64_t))
{
	char least[TEXT_SIZE_MAX], mean[TEXT_SIZE_MAX], most[TEXT_SIZE_MAX];

	snprintf(into, size, "-");
	if (!range->count)
		return;
	words(least, (uint64_t)range->least);
	words(mean, (uint64_t)(range->sum / (double)range->count));
	words(most, (uint64_t)range->most);
	if (range->count > 1 && strcmp(least, most) != 0)
		snprintf(into, size, "%s/%s/%s", least, mean, most);
	else
		snprintf(into, size, "%s", mean);
}

static void put_found(char *into, size_t size, const struct suite_row *row)
{
	size_t at = 0;

	snprintf(into, size, "-");
	for (size_t i = 0; i < OUTCOME_COUNT && at < size; i++) {
		if (!row->tally.outcomes[i])
			continue;
		at += (size_t)snprintf(into + at, size - at, "%s%s", at ? ", " : "",
				       i ? spec_outcome_names[i] : "skipped");
		if (row->runs > 1 && at < size)
			at += (size_t)snprintf(into + at, size - at, " %zu/%zu",
					       row->tally.outcomes[i], row->runs);
	}
}

static void fill(struct cells *cells, const struct suite_row *row)
{
	snprintf(cells->name, sizeof(cells->name), "%s%s%s", row->name, row->kernel ? " " : "",
		 kernel_of(row));
	put_found(cells->found, sizeof(cells->found), row);
	put_range(cells->peak, sizeof(cells->peak), &row->tally.peak_bytes, text_size);
	put_range(cells->time, sizeof(cells->time), &row->tally.duration_ns, text_duration);
}

/* A row's one word: the worst of its runs. */
static const char *word_of(const struct suite_row *row)
{
	static const enum verdict worst_first[] = {VERDICT_FAIL, VERDICT_BROKEN, VERDICT_SKIP,
						   VERDICT_PASS};

	if (!row->runs)
		return "dropped";
	if (suite_is_flaky(row))
		return "flaky";
	for (size_t i = 0; i < ARRAY_SIZE(worst_first); i++)
		if (row->tally.verdicts[worst_first[i]])
			return verdict_names[worst_first[i]];
	return verdict_names[VERDICT_BROKEN];
}

static const char *colour_of(const char *word)
{
	if (!strcmp(word, "pass"))
		return "\033[32m";
	return !strcmp(word, "skip") ? "\033[33m" : "\033[31m";
}

static int wider(int width, const char *text)
{
	int len = (int)strlen(text);

	return len > width ? len : width;
}

static void print_rows(FILE *to, const struct suite *suite, int columns, bool colour)
{
	int name = 8, found = 5, peak = 4, with_time;
	struct cells c;

	for (size_t i = 0; i < suite->row_count; i++) {
		fill(&c, &suite->rows[i]);
		name = wider(name, c.name);
		found = wider(found, c.found);
		peak = wider(peak, c.peak);
	}
	with_time = 8 + name + found + peak + 12 <= columns;
	for (size_t i = 0; i < suite->row_count; i++) {
		const char *word = word_of(&suite->rows[i]);

		fill(&c, &suite->rows[i]);
		fprintf(to, "%s%-7s%s %-*s %-*s %-*s%s%s\n", colour ? colour_of(word) : "", word,
			colour ? "\033[0m" : "", name, c.name, found, c.found, with_time ? peak : 0,
			c.peak, with_time ? " " : "", with_time ? c.time : "");
	}
}

static void print_reason(FILE *to, const struct suite_row *row)
{
	_cleanup_free_ char *why = NULL;

	if (!row->why)
		return;
	why = xstrdup(row->why);
	text_neutralise(why);
	fprintf(to, "\n%s%s%s: %s\n", row->name, row->kernel ? " " : "", kernel_of(row), why);
	if (row->folder)
		fprintf(to, "  %s\n", row->folder);
}

static void print_counts(FILE *to, const struct suite *suite)
{
	size_t counts[VERDICT_SKIP + 1] = {0}, flaky = 0;

	for (size_t i = 0; i < suite->run_count; i++)
		if (suite->runs[i].is_done)
			counts[suite->runs[i].verdict]++;
	for (size_t i = 0; i < suite->row_count; i++)
		flaky += suite_is_flaky(&suite->rows[i]);
	fprintf(to, "\n%zu passed, %zu failed", counts[VERDICT_PASS], counts[VERDICT_FAIL]);
	if (counts[VERDICT_BROKEN])
		fprintf(to, ", %zu could not be judged", counts[VERDICT_BROKEN]);
	if (counts[VERDICT_SKIP])
		fprintf(to, ", %zu skipped", counts[VERDICT_SKIP]);
	if (suite->done < suite->run_count)
		fprintf(to, ", %zu not run", suite->run_count - suite->done);
	if (flaky)
		fprintf(to, "; %s", TEXT_COUNT((int64_t)flaky, "flaky scenario"));
	fprintf(to, "; %.1f s", suite->seconds);
	if (suite->boots)
		fprintf(to, ", %s", TEXT_COUNT(suite->boots, "boot"));
	fputc('\n', to);
}

void suite_print_table(FILE *to, const struct suite *suite, int columns, bool colour)
{
	print_rows(to, suite, columns, colour);
	for (size_t i = 0; i < suite->row_count; i++)
		print_reason(to, &suite->rows[i]);
	print_counts(to, suite);
}
