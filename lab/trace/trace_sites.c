#include "trace/trace_sites.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define RANGE_LIMIT  (1u << 20)
#define FOLLOW_LIMIT (1u << 26)

bool trace_sites_fit(const struct trace_header *h)
{
	return h->process_capacity <= TRACE_PROCESS_CAPACITY && h->module_capacity < UINT16_MAX &&
	       h->site_capacity <= TRACE_SITE_CAPACITY && h->range_capacity <= RANGE_LIMIT &&
	       h->follow_buckets <= FOLLOW_LIMIT;
}

/* A table in the input. An input that is cut short has fewer entries. */
struct table {
	const char *at;
	size_t count, size;
};

static struct table next_table(const char **at, const char *end, uint32_t count, size_t size)
{
	const size_t room = (size_t)(end - *at) / size;
	const struct table table = {*at, count < room ? count : room, size};

	*at = count <= room ? *at + count * size : end;
	return table;
}

static void get(const struct table *table, size_t index, void *to)
{
	memcpy(to, table->at + index * table->size, table->size);
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

static void take_processes(const struct table *table, struct trace_sites *to)
{
	to->processes = xcalloc(table->count + 1, sizeof(*to->processes));
	for (size_t i = 0; i < table->count; i++) {
		struct trace_process raw;

		get(table, i, &raw);
		if (raw.state == TRACE_PROCESS_EMPTY || raw.state > TRACE_PROCESS_EXITED)
			continue;
		to->processes[to->process_count++] = (struct trace_log_process){
			.id = (uint32_t)i + 1,
			.pid = raw.pid,
			.parent = raw.parent <= i ? raw.parent : 0,
			.state = (enum trace_process_state)raw.state,
			.frees_unknown = at_most(raw.frees_unknown, TRACE_SITES_MAX_BYTES),
			.not_followed = at_most(raw.not_followed, TRACE_SITES_MAX_BYTES),
			.not_followed_bytes =
				at_most(raw.not_followed_bytes, TRACE_SITES_MAX_BYTES),
		};
	}
}

static void take_modules(const struct table *table, struct trace_sites *to)
{
	to->modules = xcalloc(table->count + 1, sizeof(*to->modules));
	to->module_count = table->count;
	for (size_t i = 0; i < table->count; i++) {
		struct trace_module raw;

		get(table, i, &raw);
		if (raw.state != 2)
			continue;
		memcpy(to->modules[i], raw.path, sizeof(raw.path) - 1);
		text_neutralise(to->modules[i]);
	}
}

static void take_site(const struct trace_site *raw, struct trace_sites *to)
{
	struct trace_log_site *s = &to->sites[to->site_count];
	const uint32_t what = TRACE_SITE_TAKEN(raw->key);
	const bool is_named = raw->module > 0 && raw->module <= to->module_count &&
			      to->modules[raw->module - 1][0];

	if (what == TRACE_TAKEN_NONE || what >= TRACE_TAKEN_COUNT)
		return;
	*s = (struct trace_log_site){
		.process = TRACE_SITE_PROCESS(raw->key),
		.what = (enum trace_taken)what,
		.address = TRACE_SITE_ADDRESS(raw->key),
		.module = is_named ? to->modules[raw->module - 1] : NULL,
		.module_id = is_named ? raw->module : 0,
		.offset = raw->offset,
		.calls = at_most(raw->calls, TRACE_SITES_MAX_BYTES),
		.refused = raw->refused,
		.refused_most = at_most(raw->refused_most, TRACE_SITES_MAX_BYTES),
		.asked = at_most(raw->asked, TRACE_SITES_MAX_BYTES),
	};
	/* A call that is under way may have added to one figure and not yet to another. */
	s->frees = at_most(raw->frees, s->calls);
	s->freed = at_most(raw->freed, s->asked);
	s->live = s->asked - s->freed;
	s->peak = at_most(raw->peak, s->asked);
	if (s->peak < s->live)
		s->peak = s->live;
	to->site_count++;
}

static void take_range(const struct trace_range *raw, struct trace_sites *to)
{
	const uint32_t what = TRACE_SITE_TAKEN(raw->key);

	if (raw->state != TRACE_RANGE_LIVE || what == TRACE_TAKEN_NONE ||
	    what >= TRACE_TAKEN_COUNT || raw->bytes == 0 || raw->bytes > TRACE_SITES_MAX_BYTES ||
	    raw->start > UINT64_MAX - raw->bytes)
		return;
	to->ranges[to->range_count++] = (struct trace_log_range){
		.process = TRACE_SITE_PROCESS(raw->key),
		.what = (enum trace_taken)what,
		.address = TRACE_SITE_ADDRESS(raw->key),
		.start = raw->start,
		.bytes = raw->bytes,
	};
}

void trace_sites_parse(const void *buf, size_t len, const struct trace_header *h,
		       struct trace_sites *to)
{
	const uint64_t first = TRACE_TOTAL_BYTES(h->arena_capacity, h->block_count);
	const char *end = (const char *)buf + len;
	const char *at = first < len ? (const char *)buf + first : end;
	const uint32_t claimed = (uint32_t)at_most(h->processes_claimed, h->process_capacity);
	struct table processes =
		next_table(&at, end, h->process_capacity, sizeof(struct trace_process));
	const struct table modules =
		next_table(&at, end, h->module_capacity, sizeof(struct trace_module));
	const struct table sites =
		next_table(&at, end, h->site_capacity, sizeof(struct trace_site));
	const struct table ranges =
		next_table(&at, end, h->range_capacity, sizeof(struct trace_range));

	processes.count = at_most(processes.count, claimed);
	to->processes_lost = h->processes_claimed - claimed;
	take_processes(&processes, to);
	to->is_damaged = claimed && !to->process_count;
	take_modules(&modules, to);
	to->sites = xcalloc(sites.count + 1, sizeof(*to->sites));
	for (size_t i = 0; i < sites.count; i++) {
		struct trace_site raw;

		get(&sites, i, &raw);
		take_site(&raw, to);
	}
	to->ranges = xcalloc(ranges.count + 1, sizeof(*to->ranges));
	for (size_t i = 0; i < ranges.count; i++) {
		struct trace_range raw;

		get(&ranges, i, &raw);
		take_range(&raw, to);
	}
}

void trace_sites_release(struct trace_sites *sites)
{
	free(sites->processes);
	free(sites->modules);
	free(sites->sites);
	free(sites->ranges);
	*sites = (struct trace_sites){0};
}

const struct trace_log_process *trace_sites_process(const struct trace_sites *sites, uint32_t id)
{
	for (size_t i = 0; i < sites->process_count; i++)
		if (sites->processes[i].id == id)
			return &sites->processes[i];
	return NULL;
}

void trace_sites_pack(const void *tables, struct trace_header *h, struct strbuf *to)
{
	const struct trace_process *processes = tables;
	const struct trace_module *modules = (const void *)(processes + h->process_capacity);
	const struct trace_site *sites = (const void *)(modules + h->module_capacity);
	const struct trace_range *ranges = (const void *)(sites + h->site_capacity);
	struct trace_header packed = *h;

	packed.process_capacity = (uint32_t)at_most(h->processes_claimed, h->process_capacity);
	packed.module_capacity = packed.site_capacity = packed.range_capacity = 0;
	packed.follow_buckets = 0;
	strbuf_append(to, (const char *)processes, packed.process_capacity * sizeof(*processes));
	while (packed.module_capacity < h->module_capacity && modules[packed.module_capacity].state)
		packed.module_capacity++;
	strbuf_append(to, (const char *)modules, packed.module_capacity * sizeof(*modules));
	for (uint32_t i = 0; i < h->site_capacity; i++) {
		if (!sites[i].key)
			continue;
		strbuf_append(to, (const char *)&sites[i], sizeof(*sites));
		packed.site_capacity++;
	}
	for (uint32_t i = 0; i < h->range_capacity; i++) {
		if (ranges[i].state != TRACE_RANGE_LIVE)
			continue;
		strbuf_append(to, (const char *)&ranges[i], sizeof(*ranges));
		packed.range_capacity++;
	}
	*h = packed;
}
