#include "capture/trace_ring.h"

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

struct trace_ring {
	int fd;
	struct trace_header *header;
	size_t bytes;
};

/* The capacities put the blocks on page boundaries. */
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

/* fallocate(2) takes every page now and charges it to the caller, without a fault for each. */
static int fill_ring(struct trace_ring *ring, size_t size_bytes)
{
	struct trace_header header = geometry(size_bytes);
	void *map;

	if (fallocate(ring->fd, 0, 0, (off_t)header.total_bytes) < 0)
		return -1;
	map = mmap(NULL, header.total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (map == MAP_FAILED)
		return -1;
	ring->header = map;
	ring->bytes = header.total_bytes;
	header.created = trace_clock_moment();
	*ring->header = header;
	return fcntl(ring->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

struct trace_ring *trace_ring_create(size_t size_bytes, struct err *err)
{
	struct trace_ring *ring = xcalloc(1, sizeof(*ring));

	ring->fd = memfd_create("oomlab-trace", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ring->fd < 0 || fill_ring(ring, size_bytes) < 0) {
		err_errno(err, EXIT_LAB_BROKEN, "cannot make the trace ring");
		trace_ring_free(ring);
		return NULL;
	}
	return ring;
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

/* The header with the geometry this process gave it: the live one may have been scribbled on. */
static struct trace_header trusted_header(const struct trace_ring *ring)
{
	struct trace_header h = *ring->header;
	const struct trace_header own = geometry(ring->bytes);

	h.magic = own.magic;
	h.version = own.version;
	h.clock = own.clock;
	h.arena_capacity = own.arena_capacity;
	h.block_count = own.block_count;
	h.total_bytes = own.total_bytes;
	h.read = trace_clock_moment();
	return h;
}

static uint32_t clamp_count(uint64_t used, uint32_t capacity)
{
	if (used == 0)
		return 1;
	return used < capacity ? (uint32_t)used : capacity;
}

/* A copy of what is in use, a ring by itself; *bytes long. What was never used stays untouched. */
static char *copy_used(const struct trace_ring *ring, size_t *bytes)
{
	struct trace_header header = trusted_header(ring);
	const char *blocks = (const char *)ring->header +
			     TRACE_BLOCKS_OFFSET(header.arena_capacity);
	size_t offset;
	char *copy;

	header.arena_capacity = clamp_count(header.arenas_claimed, header.arena_capacity);
	header.block_count = clamp_count(header.blocks_claimed, header.block_count);
	header.total_bytes = TRACE_TOTAL_BYTES(header.arena_capacity, header.block_count);
	offset = TRACE_BLOCKS_OFFSET(header.arena_capacity);
	*bytes = header.total_bytes;
	copy = xcalloc(1, *bytes);
	memcpy(copy, &header, sizeof(header));
	memcpy(copy + sizeof(header), ring->header + 1, offset - sizeof(header));
	memcpy(copy + offset, blocks, *bytes - offset);
	return copy;
}

int trace_ring_read(const struct trace_ring *ring, struct trace_log *log, struct err *err)
{
	size_t bytes;
	_cleanup_free_ char *copy = copy_used(ring, &bytes);

	return trace_log_parse(copy, bytes, log, err);
}

int trace_ring_dump(const struct trace_ring *ring, int fd, struct err *err)
{
	size_t bytes;
	_cleanup_free_ char *copy = copy_used(ring, &bytes);
	const int r = io_write_all(fd, copy, bytes);

	if (r == 0)
		return 0;
	errno = -r;
	return err_errno(err, EXIT_LAB_BROKEN, "cannot write the trace");
}
