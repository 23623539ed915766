#include "trace/trace_ring.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/record.h"
#include "src/trace_check.h"

#define LOAD_MAX_BYTES (TRACE_RING_MAX_BYTES + ((size_t)64 << 20))
#define ERRNO_LIMIT    4096

/* A record has enums of its own, which the ring's values are cast to. */
#define IS_SAME(a, b) _Static_assert((int)(a) == (int)(b), #a " is " #b)
IS_SAME(ARENA_CLEAR_UNSET, POLICY_UNKNOWN);
IS_SAME(ARENA_CLEAR_EAGERLY, POLICY_EAGER);
IS_SAME(ARENA_CLEAR_ON_ALLOCATION, POLICY_ON_ALLOCATION);
IS_SAME(ARENA_CLEAR_NEVER, POLICY_NEVER);
IS_SAME(ARENA_CLEAR_COUNT, POLICY_COUNT);
IS_SAME(ARENA_SOURCE_UNSET, ORIGIN_UNKNOWN);
IS_SAME(ARENA_SOURCE_MALLOC, ORIGIN_MALLOC);
IS_SAME(ARENA_SOURCE_RESERVE, ORIGIN_RESERVE);
IS_SAME(ARENA_SOURCE_BACKING, ORIGIN_BUFFER);
IS_SAME(ARENA_SOURCE_COUNT, ORIGIN_COUNT);

static const char *const op_names[TRACE_OP_COUNT] = {
	[TRACE_NONE] = "unknown",
	[TRACE_ATTACH] = "attach",
	[TRACE_RESERVE] = "reserve",
	[TRACE_REFUSED] = "refused",
	[TRACE_COMMIT] = "commit",
	[TRACE_CLEAR_BEGIN] = "clear_begin",
	[TRACE_CLEAR_PROGRESS] = "clear_progress",
	[TRACE_CLEAR_END] = "clear_end",
	[TRACE_ALLOC] = "alloc",
	[TRACE_TOUCH] = "touch",
	[TRACE_REWIND] = "rewind",
	[TRACE_RESET] = "reset",
	[TRACE_DECOMMIT] = "decommit",
	[TRACE_RELEASE] = "release",
	[TRACE_TAKE] = "take",
	[TRACE_GIVE] = "give",
};

const char *trace_op_name(enum trace_op op)
{
	return op_names[op < TRACE_OP_COUNT ? op : TRACE_NONE];
}

/* The bytes that are read, of any alignment. */
struct input {
	const unsigned char *buf;
	size_t len;
	struct trace_header header;
	double ns_per_tick; /* 0: times are not known */
};

/* Copies from the input; false: it ends before. */
static bool get(const struct input *in, uint64_t offset, void *to, size_t bytes)
{
	if (offset > in->len || bytes > in->len - offset)
		return false;
	memcpy(to, in->buf + offset, bytes);
	return true;
}

static void calibrate(struct input *in)
{
	const struct trace_moment *a = &in->header.created;
	const struct trace_moment *b = &in->header.read;

	if (in->header.clock == TRACE_CLOCK_MONOTONIC)
		in->ns_per_tick = 1;
	else if (b->ticks > a->ticks && b->ns > a->ns)
		in->ns_per_tick = (double)(b->ns - a->ns) / (double)(b->ticks - a->ticks);
	else
		in->ns_per_tick = 0;
}

static int64_t to_ns(const struct input *in, uint64_t ticks)
{
	const struct trace_moment *from = &in->header.created;
	double ns;

	if (in->ns_per_tick <= 0)
		return 0;
	if (ticks >= from->ticks)
		ns = (double)from->ns + (double)(ticks - from->ticks) * in->ns_per_tick;
	else
		ns = (double)from->ns - (double)(from->ticks - ticks) * in->ns_per_tick;
	if (ns <= 0)
		return 0;
	return ns >= 9.2e18 ? INT64_MAX : (int64_t)ns;
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/* Makes the figures obey the invariant of the format, whatever was written. */
static void take_figures(struct trace_log_arena *to, const struct trace_arena *raw)
{
	to->requested = at_most(raw->requested, INT64_MAX);
	to->reserved = at_most(raw->reserved, INT64_MAX);
	to->committed = at_most(raw->committed, to->reserved);
	to->used = at_most(raw->used, to->committed);
	to->touched = at_most(raw->touched, to->committed);
	to->peak = at_most(raw->peak, to->reserved);
	if (to->peak < to->used)
		to->peak = to->used;
	to->clear_target = at_most(raw->clear_target, to->reserved);
	to->cleared = at_most(raw->cleared, to->clear_target);
}

static void take_arena(const struct input *in, uint16_t id, const struct trace_arena *raw,
		       struct trace_log_arena *to)
{
	*to = (struct trace_log_arena){
		.id = id,
		.parent = raw->parent,
		.pid = raw->pid,
		.policy = raw->policy < ARENA_CLEAR_COUNT ? raw->policy : ARENA_CLEAR_UNSET,
		.source = raw->source < ARENA_SOURCE_COUNT ? raw->source : ARENA_SOURCE_UNSET,
		.error = raw->error < ERRNO_LIMIT ? (int)raw->error : 0,
		.base = raw->base,
		.init_site = raw->init_site,
		.clear_site = raw->clear_site,
		.is_released = raw->state == TRACE_ARENA_RELEASED,
		.t_first_ns = to_ns(in, raw->time_first),
		.t_last_ns = to_ns(in, raw->time_last),
	};
	memcpy(to->name, raw->name, sizeof(to->name) - 1);
	text_neutralise(to->name);
	take_figures(to, raw);
}

/* True when the counters do not tell how much of the ring was in use. */
static bool is_usage_unknown(const struct input *in)
{
	return in->header.blocks_claimed == TRACE_CLAIMED_UNKNOWN;
}

static void take_arenas(const struct input *in, struct trace_log *log)
{
	const uint32_t claimed = in->header.arenas_claimed;
	const uint32_t count = (uint32_t)at_most(claimed, in->header.arena_capacity);
	const size_t room = at_most(count, in->len / sizeof(struct trace_arena));
	struct trace_arena raw;

	log->arenas = xcalloc(room + 1, sizeof(*log->arenas));
	log->arenas_lost = claimed - count;
	for (uint32_t i = 0; i < count; i++) {
		if (!get(in, sizeof(in->header) + i * sizeof(raw), &raw, sizeof(raw)))
			return;
		if (raw.state == TRACE_ARENA_EMPTY || raw.state > TRACE_ARENA_RELEASED)
			log->arenas_lost += !is_usage_unknown(in);
		else
			take_arena(in, (uint16_t)(i + 1), &raw, &log->arenas[log->arena_count++]);
	}
}

/* An event and its place in the ring, which orders events of equal ticks. */
struct placed_event {
	uint64_t claim;
	uint32_t index;
	struct trace_event event;
};

struct placed_events {
	struct placed_event *list;
	size_t count, capacity;
};

static void place_event(struct placed_events *all, const struct trace_block *block, uint32_t index)
{
	const struct trace_record *r = &block->records[index];

	if (all->count == all->capacity) {
		all->capacity += all->capacity / 2 + TRACE_BLOCK_RECORDS;
		all->list = xrealloc(all->list, all->capacity, sizeof(*all->list));
	}
	all->list[all->count++] = (struct placed_event){
		.claim = block->claim,
		.index = index,
		.event = {.ticks = r->time,
			  .pid = block->pid,
			  .tid = block->tid,
			  .arena = TRACE_WHAT_ARENA(r->what),
			  .op = (enum trace_op)TRACE_WHAT_OP(r->what),
			  .error = TRACE_WHAT_ERROR(r->what),
			  .offset = r->offset,
			  .size = r->size,
			  .site = r->site},
	};
}

static void take_block(struct placed_events *all, const struct trace_block *block, bool in_place,
		       struct trace_log *log)
{
	const uint32_t written = TRACE_WRITTEN_OF(block->claim, block->written)
					 ? (uint32_t)at_most(TRACE_WRITTEN_COUNT(block->written),
							     TRACE_BLOCK_RECORDS)
					 : 0; /* of an earlier owner: only valid records count */
	const uint64_t seed = trace_check_seed(block->claim, block->pid, block->tid);

	if (block->claim == 0 || block->claim & TRACE_CLAIM_BUSY)
		return;
	for (uint32_t i = 0; i < TRACE_BLOCK_RECORDS; i++) {
		const struct trace_record *r = &block->records[i];
		const uint8_t op = TRACE_WHAT_OP(r->what);

		if (in_place && op > TRACE_NONE && op < TRACE_OP_COUNT &&
		    r->check == trace_check(r, seed))
			place_event(all, block, i);
		else if (i < written)
			log->torn++;
	}
}

static bool is_blank(const void *bytes, size_t len)
{
	const char *at = bytes;

	return !len || (!at[0] && !memcmp(at, at + 1, len - 1));
}

/* True when the block is as a writer leaves it, also one that is killed in mid-record. */
static bool is_sound(const struct input *in, const struct trace_block *block, uint64_t index)
{
	const uint64_t claim = block->claim & ~TRACE_CLAIM_BUSY;

	if (!claim)
		return is_blank(block, sizeof(*block)) &&
		       (is_usage_unknown(in) || index >= in->header.blocks_claimed);
	if ((claim - 1) % in->header.block_count != index || claim > in->header.blocks_claimed)
		return false;
	if (block->claim & TRACE_CLAIM_BUSY || TRACE_WRITTEN_OF(claim, block->written))
		return true;
	/* An earlier owner may have stored its count after a later one claimed the block. */
	return claim > in->header.block_count && !is_usage_unknown(in);
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_events(const void *va, const void *vb)
{
	const struct placed_event *a = va, *b = vb;

	if (a->event.ticks != b->event.ticks)
		return compare_numbers(a->event.ticks, b->event.ticks);
	if (a->claim != b->claim)
		return compare_numbers(a->claim, b->claim);
	return compare_numbers(a->index, b->index);
}

static void take_events(const struct input *in, struct trace_log *log)
{
	const uint64_t first = TRACE_BLOCKS_OFFSET(in->header.arena_capacity);
	struct placed_events all = {0};
	struct trace_block block;

	for (uint64_t i = 0; i < in->header.block_count; i++) {
		if (!get(in, first + i * sizeof(block), &block, sizeof(block)))
			break;
		take_block(&all, &block, (block.claim - 1) % in->header.block_count == i, log);
		log->blocks_damaged += !is_sound(in, &block, i);
	}
	log->lost = at_most(in->header.records_lost, INT64_MAX / 2) + log->torn;
	if (all.count > 0)
		qsort(all.list, all.count, sizeof(*all.list), compare_events);
	log->events = xcalloc(all.count + 1, sizeof(*log->events));
	log->event_count = all.count;
	for (size_t i = 0; i < all.count; i++) {
		log->events[i] = all.list[i].event;
		log->events[i].t_ns = to_ns(in, log->events[i].ticks);
	}
	free(all.list);
}

static int check_header(const struct trace_header *h, struct err *err)
{
	if (h->magic != TRACE_MAGIC)
		return err_set(err, EXIT_FAILED, "not a trace: no magic number");
	if (h->version != TRACE_VERSION)
		return err_set(err, EXIT_FAILED, "trace of version %u, this oomlab reads %u",
			       h->version, TRACE_VERSION);
	if (h->clock == TRACE_CLOCK_UNSET || h->clock >= TRACE_CLOCK_COUNT ||
	    h->arena_capacity == 0 || h->arena_capacity > TRACE_ARENA_CAPACITY ||
	    h->block_count == 0 || !trace_sites_fit(h) ||
	    h->total_bytes !=
		    TRACE_TOTAL_BYTES(h->arena_capacity, h->block_count) + TRACE_TABLES_BYTES(h))
		return err_set(err, EXIT_FAILED, "trace with a damaged header");
	return 0;
}

int trace_log_parse(const void *buf, size_t len, struct trace_log *log, struct err *err)
{
	struct input in = {.buf = buf, .len = len};

	*log = (struct trace_log){0};
	if (!get(&in, 0, &in.header, sizeof(in.header)))
		return err_set(err, EXIT_FAILED, "not a trace: shorter than a header");
	if (check_header(&in.header, err) < 0)
		return -1;
	calibrate(&in);
	log->is_clock_sound = in.ns_per_tick > 0;
	log->is_cut = len < in.header.total_bytes;
	log->is_header_damaged = is_usage_unknown(&in);
	take_arenas(&in, log);
	take_events(&in, log);
	trace_sites_parse(buf, len, &in.header, &log->asked);
	log->asked.is_damaged = log->asked.is_damaged || log->is_header_damaged;
	return 0;
}

int trace_log_load(const char *path, struct trace_log *log, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	char chunk[65536];
	ssize_t got = fd;

	while (got >= 0 && (got = read(fd, chunk, sizeof(chunk))) > 0) {
		strbuf_append(&text, chunk, (size_t)got);
		if (text.len > LOAD_MAX_BYTES)
			return err_set(err, EXIT_FAILED, "'%s' is too large for a trace", path);
	}
	if (got < 0)
		return err_errno(err, EXIT_FAILED, "cannot read '%s'", path);
	if (trace_log_parse(text.buf, text.len, log, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

void trace_log_release(struct trace_log *log)
{
	free(log->events);
	free(log->arenas);
	trace_sites_release(&log->asked);
	*log = (struct trace_log){0};
}

static struct trace_summary summarise(const struct trace_log_arena *arena)
{
	return (struct trace_summary){
		.arena = arena,
		.reserved = arena->reserved,
		.committed = arena->committed,
		.touched = arena->touched,
		.used = arena->used,
		.peak = arena->peak,
		.cleared = arena->cleared,
		.clear_target = arena->clear_target,
		.is_clear_unfinished = arena->cleared < arena->clear_target,
		.is_refused = arena->error != 0 && arena->base == 0,
		.is_released = arena->is_released,
		.refused_errno = arena->error,
		.first_event = SIZE_MAX,
		.t_first_ns = arena->t_first_ns,
		.t_last_ns = arena->t_last_ns,
	};
}

static void fold_event(struct trace_summary *summary, const struct trace_event *event, size_t index)
{
	if (summary->first_event == SIZE_MAX)
		summary->first_event = index;
	summary->last_event = index;
	if (event->op == TRACE_ALLOC)
		summary->alloc_count++;
	if (event->op == TRACE_REFUSED) {
		summary->refused_errno = event->error;
		summary->refused_bytes = event->size;
	}
}

struct trace_summary *trace_log_summary(const struct trace_log *log)
{
	_cleanup_free_ struct trace_summary **by_id =
		xcalloc((size_t)UINT16_MAX + 1, sizeof(struct trace_summary *));
	struct trace_summary *list = xcalloc(log->arena_count + 1, sizeof(*list));

	for (size_t i = 0; i < log->arena_count; i++) {
		list[i] = summarise(&log->arenas[i]);
		by_id[log->arenas[i].id] = &list[i];
	}
	for (size_t i = 0; i < log->event_count; i++) {
		struct trace_summary *summary = by_id[log->events[i].arena];

		if (summary && log->events[i].op < TRACE_TAKE)
			fold_event(summary, &log->events[i], i);
	}
	return list;
}

void trace_summary_to_record(const struct trace_summary *s, struct record_arena *arena)
{
	const struct trace_log_arena *a = s->arena;
	const bool has_records = s->first_event <= s->last_event;

	*arena = (struct record_arena){
		.id = a->id,
		.pid = a->pid,
		.name = a->name,
		.policy = (enum policy)a->policy,
		.source = (enum origin)a->source,
		.reserved = (int64_t)s->reserved,
		.committed = (int64_t)s->committed,
		.touched = (int64_t)s->touched,
		.used = (int64_t)s->used,
		.peak = (int64_t)s->peak,
		.clear_target = (int64_t)s->clear_target,
		.cleared = (int64_t)s->cleared,
		.init_site = a->init_site,
		.clear_site = a->clear_site,
		.base = a->base,
		.refused_errno = s->refused_errno,
		.first_record = has_records ? (int64_t)s->first_event + 1 : ABSENT,
		.last_record = has_records ? (int64_t)s->last_event + 1 : ABSENT,
	};
}
