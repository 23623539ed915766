#include "profile/profile_write.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "record/stack.h"

enum { LINES_MAX = 1000, MAPS_MAX = 64 };

static void write_stack(const struct unwind_frame *frames, size_t depth, struct strbuf *sb)
{
	for (size_t i = 0; i < depth; i++)
		stack_put(sb, frames[i].module, frames[i].offset);
}

static int64_t or_absent(int64_t bytes)
{
	return bytes ? bytes : ABSENT;
}

/* Bytes read back from swap; they cannot be more than the row gained. */
static int64_t swapped_in(const struct profile_row *row)
{
	int64_t bytes = row->lost[RSS_SWAP];

	return bytes < row->gained[RSS_ANON] ? bytes : row->gained[RSS_ANON];
}

static void write_row(const struct profile_row *row, struct record_writer *w)
{
	_cleanup_strbuf_ struct strbuf stack = STRBUF_INIT;
	struct record_touch line = {
		.pid = row->key.pid,
		.is_syscall = row->key.is_syscall,
		.anon = or_absent(row->gained[RSS_ANON]),
		.anon_lost = or_absent(row->lost[RSS_ANON]),
		.swapped_in = or_absent(swapped_in(row)),
		.file = or_absent(row->gained[RSS_FILE]),
		.shmem = or_absent(row->gained[RSS_SHMEM]),
		.faults = or_absent(row->faults),
		.lone = or_absent(row->lone),
		.samples = row->samples,
		.mapping = or_absent(row->key.where.mapping),
		.is_on_stack = row->key.where.is_on_stack,
	};

	write_stack(row->frames, row->key.depth, &stack);
	line.stack = stack.len ? stack.buf : NULL;
	record_put_touch(w, &line);
}

static void add_row(struct profile_row *to, const struct profile_row *row)
{
	to->samples += row->samples;
	to->faults += row->faults;
	to->lone += row->lone;
	for (int i = 0; i < RSS_COUNT; i++) {
		to->gained[i] += row->gained[i];
		to->lost[i] += row->lost[i];
	}
}

/* Writes the largest rows, and sums the others in `shorter` by `depth` frames; 0: in one row. */
static void put_largest(const struct profile_table *table, struct profile_table *shorter,
			size_t depth, struct record_writer *w)
{
	_cleanup_free_ struct profile_row **rows = profile_table_sorted(table);

	for (size_t i = 0; i < table->count; i++) {
		struct profile_key key = depth ? rows[i]->key : (struct profile_key){0};

		key.depth = key.depth < depth ? key.depth : depth;
		if (i < LINES_MAX)
			write_row(rows[i], w);
		else
			add_row(profile_table_row(shorter, &key), rows[i]);
	}
}

void profile_write_rows(const struct profile_table *table, struct record_writer *w)
{
	static const size_t depths[] = {PROFILE_SHORT_DEPTH, 3, 1, 0};
	struct profile_table shorter[ARRAY_SIZE(depths)] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(depths); i++)
		put_largest(i ? &shorter[i - 1] : table, &shorter[i], depths[i], w);
	put_largest(&shorter[ARRAY_SIZE(depths) - 1], NULL, 0, w);
	for (size_t i = 0; i < ARRAY_SIZE(depths); i++)
		profile_table_release(&shorter[i]);
}

void profile_write_mappings(const struct address_spaces *spaces, bool has_reserve,
			    struct record_writer *w)
{
	for (size_t i = 0; i < spaces->mappings.count; i++) {
		const struct space_mapping *m = &spaces->mappings.items[i];
		bool is_rest = m->what == MAPPING_SMALL || m->what == MAPPING_UNSEEN;
		_cleanup_strbuf_ struct strbuf stack = STRBUF_INIT;
		struct record_mapping line = {
			.id = (int64_t)i + 1,
			.pid = m->pid,
			.what = is_rest && !has_reserve ? MAPPING_ANONYMOUS : m->what,
			.is_requested = m->is_requested,
			.start = m->start,
			.bytes = m->bytes > 0 ? m->bytes : ABSENT,
			.calls = or_absent(m->calls),
			.returned = m->depth ? m->returned : ABSENT,
			.t_ns = (int64_t)m->t_ns,
			.first_ns = or_absent((int64_t)m->first_ns),
			.last_ns = or_absent((int64_t)m->last_ns),
		};

		if (m->bytes <= 0 && m->what != MAPPING_FILE && m->what != MAPPING_LABS)
			continue;
		write_stack(m->frames, m->depth, &stack);
		line.stack = stack.len ? stack.buf : NULL;
		record_put_mapping(w, &line);
	}
}

void profile_write_invokers(const struct invokers *invokers, struct record_writer *w)
{
	for (size_t i = 0; i < invokers->count; i++) {
		const struct invoker *invoker = &invokers->items[i];
		_cleanup_strbuf_ struct strbuf stack = STRBUF_INIT;

		write_stack(invoker->frames, invoker->depth, &stack);
		record_put_invoker(w, &(struct record_invoker){
					      .t_ns = (int64_t)invoker->t_ns,
					      .pid = invoker->pid,
					      .tid = invoker->tid,
					      .victim = invoker->victim,
					      .stack = stack.buf,
				      });
	}
}

void profile_write_modules(const struct unwind *unwind, struct record_writer *w)
{
	const struct modules *modules = unwind_modules(unwind);

	for (size_t i = 0; i < modules->count; i++)
		record_put_module(w, (int64_t)i, modules->items[i].path);
}

void profile_write_trouble(const struct unwind *unwind, struct record_writer *w)
{
	_cleanup_free_ char *trouble = unwind_trouble(unwind);

	if (trouble)
		record_put_note(w, trouble);
}

void profile_write_processes(const struct rss_ledger *ledger, struct record_writer *w)
{
	for (size_t i = 0; i < ledger->count && i < LINES_MAX; i++) {
		const struct rss_process *p = &ledger->processes[i];
		const struct record_resident line = {
			.pid = p->pid,
			.anon = p->is_seen[RSS_ANON] ? p->size[RSS_ANON] : ABSENT,
			.file = p->is_seen[RSS_FILE] ? p->size[RSS_FILE] : ABSENT,
			.shmem = p->is_seen[RSS_SHMEM] ? p->size[RSS_SHMEM] : ABSENT,
			.inherited = or_absent(p->inherited[RSS_ANON]),
			.has_forked = p->has_forked,
		};

		record_put_resident(w, &line);
	}
}

void profile_write_maps(const struct rss_ledger *ledger, struct unwind *unwind,
			struct record_writer *w)
{
	for (size_t i = 0; i < ledger->count && i < MAPS_MAX; i++) {
		_cleanup_strbuf_ struct strbuf maps = STRBUF_INIT;

		unwind_maps_text(unwind, ledger->processes[i].pid, &maps);
		if (maps.len)
			record_put_maps(w, ledger->processes[i].pid, NULL, maps.buf);
	}
}
