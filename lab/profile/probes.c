#include "profile/probes.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/aside.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "profile/perf_sample.h"
#include "profile/profile.h"
#include "symbols/registers.h"

enum {
	RINGS_BYTES = 8 << 20,
	RING_LEAST = 128 << 10,
	RING_MOST = 4 << 20,
	RING_UNPRIVILEGED =
		256 << 10, /* of the 516 KiB a CPU that kernel.perf_event_mlock_kb gives */
	WAKEUP_LEAST = 64 << 10,
	STACK_LEADING = 4096, /* of the leader's page faults, which are many */
	LINGER_MS = 200,      /* then a run that follows at once finds the tracepoints open */
	STACK_LEAST = 8,      /* for 0 the kernel writes 8 bytes more than the record has */
	STACK_EACH = 6144,    /* where each event is a sample; frames of malloc(3) are on top */
};

static size_t page(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t ring_size(int cpus)
{
	size_t size = RING_MOST;

	while (size > RING_LEAST && size * (size_t)cpus > RINGS_BYTES)
		size /= 2;
	return size;
}

/* Bytes in the ring at which the launcher wakes: soon, but not for each sample of a small ring. */
static uint32_t wakeup_at(size_t data_size)
{
	return (uint32_t)(data_size / 16 > WAKEUP_LEAST ? data_size / 16 : WAKEUP_LEAST);
}

static struct perf_event_attr attributes(size_t data_size)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr),
		.sample_freq = PROFILE_SAMPLES_PER_SECOND,
		.freq = 1,
		.sample_type = perf_sample_type(),
		.sample_regs_user = registers_mask(),
		.sample_stack_user = registers_mask() ? PROBES_STACK_BYTES : 0,
		.sample_id_all = 1,
		.disabled = 1,
		.enable_on_exec = 1,
		.inherit = 1,
		.watermark = 1,
		.wakeup_watermark = wakeup_at(data_size),
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
}

static int open_event(struct perf_event_attr *attr, pid_t pid, int cpu, int group)
{
	return (int)syscall(SYS_perf_event_open, attr, pid, cpu, group, PERF_FLAG_FD_CLOEXEC);
}

static struct perf_event_attr tracepoint_attributes(size_t data_size, int64_t id)
{
	struct perf_event_attr attr = attributes(data_size);

	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = (uint64_t)id;
	return attr;
}

static struct perf_event_attr software_attributes(size_t data_size, uint64_t which)
{
	struct perf_event_attr attr = attributes(data_size);

	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = which;
	return attr;
}

/* With PERF_SAMPLE_PERIOD the kernel takes a sample of each event, whatever the period. */
static void without_periods(struct perf_event_attr *attr)
{
	attr->sample_type &= ~(uint64_t)PERF_SAMPLE_PERIOD;
}

/*
 * An event that is off writes no records of mappings or forks, so the leader is never switched off.
 */
static int open_leader(const struct probes *probes, pid_t pid, int cpu, bool has_tracepoint)
{
	struct perf_event_attr attr =
		software_attributes(probes->data_size, has_tracepoint ? PERF_COUNT_SW_DUMMY
								      : PERF_COUNT_SW_PAGE_FAULTS);
	int fd;

	attr.mmap = attr.mmap_data = attr.mmap2 = attr.comm = attr.comm_exec = attr.task = 1;
	attr.freq = 0;
	attr.sample_period = 1;
	if (!has_tracepoint) {
		attr.sample_period = PROBES_FAULTS_PERIOD;
		without_periods(&attr);
		attr.sample_stack_user = attr.sample_stack_user ? STACK_LEADING : 0;
	}
	fd = open_event(&attr, pid, cpu, -1);
	if (fd >= 0 || has_tracepoint || errno != EACCES)
		return fd;
	attr.exclude_kernel = 1;
	return open_event(&attr, pid, cpu, -1);
}

static bool join_ring(const struct probe_ring *ring, enum probe event)
{
	return ring->fds[event] >= 0 &&
	       ioctl(ring->fds[event], PERF_EVENT_IOC_SET_OUTPUT, ring->fds[PROBE_LEADER]) >= 0;
}

static void join_or_close(struct probe_ring *ring, enum probe event)
{
	if (ring->fds[event] >= 0 && !join_ring(ring, event))
		close(STEAL_FD(ring->fds[event]));
}

static int open_rss(struct probes *probes, struct probe_ring *ring, pid_t pid, int cpu,
		    int64_t tracepoint)
{
	struct perf_event_attr attr = tracepoint_attributes(probes->data_size, tracepoint);

	ring->fds[PROBE_RSS] = open_event(&attr, pid, cpu, -1);
	return join_ring(ring, PROBE_RSS) ? 0 : -errno;
}

/* Each event that passes the filter is a sample; it spares small mappings the cost. */
static void open_filtered(struct probes *probes, struct probe_ring *ring, pid_t pid, int cpu,
			  enum probe event, int64_t tracepoint, const char *filter)
{
	struct perf_event_attr attr = tracepoint_attributes(probes->data_size, tracepoint);
	int *fd = &ring->fds[event];

	attr.freq = 0;
	attr.sample_period = 1;
	if (event == PROBE_UNMAP || event == PROBE_REMAP)
		attr.sample_stack_user = attr.sample_stack_user ? STACK_LEAST : 0;
	*fd = tracepoint > 0 ? open_event(&attr, pid, cpu, -1) : -1;
	if (*fd >= 0 && filter && ioctl(*fd, PERF_EVENT_IOC_SET_FILTER, filter) < 0)
		close(STEAL_FD(*fd));
	join_or_close(ring, event);
}

/*
 * These say who reserved memory, and what is given back. Where the program chooses a free address itself, the kernel does
 * not look for one, and only the tracepoint of the system call fires.
 */
static void open_reserve(struct probes *probes, struct probe_ring *ring, pid_t pid, int cpu,
			 const struct probe_points *points)
{
	_cleanup_free_ char *reserved = text_format("length >= %d", PROBES_LARGE_BYTES);
	_cleanup_free_ char *requested = text_format("addr != 0 && len >= %d", PROBES_LARGE_BYTES);

	open_filtered(probes, ring, pid, cpu, PROBE_RESERVE, points->reserve, reserved);
	open_filtered(probes, ring, pid, cpu, PROBE_REQUEST, points->request, requested);
	open_filtered(probes, ring, pid, cpu, PROBE_UNMAP, points->unmap, NULL);
	open_filtered(probes, ring, pid, cpu, PROBE_REMAP, points->remap, NULL);
	open_filtered(probes, ring, pid, cpu, PROBE_INVOKE, points->invoke, NULL);
}

/* The clock runs inside the kernel alone. It is off at first. */
static void open_clock(struct probes *probes, struct probe_ring *ring, pid_t pid, int cpu)
{
	struct perf_event_attr attr =
		software_attributes(probes->data_size, PERF_COUNT_SW_CPU_CLOCK);

	attr.freq = 0;
	attr.sample_period = PROBES_TICK_NS;
	attr.exclude_user = 1;
	attr.enable_on_exec = 0;
	attr.sample_stack_user = attr.sample_stack_user ? PROBES_TICK_STACK_BYTES : 0;
	ring->fds[PROBE_TICK] = open_event(&attr, pid, cpu, -1);
	join_or_close(ring, PROBE_TICK);
}

/* Wakes the launcher at a fork, so that the sizes are read before the child has touched much. */
static void open_tasks(struct probes *probes, struct probe_ring *ring, pid_t pid, int cpu)
{
	struct perf_event_attr attr = software_attributes(probes->data_size, PERF_COUNT_SW_DUMMY);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	int *fd = &ring->fds[PROBE_TASKS];

	attr.freq = 0;
	attr.sample_period = 1;
	attr.task = 1;
	attr.wakeup_watermark = 1;
	*fd = open_event(&attr, pid, cpu, -1);
	if (*fd < 0)
		return;
	ring->tasks_map = mmap(NULL, 2 * page(), PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (ring->tasks_map == MAP_FAILED)
		ring->tasks_map = NULL;
	else
		epoll_ctl(probes->epoll_fd, EPOLL_CTL_ADD, *fd, &ev);
}

static int open_ring(struct probes *probes, pid_t pid, int cpu, const struct probe_points *points)
{
	struct probe_ring *ring = &probes->items[probes->count];
	/* Edges, because a ring whose processes have ended stays readable for ever. */
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	int fd = open_leader(probes, pid, cpu, points->rss > 0), r;

	if (fd < 0)
		return -errno;
	probes->count++;
	ring->cpu = cpu;
	memset(ring->fds, -1, sizeof(ring->fds));
	ring->fds[PROBE_LEADER] = fd;
	ring->map =
		mmap(NULL, page() + probes->data_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring->map == MAP_FAILED || epoll_ctl(probes->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return -errno;
	if (points->rss <= 0)
		return 0;
	r = open_rss(probes, ring, pid, cpu, points->rss);
	if (r)
		return r;
	open_reserve(probes, ring, pid, cpu, points);
	open_tasks(probes, ring, pid, cpu);
	open_clock(probes, ring, pid, cpu);
	return 0;
}

static void each_ring(const struct probes *probes, enum probe event, unsigned long request)
{
	for (int i = 0; i < probes->count; i++)
		if (probes->items[i].fds[event] >= 0)
			ioctl(probes->items[i].fds[event], request, 0);
}

void probes_switch(struct probes *probes, bool is_on)
{
	each_ring(probes, PROBE_RSS, is_on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE);
}

void probes_tick(struct probes *probes, bool is_on)
{
	if (probes->is_ticking == is_on)
		return;
	each_ring(probes, PROBE_TICK, is_on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE);
	probes->is_ticking = is_on;
}

static struct perf_event_attr extra_attributes(size_t data_size,
					       const struct extra_probe_what *what)
{
	struct perf_event_attr attr =
		what->tracepoint ? tracepoint_attributes(data_size, what->tracepoint)
				 : software_attributes(data_size, PERF_COUNT_SW_PAGE_FAULTS);

	attr.enable_on_exec = what->is_from_exec;
	if (what->frequency) {
		attr.sample_freq = what->frequency;
		return attr;
	}
	attr.freq = 0;
	attr.sample_period = 1;
	attr.sample_stack_user = attr.sample_stack_user ? STACK_EACH : 0;
	without_periods(&attr);
	return attr;
}

int probes_open_extra(const struct probes *probes, int at, pid_t tid,
		      const struct extra_probe_what *what)
{
	const struct probe_ring *ring = &probes->items[at];
	struct perf_event_attr attr = extra_attributes(probes->data_size, what);
	int fd = open_event(&attr, tid, ring->cpu, -1);

	if (fd < 0)
		return -errno;
	if ((what->filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, what->filter) < 0) ||
	    ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, ring->fds[PROBE_LEADER]) < 0) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* Moves the descriptors of all events to fds; returns how many. */
static size_t take_events(struct probes *probes, int *fds)
{
	size_t count = 0;

	for (size_t i = 0; i < probes->extras.count; i++)
		fds[count++] = probes->extras.events[i].fd;
	for (int i = 0; i < probes->count; i++)
		for (int event = 0; event < PROBE_COUNT; event++)
			if (probes->items[i].fds[event] >= 0)
				fds[count++] = STEAL_FD(probes->items[i].fds[event]);
	free(probes->extras.events);
	free(probes->extras.ids);
	probes->extras = (struct extra_probes){0};
	return count;
}

static void close_events(const int *fds, size_t count, bool has_tracepoint)
{
	if (has_tracepoint) {
		aside_close(fds, count, LINGER_MS);
		return;
	}
	for (size_t i = 0; i < count; i++)
		close(fds[i]);
}

static void close_rings(struct probes *probes)
{
	size_t most = probes->extras.count + (size_t)probes->count * PROBE_COUNT;
	int *fds = xcalloc(most, sizeof(*fds));
	bool has_tracepoint = false;

	for (int i = 0; i < probes->count; i++) {
		struct probe_ring *ring = &probes->items[i];

		has_tracepoint |= ring->fds[PROBE_RSS] >= 0;
		if (ring->map && ring->map != MAP_FAILED)
			munmap(ring->map, page() + probes->data_size);
		if (ring->tasks_map)
			munmap(ring->tasks_map, 2 * page());
	}
	close_events(fds, take_events(probes, fds), has_tracepoint);
	free(fds);
	if (probes->epoll_fd >= 0)
		close(probes->epoll_fd);
	free(probes->items);
	*probes = (struct probes){0};
}

static int open_rings(struct probes *probes, pid_t pid, const struct probe_points *points,
		      size_t data_size)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
	int last = -ENODEV;

	probes->items = xcalloc((size_t)cpus, sizeof(*probes->items));
	probes->data_size = data_size;
	probes->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (int cpu = 0; cpu < cpus; cpu++) {
		int r = open_ring(probes, pid, cpu, points);

		if (r && r != -ENODEV) /* ENODEV: the CPU is offline */
			return r;
		last = r ? last : 0;
	}
	return last;
}

/* Each CPU needs several. The target was started before, and keeps the old limit. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int probes_open(struct probes *probes, pid_t pid, const struct probe_points *points)
{
	size_t size = ring_size((int)sysconf(_SC_NPROCESSORS_CONF));
	int r;

	allow_descriptors();
	r = open_rings(probes, pid, points, size);
	if (r != -EPERM || size <= RING_UNPRIVILEGED || points->rss > 0)
		return r;
	close_rings(probes);
	return open_rings(probes, pid, points, RING_UNPRIVILEGED);
}

static void empty(struct perf_event_mmap_page *ring)
{
	__atomic_store_n(&ring->data_tail, __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELEASE);
}

void probes_begin(struct probes *probes)
{
	struct epoll_event events[16];

	while (epoll_wait(probes->epoll_fd, events, ARRAY_SIZE(events), 0) == ARRAY_SIZE(events))
		;
	for (int i = 0; i < probes->count; i++) {
		struct perf_event_mmap_page *head = probes->items[i].map;

		if (probes->items[i].tasks_map)
			empty(probes->items[i].tasks_map);
		probes->items[i].head = __atomic_load_n(&head->data_head, __ATOMIC_ACQUIRE);
	}
}

static void copy_out(const struct probes *probes, const struct probe_ring *ring, uint64_t at,
		     void *to, size_t len)
{
	const char *data = (const char *)ring->map + page();
	size_t from = (size_t)(at % probes->data_size);
	size_t first = len < probes->data_size - from ? len : probes->data_size - from;

	memcpy(to, data + from, first);
	memcpy((char *)to + first, data, len - first);
}

/* Length of the record at the tail and its time; 0: the round ends, here or at a damaged length. */
static size_t peek(const struct probes *probes, const struct probe_ring *ring, uint64_t *t_ns)
{
	const struct perf_event_mmap_page *head = ring->map;
	uint64_t tail = head->data_tail;
	struct perf_event_header header;

	if (ring->head - tail < sizeof(header))
		return 0;
	copy_out(probes, ring, tail, &header, sizeof(header));
	if (header.size < 32 || header.size > ring->head - tail)
		return 0;
	copy_out(probes, ring, tail + (header.type == PERF_RECORD_SAMPLE ? 24 : header.size - 16U),
		 t_ns, sizeof(*t_ns));
	return header.size;
}

/* Lets the kernel write where the record was that was read last. */
static void give_back(struct probes *probes)
{
	struct perf_event_mmap_page *head;

	if (!probes->taken_len)
		return;
	head = probes->items[probes->taken].map;
	__atomic_store_n(&head->data_tail, head->data_tail + probes->taken_len, __ATOMIC_RELEASE);
	probes->taken_len = 0;
}

/* Where in its data the record at the tail of a ring begins. */
static size_t tail_of(const struct probes *probes, int ring)
{
	const struct perf_event_mmap_page *head = probes->items[ring].map;

	return (size_t)(head->data_tail % probes->data_size);
}

size_t probes_next(struct probes *probes, void *room, const void **record)
{
	uint64_t t_ns, least = 0;
	size_t from;

	give_back(probes);
	for (int i = 0; i < probes->count; i++) {
		size_t n = peek(probes, &probes->items[i], &t_ns);

		if (n && (!probes->taken_len || t_ns < least)) {
			probes->taken = i;
			probes->taken_len = n;
			least = t_ns;
		}
	}
	if (!probes->taken_len)
		return 0;
	from = tail_of(probes, probes->taken);
	*record = (const char *)probes->items[probes->taken].map + page() + from;
	if (from + probes->taken_len > probes->data_size) {
		copy_out(probes, &probes->items[probes->taken], from, room, probes->taken_len);
		*record = room;
	}
	return probes->taken_len;
}

void probes_release(struct probes *probes)
{
	if (probes->items)
		close_rings(probes);
}
