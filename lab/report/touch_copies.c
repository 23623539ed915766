#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/touches_parts.h"

enum {
	COPIES_LEAST_FAULTS = 64,
	COPIES_LEAST_SAMPLES = 8, /* fewer do not tell how many faults there were */
	COPIES_SAMPLES_MISPLACED = 4,
};

#define COPIES_ERRORS	  3.0 /* standard deviations */
#define COPIES_MOST_BYTES ((double)(INT64_C(1) << 60))

/* One touch of the record, in bytes. */
struct row {
	size_t at; /* in the record */
	const struct record_touch *touch;
	const struct record_mapping *mapping; /* NULL: not known */
	bool is_shared;			      /* more than one process was seen at its mapping */
	double faults, grown;
	double samples; /* of the touch; if it is of copies alone, of all such rows of its stack */
	double excess;	/* faults beyond growth, taken for copies */
	double spare;	/* growth beyond faults; negative: faults beyond growth, no copies */
};

static bool is_in_file_or_shared(const struct row *row)
{
	return row->mapping &&
	       (row->mapping->what == MAPPING_SHARED || row->mapping->what == MAPPING_FILE);
}

/* Mapped after the fork, if the process is a child. */
static bool is_own(const struct row *row)
{
	return row->mapping && row->mapping->pid == row->touch->pid && !row->is_shared;
}

static double bytes_of(int64_t value)
{
	return value > 0 && is_known(value) ? (double)value : 0;
}

/* Nearly all faults of the row are without growth. */
static bool is_copies_alone(const struct row *row)
{
	return row->faults > 0 && row->grown <= row->faults / 4;
}

static double excess_of(const struct row *row, double page)
{
	double excess = row->faults - row->grown;

	if (is_in_file_or_shared(row) || row->samples < COPIES_LEAST_SAMPLES ||
	    excess < COPIES_LEAST_FAULTS * page || excess > COPIES_MOST_BYTES)
		return 0;
	return excess * excess * row->samples >
			       COPIES_ERRORS * COPIES_ERRORS * row->faults * row->faults
		       ? excess
		       : 0;
}

/*
 * The spare of a row that does not copy. It is 0 for a row with much growth and few faults, and for
 * files: 16 of their pages come with one fault.
 */
static double spare_of(const struct row *row)
{
	double grown = bytes_of(row->touch->anon);
	bool is_without_faults = bytes_of(row->touch->samples) > 2 * COPIES_LEAST_SAMPLES &&
				 row->faults < grown / 4;

	if (is_in_file_or_shared(row) || is_without_faults || row->excess > 0)
		return 0;
	if (row->faults > row->grown)
		return row->grown - row->faults;
	return grown > row->faults ? grown - row->faults : 0;
}

/* The bytes of a row that may be due to misplaced samples. */
static double misplaced(const struct row *row)
{
	double size = row->grown > row->faults ? row->grown : row->faults;

	return size * COPIES_SAMPLES_MISPLACED /
	       (bytes_of(row->touch->samples) + COPIES_SAMPLES_MISPLACED);
}

/*
 * Lowers the excess in memory that a child mapped itself by what it was taken to have inherited: it
 * may have grown by that before its first sample. Few samples are of that time, so up to twice the
 * inherited size is no copy.
 */
static void discount_early_growth(struct row *rows, size_t count, double inherited)
{
	double own = 0, rest;

	for (size_t i = 0; i < count; i++)
		own += is_own(&rows[i]) ? rows[i].excess : 0;
	rest = own > 2 * inherited ? (own - inherited) / own : 0;
	for (size_t i = 0; i < count; i++)
		if (inherited > 0 && is_own(&rows[i]))
			rows[i].excess *= rest;
}

static void settle_process(const struct record_resident *process, struct row *rows, size_t count,
			   int64_t *copied)
{
	double excess = 0, spare = 0, most = 0;

	discount_early_growth(rows, count, bytes_of(process->inherited));
	for (size_t i = 0; i < count; i++) {
		excess += rows[i].excess;
		spare += rows[i].spare;
		most += rows[i].spare != 0 ? misplaced(&rows[i]) : 0;
	}
	spare = spare < 0 ? 0 : spare < most ? spare : most;
	for (size_t i = 0; excess > spare && i < count; i++)
		copied[rows[i].at] = (int64_t)(rows[i].excess * (1 - spare / excess));
}

static int by_mapping(const void *a, const void *b)
{
	int64_t x = ((const struct row *)a)->touch->mapping;
	int64_t y = ((const struct row *)b)->touch->mapping;

	return (x > y) - (x < y);
}

static int by_stack(const void *a, const void *b)
{
	const char *x = ((const struct row *)a)->touch->stack;
	const char *y = ((const struct row *)b)->touch->stack;

	return strcmp(x ? x : "", y ? y : "");
}

static int by_pid(const void *a, const void *b)
{
	int64_t x = ((const struct row *)a)->touch->pid;
	int64_t y = ((const struct row *)b)->touch->pid;

	return (x > y) - (x < y);
}

/* The index behind the last row that compares equal to rows[from]. */
static size_t end_of_group(const struct row *rows, size_t from, size_t count,
			   int (*compare)(const void *, const void *))
{
	size_t end = from + 1;

	while (end < count && !compare(&rows[from], &rows[end]))
		end++;
	return end;
}

static void see_mapping(const struct touch_frames *f, struct row *rows, size_t count)
{
	const struct record_mapping *mapping = touch_mapping(f, rows[0].touch);
	bool is_shared = false;

	for (size_t i = 1; i < count; i++)
		is_shared |= rows[i].touch->pid != rows[0].touch->pid;
	for (size_t i = 0; i < count; i++) {
		rows[i].mapping = mapping;
		rows[i].is_shared = is_shared;
	}
}

/* Rows of one stack in several processes share their samples: they are as reliable as one row. */
static void sum_samples(struct row *rows, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += is_copies_alone(&rows[i]) ? bytes_of(rows[i].touch->samples) : 0;
	for (size_t i = 0; i < count; i++)
		rows[i].samples = is_copies_alone(&rows[i]) && rows[i].touch->stack
					  ? sum
					  : bytes_of(rows[i].touch->samples);
}

static void weigh_all(const struct touch_frames *f, struct row *rows)
{
	const struct record *r = f->record;
	double page = (double)touch_page_bytes(r);
	size_t count = r->touch_count, end;

	for (size_t i = 0; i < count; i++) {
		const struct record_touch *t = &r->touches[i];

		rows[i] = (struct row){.at = i, .touch = t};
		rows[i].faults = bytes_of(t->faults) * page;
		rows[i].grown = bytes_of(t->anon) + bytes_of(t->file) + bytes_of(t->shmem);
	}
	qsort(rows, count, sizeof(*rows), by_mapping);
	for (size_t i = 0; i < count; i = end) {
		end = end_of_group(rows, i, count, by_mapping);
		see_mapping(f, rows + i, end - i);
	}
	qsort(rows, count, sizeof(*rows), by_stack);
	for (size_t i = 0; i < count; i = end) {
		end = end_of_group(rows, i, count, by_stack);
		sum_samples(rows + i, end - i);
	}
	for (size_t i = 0; i < count; i++) {
		rows[i].excess = excess_of(&rows[i], page);
		rows[i].spare = spare_of(&rows[i]);
	}
}

int64_t *touch_copies(const struct touch_frames *f)
{
	const struct record *r = f->record;
	struct id_index processes = ID_INDEX(r->residents, r->resident_count, pid);
	size_t count = r->touch_count, end;
	int64_t *copied = xcalloc(count + 1, sizeof(*copied));
	_cleanup_free_ struct row *rows = xcalloc(count + 1, sizeof(*rows));

	weigh_all(f, rows);
	qsort(rows, count, sizeof(*rows), by_pid);
	for (size_t i = 0; i < count; i = end) {
		size_t at = id_index_find(&processes, rows[i].touch->pid);
		const struct record_resident *process = at == SIZE_MAX ? NULL : &r->residents[at];

		end = end_of_group(rows, i, count, by_pid);
		if (process && process->has_forked)
			settle_process(process, rows + i, end - i, copied);
	}
	id_index_release(&processes);
	return copied;
}
