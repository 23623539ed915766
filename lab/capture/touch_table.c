#include "capture/touch_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static uint64_t mix(uint64_t h, uint64_t value)
{
	h = (h ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

static uint64_t hash(pid_t pid, bool is_syscall, const struct unwind_frame *frames, size_t depth)
{
	uint64_t h = mix((uint64_t)pid, is_syscall);

	for (size_t i = 0; i < depth; i++)
		h = mix(h, frames[i].offset + (uint64_t)(int64_t)frames[i].module);
	return h;
}

static bool is_row(const struct touch_row *row, pid_t pid, bool is_syscall,
		   const struct unwind_frame *frames, size_t depth)
{
	if (row->pid != pid || row->is_syscall != is_syscall || row->depth != depth)
		return false;
	for (size_t i = 0; i < depth; i++)
		if (row->frames[i].module != frames[i].module ||
		    row->frames[i].offset != frames[i].offset)
			return false;
	return true;
}

static void grow(struct touch_table *table)
{
	struct touch_row **old = table->slots;
	size_t old_count = table->slot_count;

	table->slot_count = old_count ? old_count * 2 : 256;
	table->slots = xcalloc(table->slot_count, sizeof(*table->slots));
	for (size_t i = 0; i < old_count; i++) {
		struct touch_row *row = old[i];
		size_t at;

		if (!row)
			continue;
		at = hash(row->pid, row->is_syscall, row->frames, row->depth);
		for (at %= table->slot_count; table->slots[at];)
			at = (at + 1) % table->slot_count;
		table->slots[at] = row;
	}
	free(old);
}

struct touch_row *touch_table_row(struct touch_table *table, pid_t pid, bool is_syscall,
				  const struct unwind_frame *frames, size_t depth)
{
	struct touch_row *row;
	size_t at;

	if (table->count * 2 >= table->slot_count)
		grow(table);
	at = hash(pid, is_syscall, frames, depth) % table->slot_count;
	for (; table->slots[at]; at = (at + 1) % table->slot_count)
		if (is_row(table->slots[at], pid, is_syscall, frames, depth))
			return table->slots[at];
	if (table->count >= TOUCH_ROWS_MAX && (depth || pid || is_syscall))
		return touch_table_row(table, depth ? pid : 0, depth && is_syscall, NULL, 0);
	row = xcalloc(1, sizeof(*row) + depth * sizeof(*frames));
	row->pid = pid;
	row->is_syscall = is_syscall;
	row->depth = depth;
	if (depth)
		memcpy(row->frames, frames, depth * sizeof(*frames));
	table->slots[at] = row;
	table->count++;
	return row;
}

static int64_t weight(const struct touch_row *row)
{
	int64_t sum = row->faults;

	for (int i = 0; i < MEMBER_COUNT; i++)
		sum += row->gained[i];
	return sum;
}

static int heavier_first(const void *a, const void *b)
{
	const struct touch_row *const *x = a, *const *y = b;

	return (weight(*y) > weight(*x)) - (weight(*y) < weight(*x));
}

struct touch_row **touch_table_sorted(const struct touch_table *table)
{
	struct touch_row **rows = xcalloc(table->count + 1, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < table->slot_count; i++)
		if (table->slots[i])
			rows[n++] = table->slots[i];
	qsort(rows, n, sizeof(*rows), heavier_first);
	return rows;
}

void touch_table_release(struct touch_table *table)
{
	for (size_t i = 0; i < table->slot_count; i++)
		free(table->slots[i]);
	free(table->slots);
	*table = (struct touch_table){0};
}
