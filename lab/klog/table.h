/*
 * table.h - reads the rows of the kernel's task table, whose columns its own header names:
 * dump_tasks() in mm/oom_kill.c.
 *
 * Captured (6.1, tests/fixtures/oomlog/kmsg-6.1-limit-lowered.txt):
 *
 *	[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name
 *	[    202]     0   202    17179     8192   110592        0             0 hog
 *
 * Columns came and went: cpu and oom_adj (2.6, 3.x), nr_ptes, nr_pmds, nr_puds (3.7 to 4.14),
 * rss_anon, rss_file, rss_shmem (6.8), and patches add their own: an unknown column is skipped over
 * by its place. The name is the rest of the row and may hold anything. Values are as printed:
 * total_vm, rss* and swapents in pages, pgtables_bytes in bytes, nr_* in page tables.
 *
 * LIMITATIONS: without a header only the columns common to all kernels are read.
 */
#ifndef OOMLAB_KLOG_TABLE_H
#define OOMLAB_KLOG_TABLE_H

#include "klog/span.h"

enum column {
	COLUMN_PID,
	COLUMN_UID,
	COLUMN_TGID,
	COLUMN_TOTAL_VM,
	COLUMN_RSS,
	COLUMN_RSS_ANON,
	COLUMN_RSS_FILE,
	COLUMN_RSS_SHMEM,
	COLUMN_NR_PTES,
	COLUMN_NR_PMDS,
	COLUMN_NR_PUDS,
	COLUMN_PGTABLES_BYTES,
	COLUMN_SWAPENTS,
	COLUMN_CPU,
	COLUMN_OOM_ADJ,
	COLUMN_OOM_SCORE_ADJ,
	COLUMN_NAME,
	COLUMN_UNKNOWN,
	COLUMN_COUNT,
};

#define TABLE_COLUMNS_MAX 24

struct table {
	enum column
		columns[TABLE_COLUMNS_MAX]; /* in their order, without the name, which is last */
	size_t count;			    /* 0: no header seen */
};

struct table_row {
	int64_t value[COLUMN_COUNT]; /* by enum column; ABSENT where the row has none */
	struct span name;
};

/* The column of that name, or COLUMN_UNKNOWN. */
enum column table_column(struct span name);

/* Reads a header. False, and the table has no columns, if it does not end with "name". */
bool table_head(struct table *table, struct span text);

/* Reads a row. False if it has too few numbers for the table's header. */
bool table_row(const struct table *table, struct span text, struct table_row *row);

#endif
