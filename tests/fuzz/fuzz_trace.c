/*
 * fuzz_trace.c - any bytes as a trace ring: trace_log_parse() and the summary of what it read.
 *
 * The input is read twice: as it is, and with a header that fits and check words that hold, which
 * no amount of chance would find. Checked besides memory safety: the invariants that trace_ring.h
 * promises of arenas, and that events are in order and summaries point into the log.
 */
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "src/trace_check.h"
#include "trace/trace_ring.h"

static void require_arena(const struct trace_log_arena *arena)
{
	require(arena->id > 0 && strnlen(arena->name, TRACE_NAME_MAX) < TRACE_NAME_MAX);
	require(arena->used <= arena->committed && arena->committed <= arena->reserved);
	require(arena->cleared <= arena->clear_target && arena->used <= arena->peak);
	require(arena->policy < ARENA_CLEAR_COUNT && arena->source < ARENA_SOURCE_COUNT);
}

static void require_asked(const struct trace_sites *asked, size_t size)
{
	require(asked->site_count <= size / sizeof(struct trace_site));
	require(asked->range_count <= size / sizeof(struct trace_range));
	for (size_t i = 0; i < asked->site_count; i++) {
		const struct trace_log_site *s = &asked->sites[i];

		require(s->live <= s->peak && s->peak <= s->asked && s->frees <= s->calls);
		require(s->asked <= TRACE_SITES_MAX_BYTES && s->live == s->asked - s->freed);
		require(s->what > TRACE_TAKEN_NONE && s->what < TRACE_TAKEN_COUNT);
		require(!s->module || strnlen(s->module, TRACE_MODULE_PATH_MAX) > 0);
	}
	for (size_t i = 0; i < asked->range_count; i++)
		require(asked->ranges[i].bytes > 0 &&
			asked->ranges[i].start + asked->ranges[i].bytes > asked->ranges[i].start);
}

static void require_log(const struct trace_log *log, size_t size)
{
	struct trace_summary *summaries = trace_log_summary(log);

	require(log->event_count <= size / sizeof(struct trace_record));
	require(log->torn <= log->lost);
	for (size_t i = 1; i < log->event_count; i++)
		require(log->events[i - 1].ticks <= log->events[i].ticks);
	require_asked(&log->asked, size);
	for (size_t i = 0; i < log->arena_count; i++) {
		require_arena(&log->arenas[i]);
		require(summaries[i].arena == &log->arenas[i]);
		require(summaries[i].first_event > summaries[i].last_event ||
			summaries[i].last_event < log->event_count);
	}
	free(summaries);
}

static void parse(const void *bytes, size_t size)
{
	struct trace_log log;
	struct err err = ERR_INIT;

	if (trace_log_parse(bytes, size, &log, &err) == 0)
		require_log(&log, size);
	else
		require(err.status && err.text[0]);
	trace_log_release(&log);
}

/* Capacities that the input can hold, or nearly. */
static void mend_tables(struct trace_header *h, size_t size)
{
	h->process_capacity %= 8;
	h->module_capacity %= 4;
	h->site_capacity %= (uint32_t)(size / sizeof(struct trace_site) + 2);
	h->range_capacity %= (uint32_t)(size / sizeof(struct trace_range) + 2);
	h->follow_buckets %= 4;
}

static void mend_header(struct trace_header *h, size_t size)
{
	const size_t rest = size - sizeof(*h);

	h->magic = TRACE_MAGIC;
	h->version = TRACE_VERSION;
	h->clock = h->clock % (TRACE_CLOCK_COUNT - 1) + 1;
	h->arena_capacity = h->arena_capacity % 4 + 1;
	h->block_count = (uint32_t)(rest / sizeof(struct trace_block)) + 1;
	if (h->reserved0 % 2)
		h->block_count = 1; /* so that the rest is tables */
	mend_tables(h, size);
	h->total_bytes = TRACE_TOTAL_BYTES(h->arena_capacity, h->block_count) +
			 TRACE_TABLES_BYTES(h);
}

/* Odd records stay as damaged as they came. */
static void mend_block(uint8_t *at, uint64_t index)
{
	struct trace_block block;
	uint64_t seed;

	memcpy(&block, at, sizeof(block));
	block.claim = index + 1;
	seed = trace_check_seed(block.claim, block.pid, block.tid);
	for (size_t i = 0; i < TRACE_BLOCK_RECORDS; i += 2)
		block.records[i].check = trace_check(&block.records[i], seed);
	memcpy(at, &block, sizeof(block));
}

static void mend(uint8_t *bytes, size_t size)
{
	struct trace_header header;
	uint64_t first;

	memcpy(&header, bytes, sizeof(header));
	mend_header(&header, size);
	memcpy(bytes, &header, sizeof(header));
	first = TRACE_BLOCKS_OFFSET(header.arena_capacity);
	for (uint64_t i = 0; first + (i + 1) * sizeof(struct trace_block) <= size; i++)
		mend_block(bytes + first + i * sizeof(struct trace_block), i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	parse(data, size);
	if (size < sizeof(struct trace_header))
		return 0;
	copy = malloc(size);
	require(copy != NULL);
	memcpy(copy, data, size);
	mend(copy, size);
	parse(copy, size);
	free(copy);
	return 0;
}
