#include "profile/perf_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

enum { RECORD_MOST = 1024 };

static size_t map_size(const struct perf_rings *rings)
{
	return (size_t)sysconf(_SC_PAGESIZE) + rings->data_size;
}

static int open_ring(struct perf_rings *rings, struct perf_event_attr *attr, pid_t pid, int cpu)
{
	struct perf_ring *ring = &rings->items[rings->count];
	/* Edges, because a ring whose processes have ended stays readable for ever. */
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	int fd = (int)syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC), r;

	if (fd < 0)
		return -errno;
	ring->map = mmap(NULL, map_size(rings), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring->map != MAP_FAILED && epoll_ctl(rings->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0) {
		ring->fd = fd;
		rings->count++;
		return 0;
	}
	r = -errno;
	if (ring->map != MAP_FAILED)
		munmap(ring->map, map_size(rings));
	close(fd);
	return r;
}

int perf_rings_open(struct perf_rings *rings, struct perf_event_attr *attr, pid_t pid,
		    size_t data_pages)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_CONF), last = -ENODEV;

	*rings = (struct perf_rings){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
	rings->items = xcalloc((size_t)cpus, sizeof(*rings->items));
	rings->data_size = data_pages * (size_t)sysconf(_SC_PAGESIZE);
	for (int cpu = 0; cpu < cpus; cpu++) {
		int r = open_ring(rings, attr, pid, cpu);

		if (r && r != -ENODEV) { /* ENODEV: the CPU is offline */
			perf_rings_close(rings);
			return r;
		}
		last = r ? last : 0;
	}
	if (last)
		perf_rings_close(rings);
	return last;
}

static void read_ring(const struct perf_rings *rings, struct perf_ring *ring, perf_record_fn *take,
		      void *ctx)
{
	struct perf_event_mmap_page *page = ring->map;
	const char *data = (const char *)ring->map + sysconf(_SC_PAGESIZE);
	uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = page->data_tail, size = rings->data_size;

	while (head - tail >= sizeof(struct perf_event_header)) {
		_Alignas(8) char record[RECORD_MOST];
		struct perf_event_header header;
		size_t len;

		/* Records are 8-aligned, so a header never wraps; the rest may. */
		memcpy(&header, data + tail % size, sizeof(header));
		if (header.size < sizeof(header) || header.size > head - tail)
			break;
		len = header.size < sizeof(record) ? header.size : sizeof(record);
		for (size_t i = 0; i < len; i++)
			record[i] = data[(tail + i) % size];
		take((const struct perf_event_header *)(void *)record, len, ctx);
		tail += header.size;
	}
	__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
}

void perf_rings_read(struct perf_rings *rings, perf_record_fn *take, void *ctx)
{
	struct epoll_event events[16];

	while (epoll_wait(rings->epoll_fd, events, ARRAY_SIZE(events), 0) == ARRAY_SIZE(events))
		;
	for (int i = 0; i < rings->count; i++)
		read_ring(rings, &rings->items[i], take, ctx);
}

/* header; u64 id; u64 lost; ... */
int64_t perf_ring_lost(const struct perf_event_header *record, size_t len)
{
	uint64_t lost;

	if (record->type != PERF_RECORD_LOST || len < sizeof(*record) + 16)
		return 0;
	memcpy(&lost, (const char *)(record + 1) + 8, sizeof(lost));
	return lost < INT32_MAX ? (int64_t)lost : INT32_MAX;
}

void perf_rings_close(struct perf_rings *rings)
{
	if (!rings->items)
		return;
	for (int i = 0; i < rings->count; i++) {
		munmap(rings->items[i].map, map_size(rings));
		close(rings->items[i].fd);
	}
	if (rings->epoll_fd >= 0)
		close(rings->epoll_fd);
	free(rings->items);
	*rings = (struct perf_rings){.epoll_fd = -1};
}
