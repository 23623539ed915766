#include "trace/trace_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "src/trace_clock.h"

/* Entries of the preload library's tables: some 900 KiB, without the pointers that it follows. */
enum { PROCESSES = 1024, MODULES = 256, SITES = 8192, RANGES = 4096 };

struct trace_ring {
	int fd;
	struct trace_header *header;
	size_t bytes;
	struct trace_header made; /* as it was made: the program can write over the live one */
};

/* The arena capacities are chosen so that the blocks begin on a page boundary. */
static struct trace_header geometry(size_t size_bytes)
{
	struct trace_header h = {.magic = TRACE_MAGIC,
				 .version = TRACE_VERSION,
				 .clock = TRACE_CLOCK_HERE,
				 .arena_capacity = 1002};
	size_t bytes = size_bytes;

	if (bytes < TRACE_RING_MIN_BYTES)
		bytes = TRACE_RING_MIN_BYTES;
	if (bytes > TRACE_RING_MAX_BYTES)
		bytes = TRACE_RING_MAX_BYTES;
	if (bytes < 256u << 10)
		h.arena_capacity = 42;
	else if (bytes < 4u << 20)
		h.arena_capacity = 234;
	h.block_count = (uint32_t)((bytes - TRACE_BLOCKS_OFFSET(h.arena_capacity)) /
				   sizeof(struct trace_block));
	h.total_bytes = TRACE_TOTAL_BYTES(h.arena_capacity, h.block_count);
	return h;
}

static void add_tables(struct trace_header *h, size_t follow)
{
	uint32_t buckets = 1;

	if (follow < TRACE_FOLLOW_MIN)
		follow = TRACE_FOLLOW_MIN;
	if (follow > TRACE_FOLLOW_MAX)
		follow = TRACE_FOLLOW_MAX;
	while (buckets * TRACE_FOLLOW_PER_BUCKET < follow)
		buckets *= 2;
	h->process_capacity = PROCESSES;
	h->module_capacity = MODULES;
	h->site_capacity = SITES;
	h->range_capacity = RANGES;
	h->follow_buckets = buckets;
	h->total_bytes += TRACE_TABLES_BYTES(h);
}

/* fallocate(2) takes every page now and charges it to the caller, without a fault for each. */
static int fill_ring(struct trace_ring *ring, struct trace_header header)
{
	void *map;

	if (fallocate(ring->fd, 0, 0, (off_t)header.total_bytes) < 0)
		return -1;
	map = mmap(NULL, header.total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (map == MAP_FAILED)
		return -1;
	ring->header = map;
	ring->bytes = header.total_bytes;
	header.created = trace_clock_moment();
	*ring->header = ring->made = header;
	return fcntl(ring->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

static struct trace_ring *create(const struct trace_header *header, struct err *err)
{
	struct trace_ring *ring = xcalloc(1, sizeof(*ring));

	ring->fd = memfd_create(TRACE_RING_NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ring->fd < 0 || fill_ring(ring, *header) < 0) {
		err_errno(err, EXIT_LAB_BROKEN, "cannot make the trace ring");
		trace_ring_free(ring);
		return NULL;
	}
	return ring;
}

struct trace_ring *trace_ring_create(size_t size_bytes, struct err *err)
{
	const struct trace_header header = geometry(size_bytes);

	return create(&header, err);
}

struct trace_ring *trace_ring_create_counting(size_t size_bytes, size_t follow, struct err *err)
{
	struct trace_header header = geometry(size_bytes);

	add_tables(&header, follow);
	return create(&header, err);
}

void trace_ring_free(struct trace_ring *ring)
{
	if (!ring)
		return;
	if (ring->header)
		munmap(ring->header, ring->bytes);
	cleanup_closep(&ring->fd);
	free(ring);
}

int trace_ring_fd(const struct trace_ring *ring)
{
	return ring->fd;
}

int trace_ring_hand_over(const struct trace_ring *ring)
{
	return fcntl(ring->fd, F_SETFD, 0) < 0 ? -errno : 0;
}

static const struct trace_block *blocks_of(const struct trace_ring *ring)
{
	return (const void *)((const char *)ring->header +
			      TRACE_BLOCKS_OFFSET(ring->made.arena_capacity));
}

/* No more records can be lost than all claimed blocks had. A claim that failed lost one. */
static bool are_counters_sound(const struct trace_ring *ring, const struct trace_header *h)
{
	return h->blocks_claimed < TRACE_CLAIM_BUSY &&
	       h->records_lost / TRACE_BLOCK_RECORDS <= h->blocks_claimed &&
	       h->arenas_claimed <= TRACE_ARENAS_CLAIMED_MAX &&
	       (h->blocks_claimed >= ring->made.block_count ||
		!blocks_of(ring)[h->blocks_claimed].claim);
}

/* True when all but the counters is as it was made, and the counters are possible. */
static bool is_header_whole(const struct trace_ring *ring, const struct trace_header *now)
{
	const struct trace_header *made = &ring->made;
	const size_t head = offsetof(struct trace_header, blocks_claimed);
	const size_t tail = offsetof(struct trace_header, process_capacity);

	return !memcmp(now, made, head) &&
	       !memcmp((const char *)now + tail, (const char *)made + tail, sizeof(*now) - tail) &&
	       are_counters_sound(ring, now);
}

/* The header as it was made, with the live counters, or the largest ones if those are damaged. */
static struct trace_header trusted_header(const struct trace_ring *ring)
{
	const struct trace_header now = *ring->header;
	struct trace_header h = ring->made;

	h.read = trace_clock_moment();
	if (!is_header_whole(ring, &now)) {
		h.blocks_claimed = TRACE_CLAIMED_UNKNOWN;
		h.arenas_claimed = h.arena_capacity;
		h.processes_claimed = h.process_capacity;
		return h;
	}
	h.blocks_claimed = now.blocks_claimed;
	h.records_lost = now.records_lost;
	h.arenas_claimed = now.arenas_claimed;
	h.processes_claimed = now.processes_claimed;
	return h;
}

static uint32_t clamp_count(uint64_t used, uint32_t capacity)
{
	if (used == 0)
		return 1;
	return used < capacity ? (uint32_t)used : capacity;
}

/* Appends a copy of what is in use, which is a ring itself. Pages never used are not touched. */
static void copy_used(const struct trace_ring *ring, struct strbuf *to)
{
	struct trace_header h = trusted_header(ring);
	const char *at = (const char *)ring->header;
	const char *blocks = at + TRACE_BLOCKS_OFFSET(h.arena_capacity);
	const char *tables = at + TRACE_TOTAL_BYTES(h.arena_capacity, h.block_count);

	h.arena_capacity = clamp_count(h.arenas_claimed, h.arena_capacity);
	h.block_count = clamp_count(h.blocks_claimed, h.block_count);
	strbuf_append(to, (const char *)&h, sizeof(h));
	strbuf_append(to, at + sizeof(h), h.arena_capacity * sizeof(struct trace_arena));
	strbuf_append(to, blocks, h.block_count * sizeof(struct trace_block));
	trace_sites_pack(tables, &h, to);
	h.total_bytes = to->len;
	memcpy(to->buf, &h, sizeof(h));
}

int trace_ring_read(const struct trace_ring *ring, struct trace_log *log, struct err *err)
{
	_cleanup_strbuf_ struct strbuf copy = STRBUF_INIT;

	copy_used(ring, &copy);
	return trace_log_parse(copy.buf, copy.len, log, err);
}

int trace_ring_dump(const struct trace_ring *ring, int fd, struct err *err)
{
	_cleanup_strbuf_ struct strbuf copy = STRBUF_INIT;
	int r;

	copy_used(ring, &copy);
	r = io_write_all(fd, copy.buf, copy.len);
	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, EXIT_LAB_BROKEN, "cannot write the trace");
}
