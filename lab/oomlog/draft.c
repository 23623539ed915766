#include "oomlog/draft.h"

#include <stdarg.h>
#include <stdio.h>

#include "oomlog/event_fields.h"

void draft_reset(struct draft *f)
{
	event_fields_reset(event_fields, &f->event);
	pool_clear(&f->pool);
	f->table.count = 0;
	f->meminfo_ns = ABSENT;
	f->buddy_page_size = f->ram_pages = f->reserved_pages = ABSENT;
	f->in_trace = f->trace_done = f->summary_cut = false;
	f->kill_says_memcg = f->kill_says_global = false;
	f->reaped_comm = f->summary_text = NULL;
	f->path_wanted = NULL;
	f->reaped_line = f->stat_line = 0;
	f->chosen_with_children = f->stats_are_listed = f->has_other_dump = false;
	f->stats_cut = f->pgtables_in_pages = f->reaped_previous_victim = false;
	memset(f->stat_names, 0, sizeof(f->stat_names));
}

void draft_release(struct draft *f)
{
	event_fields_release(&f->event);
	pool_release(&f->pool);
}

void draft_note(struct draft *f, uint64_t line, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	struct oomlog_note *note =
		ARRAY_PUSH(f->event.notes, f->event.note_count, f->note_capacity);
	note->text = pool_text(&f->pool, (struct span){text, strlen(text)});
	note->line = line;
}

static void copy_columns(struct draft *f, struct span text)
{
	char list[512];
	size_t n = 0;

	for (struct span word = span_token(&text); word.n; word = span_token(&text)) {
		while (word.n && (*word.p == '[' || *word.p == ']'))
			word = span_skip(word, 1);
		while (word.n && word.p[word.n - 1] == ']')
			word.n--;
		if (!word.n || n + word.n + 1 > sizeof(list))
			continue;
		if (n)
			list[n++] = ',';
		memcpy(list + n, word.p, word.n);
		n += word.n;
	}
	f->event.table_columns = pool_text(&f->pool, (struct span){list, n});
}

/* Kernels before 4.15 count page tables in pages, one column a level. */
static int64_t table_pages(const struct table_row *row)
{
	static const enum column levels[] = {COLUMN_NR_PTES, COLUMN_NR_PMDS, COLUMN_NR_PUDS};
	int64_t sum = ABSENT;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		int64_t pages = row->value[levels[i]];

		if (pages >= 0 && pages < INT64_C(1) << 40)
			sum = or_zero(sum) + pages;
	}
	return sum;
}

void fact_table_head(struct draft *f, struct span text, uint64_t line)
{
	if (!f->event.lines.table)
		f->event.lines.table = line;
	if (table_head(&f->table, text))
		copy_columns(f, text);
}

/* A longer name has a remark of a person behind it, which a blank separates. */
static struct span bare_name(struct span name)
{
	size_t n = COMM_MAX;

	if (name.n <= n)
		return name;
	while (n > 0 && !(char_is_blank(name.p[n])))
		n--;
	return n ? span_rtrim(span_head(name, n)) : name;
}

bool fact_row(struct draft *f, struct span text, uint64_t line)
{
	struct oomlog_event *ev = &f->event;
	struct table_row row;

	if (!table_row(&f->table, text, &row)) {
		ev->rows_unread++;
		return false;
	}
	if (ev->task_count == OOMLOG_TASKS_MAX)
		return false;
	if (!ev->lines.table)
		ev->lines.table = line;
	struct oomlog_task *task = ARRAY_PUSH(ev->tasks, ev->task_count, f->task_capacity);
	*task = (struct oomlog_task){
		.pid = row.value[COLUMN_PID],
		.uid = row.value[COLUMN_UID],
		.tgid = row.value[COLUMN_TGID],
		.total_vm_bytes = row.value[COLUMN_TOTAL_VM],
		.rss_bytes = row.value[COLUMN_RSS],
		.rss_anon_bytes = row.value[COLUMN_RSS_ANON],
		.rss_file_bytes = row.value[COLUMN_RSS_FILE],
		.rss_shmem_bytes = row.value[COLUMN_RSS_SHMEM],
		.pgtables_bytes = row.value[COLUMN_PGTABLES_BYTES],
		.swap_bytes = row.value[COLUMN_SWAPENTS],
		.oom_score_adj = fact_within(row.value[COLUMN_OOM_SCORE_ADJ], -1000, 1000),
		.comm = pool_text(&f->pool, bare_name(row.name)),
		.line = line,
	};
	if (task->pgtables_bytes == ABSENT) {
		task->pgtables_bytes = table_pages(&row);
		f->pgtables_in_pages |= task->pgtables_bytes != ABSENT;
	}
	return true;
}
