#include "trace.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os_mem.h"
#include "trace_check.h"
#include "trace_clock.h"

#define MAX_TRIES 16

_Static_assert(sizeof(struct trace_header) == 128, "wire format");
_Static_assert(sizeof(struct trace_arena) == 192, "wire format");
_Static_assert(sizeof(struct trace_record) == 40, "wire format");
_Static_assert(sizeof(struct trace_block) == 4096, "wire format");

struct trace_state trace_state;

/* The geometry as validated once: what the ring says later is not asked again. */
static struct {
	struct trace_arena *arenas;
	struct trace_block *blocks;
	uint64_t mapped_bytes;
	uint32_t arena_capacity;
	uint32_t block_count;
	uint32_t pid;
	bool announced; /* this process has a TRACE_ATTACH record */
} ring;

struct trace_cursor {
	struct trace_block *block;
	uint64_t claim;
	uint64_t seed;
	uint64_t time; /* last reading of the clock for this block */
	uint32_t left; /* records of the block still free; 0: no block */
	uint32_t tid;  /* 0: not known yet */
};
static _Thread_local struct trace_cursor cursor;

static int fd_from_environment(void)
{
	const char *text = getenv(TRACE_FD_ENV);
	char *end;
	long fd;

	if (!text || *text < '0' || *text > '9')
		return -1;
	fd = strtol(text, &end, 10);
	return *end || fd < 0 || fd > 1 << 20 ? -1 : (int)fd;
}

static bool header_is_sound(const struct trace_header *h)
{
	return h->magic == TRACE_MAGIC && h->version == TRACE_VERSION &&
	       h->clock == TRACE_CLOCK_HERE && h->block_count > 0 && h->arena_capacity > 0 &&
	       h->arena_capacity <= TRACE_ARENA_CAPACITY &&
	       h->total_bytes ==
		       TRACE_TOTAL_BYTES(h->arena_capacity, h->block_count) + TRACE_TABLES_BYTES(h);
}

/* The tables behind the blocks are the preload library's. */
static uint64_t own_bytes(const struct trace_header *h)
{
	return TRACE_TOTAL_BYTES(h->arena_capacity, h->block_count);
}

/* The mapped ring, or NULL; *sound is the header as it was when it was checked. */
static struct trace_header *map_ring(int fd, struct trace_header *sound)
{
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0 || pread(fd, sound, sizeof(*sound), 0) != sizeof(*sound))
		return NULL;
	if (!header_is_sound(sound) || sound->total_bytes > (uint64_t)st.st_size)
		return NULL;
	return os_mem_map_shared(fd, own_bytes(sound), &map) < 0 ? NULL : map;
}

static void after_fork(void)
{
	trace_state.generation++;
	ring.pid = (uint32_t)getpid();
	ring.announced = false;
	cursor = (struct trace_cursor){0};
}

static void attach(void)
{
	static bool watching_forks;
	struct trace_header sound;
	struct trace_header *header = map_ring(fd_from_environment(), &sound);

	if (!header)
		return;
	if (!watching_forks)
		watching_forks = pthread_atfork(NULL, NULL, after_fork) == 0;
	ring.arenas = (struct trace_arena *)(header + 1);
	ring.blocks = (struct trace_block *)(ring.arenas + sound.arena_capacity);
	ring.mapped_bytes = own_bytes(&sound);
	ring.arena_capacity = sound.arena_capacity;
	ring.block_count = sound.block_count;
	ring.pid = (uint32_t)getpid();
	ring.announced = true;
	trace_state.generation++;
	__atomic_store_n(&trace_state.header, header, __ATOMIC_RELEASE);
	trace_append(TRACE_ATTACH, 0, 0, 0, 0, 0);
}

__attribute__((constructor)) void trace_attach(void)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;

	if (trace_state.header)
		return;
	pthread_mutex_lock(&once);
	if (!trace_state.header)
		attach();
	pthread_mutex_unlock(&once);
}

void trace_detach(void)
{
	if (!trace_state.header)
		return;
	os_mem_release(trace_state.header, ring.mapped_bytes);
	trace_state.header = NULL;
	cursor = (struct trace_cursor){0};
}

static void copy_name(char *to, const char *name)
{
	const size_t length = strnlen(name ? name : "", TRACE_NAME_MAX - 1);

	memcpy(to, name ? name : "", length);
	memset(to + length, 0, TRACE_NAME_MAX - length);
}

static void fill_entry(struct trace_arena *slot, const struct trace_arena_entry *entry)
{
	slot->pid = ring.pid;
	slot->parent = entry->parent;
	slot->policy = (uint8_t)entry->policy;
	slot->source = (uint8_t)entry->source;
	slot->error = (uint32_t)entry->error;
	copy_name(slot->name, entry->name);
	slot->time_first = slot->time_last = trace_clock_ticks();
	slot->base = (uintptr_t)entry->base;
	slot->requested = entry->requested;
	slot->reserved = entry->reserved;
	slot->init_site = entry->init_site;
	__atomic_store_n(&slot->state, TRACE_ARENA_ENTERED, __ATOMIC_RELEASE);
}

uint16_t trace_arena_add(const struct trace_arena_entry *entry)
{
	struct trace_header *header = trace_state.header;
	uint32_t index;

	if (!header || __atomic_load_n(&header->arenas_claimed, __ATOMIC_RELAXED) > 1u << 30)
		return 0;
	index = __atomic_fetch_add(&header->arenas_claimed, 1, __ATOMIC_RELAXED);
	if (index >= ring.arena_capacity)
		return 0;
	fill_entry(&ring.arenas[index], entry);
	return (uint16_t)(index + 1);
}

struct trace_arena *trace_arena_figures(uint16_t id)
{
	if (!trace_state.header || id == 0 || id > ring.arena_capacity)
		return NULL;
	return &ring.arenas[id - 1];
}

/* A count that is not of this claim was stored late by an earlier owner: take it for full. */
static uint32_t records_in(const struct trace_block *block, uint64_t claim)
{
	const uint32_t written = __atomic_load_n(&block->written, __ATOMIC_ACQUIRE);

	if (claim == 0)
		return 0;
	return TRACE_WRITTEN_OF(claim, written) ? TRACE_WRITTEN_COUNT(written)
						: TRACE_BLOCK_RECORDS;
}

/*
 * Takes the block from whoever had it a lap ago and counts what is lost with it. False: another
 * thread is doing the same, or was faster by a whole lap.
 */
static bool take_over(struct trace_header *header, struct trace_block *block, uint64_t claim,
		      uint32_t tid)
{
	uint64_t before = __atomic_load_n(&block->claim, __ATOMIC_RELAXED);

	if (before >= claim ||
	    !__atomic_compare_exchange_n(&block->claim, &before, claim | TRACE_CLAIM_BUSY, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	__atomic_fetch_add(&header->records_lost, records_in(block, before), __ATOMIC_RELAXED);
	block->pid = ring.pid;
	block->tid = tid;
	__atomic_store_n(&block->written, TRACE_WRITTEN(claim, 0), __ATOMIC_RELAXED);
	__atomic_store_n(&block->claim, claim, __ATOMIC_RELEASE);
	return true;
}

/* False: none to be had in a few tries, which takes a hostile ring or very many threads. */
static __attribute__((noinline)) bool claim_block(struct trace_cursor *c)
{
	struct trace_header *header = trace_state.header;

	c->left = 0;
	if (!header)
		return false;
	if (!c->tid)
		c->tid = (uint32_t)gettid();
	for (int tries = 0; c->left == 0; tries++) {
		if (tries == MAX_TRIES) {
			__atomic_fetch_add(&header->records_lost, 1, __ATOMIC_RELAXED);
			return false;
		}
		c->claim = __atomic_add_fetch(&header->blocks_claimed, 1, __ATOMIC_RELAXED);
		c->block = &ring.blocks[(c->claim - 1) % ring.block_count];
		if (take_over(header, c->block, c->claim, c->tid))
			c->left = TRACE_BLOCK_RECORDS;
	}
	c->seed = trace_check_seed(c->claim, ring.pid, c->tid);
	if (!__atomic_exchange_n(&ring.announced, true, __ATOMIC_RELAXED))
		trace_append(TRACE_ATTACH, 0, 0, 0, 0, 0);
	return true;
}

static uint64_t append(uint32_t what, uint64_t offset, uint64_t size, uintptr_t site);

/* The rare half of append(), apart so that the common half saves no registers. */
static __attribute__((noinline, cold)) uint64_t append_to_new_block(uint32_t what, uint64_t offset,
								    uint64_t size, uintptr_t site)
{
	return claim_block(&cursor) ? append(what, offset, size, site) : 0;
}

/* The block was lost while the record was being written, and the record with it. */
static __attribute__((noinline, cold)) uint64_t count_own_loss(struct trace_cursor *c,
							       uint64_t time)
{
	c->left = 0;
	__atomic_fetch_add(&trace_state.header->records_lost, 1, __ATOMIC_RELAXED);
	return time;
}

/* Where a reading of the clock would cost more than all the rest: see trace_format.h. */
static bool carries_time(uint32_t what, uint64_t size, uint32_t index)
{
	return TRACE_WHAT_OP(what) == TRACE_ALLOC && size < TRACE_TIMED_BYTES &&
	       index % TRACE_TIMED_EVERY != 0;
}

static uint64_t append(uint32_t what, uint64_t offset, uint64_t size, uintptr_t site)
{
	struct trace_cursor *c = &cursor;
	struct trace_block *block = c->block;
	const uint32_t index = TRACE_BLOCK_RECORDS - c->left;
	struct trace_record r;

	if (c->left == 0 || __atomic_load_n(&block->claim, __ATOMIC_RELAXED) != c->claim)
		return append_to_new_block(what, offset, size, site);
	if (!carries_time(what, size, index))
		c->time = trace_clock_ticks();
	r = (struct trace_record){
		.time = c->time, .offset = offset, .size = size, .site = site, .what = what};
	r.check = trace_check(&r, c->seed);
	block->records[index] = r;
	if (__atomic_load_n(&block->claim, __ATOMIC_RELAXED) != c->claim)
		return count_own_loss(c, r.time);
	__atomic_store_n(&block->written, TRACE_WRITTEN(c->claim, index + 1), __ATOMIC_RELEASE);
	c->left--;
	return r.time;
}

uint64_t trace_append(enum trace_op op, uint16_t arena, int error, uint64_t offset, uint64_t size,
		      uintptr_t site)
{
	return append(TRACE_WHAT(op, arena, error), offset, size, site);
}
