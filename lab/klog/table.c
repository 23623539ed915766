#include "klog/table.h"

static const struct span names[COLUMN_COUNT] = {
	[COLUMN_PID] = SPAN("pid"),	      [COLUMN_UID] = SPAN("uid"),
	[COLUMN_TGID] = SPAN("tgid"),	      [COLUMN_TOTAL_VM] = SPAN("total_vm"),
	[COLUMN_RSS] = SPAN("rss"),	      [COLUMN_RSS_ANON] = SPAN("rss_anon"),
	[COLUMN_RSS_FILE] = SPAN("rss_file"), [COLUMN_RSS_SHMEM] = SPAN("rss_shmem"),
	[COLUMN_NR_PTES] = SPAN("nr_ptes"),   [COLUMN_NR_PMDS] = SPAN("nr_pmds"),
	[COLUMN_NR_PUDS] = SPAN("nr_puds"),   [COLUMN_PGTABLES_BYTES] = SPAN("pgtables_bytes"),
	[COLUMN_SWAPENTS] = SPAN("swapents"), [COLUMN_CPU] = SPAN("cpu"),
	[COLUMN_OOM_ADJ] = SPAN("oom_adj"),   [COLUMN_OOM_SCORE_ADJ] = SPAN("oom_score_adj"),
	[COLUMN_NAME] = SPAN("name"),	      [COLUMN_UNKNOWN] = SPAN("?"),
};

enum column table_column(struct span name)
{
	for (enum column c = 0; c < COLUMN_UNKNOWN; c++)
		if (name.n && *name.p == *names[c].p && span_equal(name, names[c]))
			return c;
	return COLUMN_UNKNOWN;
}

bool table_head(struct table *table, struct span text)
{
	size_t close = span_find(text, SPAN("]"));

	*table = (struct table){.columns = {COLUMN_PID}, .count = 1};
	text = span_skip(text, close == SPAN_NONE ? text.n : close + 1);
	for (struct span word = span_token(&text); word.n; word = span_token(&text)) {
		enum column column = table_column(word);

		if (column == COLUMN_NAME)
			return true;
		if (table->count == TABLE_COLUMNS_MAX)
			break;
		table->columns[table->count++] = column;
	}
	table->count = 0;
	return false;
}

/* A number that a blank or the end follows. */
static bool cell(struct span *text, int64_t *value)
{
	struct span at = span_ltrim(*text);

	if (!span_number(&at, value) || (at.n && !char_is_blank(*at.p)))
		return false;
	*text = at;
	return true;
}

static bool row_with_head(const struct table *table, struct span text, struct table_row *row)
{
	for (size_t i = 1; i < table->count; i++) {
		int64_t value;

		if (!cell(&text, &value))
			return false;
		if (table->columns[i] != COLUMN_UNKNOWN)
			row->value[table->columns[i]] = value;
	}
	row->name = span_trim(text);
	return true;
}

/* All kernels begin with uid tgid total_vm rss and end with oom_score_adj name. */
static bool row_without_head(struct span text, struct table_row *row)
{
	static const enum column first[] = {COLUMN_UID, COLUMN_TGID, COLUMN_TOTAL_VM, COLUMN_RSS};
	int64_t value, last = ABSENT;
	size_t count = 0;

	for (; cell(&text, &value); count++) {
		if (count < sizeof(first) / sizeof(first[0]))
			row->value[first[count]] = value;
		last = value;
	}
	row->name = span_trim(text);
	if (count < 7)
		return false;
	if (last >= -1000 && last <= 1000)
		row->value[COLUMN_OOM_SCORE_ADJ] = last;
	return row->name.n > 0;
}

/* "[123033]    48 23033": the end of a stamp ran into the pid 23033. */
static bool run_together(int64_t pid, int64_t tgid)
{
	int64_t modulus = 10;

	if (tgid <= 0 || pid <= tgid)
		return false;
	while (modulus <= tgid)
		modulus *= 10;
	return tgid >= 100 && pid % modulus == tgid;
}

bool table_row(const struct table *table, struct span text, struct table_row *row)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		row->value[i] = ABSENT;
	text = span_ltrim(text);
	if (!span_eat(&text, SPAN("[")))
		return false;
	text = span_ltrim(text);
	if (!span_number(&text, &row->value[COLUMN_PID]))
		return false;
	text = span_ltrim(text);
	if (!span_eat(&text, SPAN("]")))
		return false;
	if (!(table->count ? row_with_head(table, text, row) : row_without_head(text, row)))
		return false;
	return !run_together(row->value[COLUMN_PID], row->value[COLUMN_TGID]);
}
