#include "profile/profile_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static uint64_t mix(uint64_t h, uint64_t value)
{
	h = (h ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 32;
}

/* Rows that differ in their mapping alone have the same hash: profile_table_spread() needs that. */
static uint64_t hash(const struct profile_key *key)
{
	uint64_t h = mix((uint64_t)key->pid, key->is_syscall);

	for (size_t i = 0; i < key->depth; i++)
		h = mix(h, key->frames[i].offset + (uint64_t)(int64_t)key->frames[i].module);
	return h;
}

static bool is_same_stack(const struct profile_key *a, const struct profile_key *b)
{
	return a->pid == b->pid && a->is_syscall == b->is_syscall && a->depth == b->depth &&
	       unwind_is_same(a->frames, b->frames, a->depth);
}

static bool is_same_where(const struct fault_location *a, const struct fault_location *b)
{
	return a->mapping == b->mapping && a->is_on_stack == b->is_on_stack;
}

/* Nothing is known of where it is. */
static bool is_nowhere(const struct fault_location *where)
{
	return !where->mapping && !where->is_on_stack;
}

static void grow(struct profile_table *table)
{
	struct profile_row **old = table->slots;
	size_t old_count = table->slot_count;

	table->slot_count = old_count ? old_count * 2 : 256;
	table->slots = xcalloc(table->slot_count, sizeof(*table->slots));
	for (size_t i = 0; i < old_count; i++) {
		struct profile_row *row = old[i];
		size_t at;

		if (!row)
			continue;
		for (at = hash(&row->key) % table->slot_count; table->slots[at];)
			at = (at + 1) % table->slot_count;
		table->slots[at] = row;
	}
	free(old);
}

static struct profile_row *new_row(const struct profile_key *key)
{
	struct profile_row *row = xcalloc(1, sizeof(*row) + key->depth * sizeof(*key->frames));

	row->key = *key;
	row->key.frames = row->frames;
	if (key->depth)
		memcpy(row->frames, key->frames, key->depth * sizeof(*key->frames));
	return row;
}

/* Coarser keys may exceed the bound of finer ones, so that there is a row for what is summed. */
static size_t rows_most(const struct profile_key *key)
{
	return key->depth > PROFILE_SHORT_DEPTH ? PROFILE_ROWS_MAX
	       : key->depth			? PROFILE_ROWS_MAX + PROFILE_SHORT_ROWS
						: PROFILE_ROWS_MAX + 2 * PROFILE_SHORT_ROWS;
}

/* The key with a shorter stack, then with none, then without the process. */
static struct profile_key coarser(const struct profile_key *key)
{
	struct profile_key shorter = *key;

	shorter.depth = PROFILE_SHORT_DEPTH;
	if (key->depth > PROFILE_SHORT_DEPTH)
		return shorter;
	return (struct profile_key){
		.pid = key->depth ? key->pid : 0,
		.is_syscall = key->depth && key->is_syscall,
		.where = key->depth ? key->where : (struct fault_location){0},
	};
}

static bool is_coarsest(const struct profile_key *key)
{
	return !key->depth && !key->pid && !key->is_syscall && is_nowhere(&key->where);
}

struct profile_row *profile_table_row(struct profile_table *table, const struct profile_key *key)
{
	size_t at;

	if (table->count * 2 >= table->slot_count)
		grow(table);
	at = hash(key) % table->slot_count;
	for (; table->slots[at]; at = (at + 1) % table->slot_count)
		if (is_same_where(&table->slots[at]->key.where, &key->where) &&
		    is_same_stack(&table->slots[at]->key, key))
			return table->slots[at];
	if (table->count >= rows_most(key) && !is_coarsest(key)) {
		struct profile_key rest = coarser(key);

		return profile_table_row(table, &rest);
	}
	table->slots[at] = new_row(key);
	table->count++;
	return table->slots[at];
}

static int64_t memory_of(const struct profile_row *row)
{
	return row->gained[RSS_ANON] + row->gained[RSS_SHMEM];
}

static int64_t part_of(int64_t bytes, int64_t of, int64_t all)
{
	return (int64_t)((double)bytes * (double)of / (double)all);
}

static void give(struct profile_row *from, struct profile_row *to, int64_t of, int64_t all)
{
	for (int i = 0; i < RSS_COUNT; i++) {
		int64_t part = of == all ? from->gained[i] : part_of(from->gained[i], of, all);

		from->gained[i] -= part;
		to->gained[i] += part;
	}
}

/* Rows of one stack follow one another in the table, with others between them. */
static void spread_row(struct profile_table *table, size_t slot)
{
	struct profile_row *from = table->slots[slot];
	size_t first = hash(&from->key) % table->slot_count;
	int64_t all = 0;

	for (int round = 0; round < 2; round++) {
		for (size_t at = first; table->slots[at]; at = (at + 1) % table->slot_count) {
			struct profile_row *row = table->slots[at];
			int64_t of = memory_of(row);

			if (row == from || !is_same_stack(&row->key, &from->key))
				continue;
			if (!round) {
				all += of;
			} else if (all > 0 && of > 0) {
				give(from, row, of, all);
				all -= of;
			}
		}
		if (all < memory_of(from))
			return;
	}
}

void profile_table_spread(struct profile_table *table)
{
	for (size_t i = 0; i < table->slot_count; i++)
		if (table->slots[i] && table->slots[i]->key.depth &&
		    is_nowhere(&table->slots[i]->key.where))
			spread_row(table, i);
}

static int64_t weight(const struct profile_row *row)
{
	int64_t sum = row->faults;

	for (int i = 0; i < RSS_COUNT; i++)
		sum += row->gained[i];
	return sum;
}

static int heavier_first(const void *a, const void *b)
{
	const struct profile_row *const *x = a, *const *y = b;

	return (weight(*y) > weight(*x)) - (weight(*y) < weight(*x));
}

struct profile_row **profile_table_sorted(const struct profile_table *table)
{
	struct profile_row **rows = xcalloc(table->count + 1, sizeof(*rows));
	size_t n = 0;

	for (size_t i = 0; i < table->slot_count; i++)
		if (table->slots[i])
			rows[n++] = table->slots[i];
	qsort(rows, n, sizeof(*rows), heavier_first);
	return rows;
}

void profile_table_release(struct profile_table *table)
{
	for (size_t i = 0; i < table->slot_count; i++)
		free(table->slots[i]);
	free(table->slots);
	*table = (struct profile_table){0};
}
