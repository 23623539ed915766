#include "profile/address_returns.h"

#include <sys/mman.h>
#include <unistd.h>

#include "profile/probes.h"
#include "symbols/registers.h"

/*
 * What an allocator maps too much of to choose where it begins, it gives back at once: so nobody has
 * touched that, nor what was never made accessible.
 */
static bool is_unused(const struct space_mapping *m, const struct pending_call *p,
		      const struct perf_event *event, const struct address_range *range,
		      uint64_t start, uint64_t end)
{
	bool is_of_call = p->pid == event->pid && p->tid == event->tid &&
			  p->mapping == range->mapping && start >= p->start && end <= p->end;

	return range->is_none || (is_of_call && end - start < p->end - p->start && !p->is_moving &&
				  m->last_ns < p->t_ns);
}

/* What a child gives back its parent still has. */
static void count_returned(struct address_spaces *s, const struct address_space *space,
			   const struct perf_event *event, uint64_t end)
{
	const struct pending_call *p = address_space_pending(s, event->tid);

	for (size_t at = address_ranges_at(&space->ranges, event->start);
	     at < space->ranges.count && space->ranges.items[at].start < end; at++) {
		const struct address_range *range = &space->ranges.items[at];
		struct space_mapping *m = space_mappings_at(&s->mappings, range->mapping);
		uint64_t from = range->start > event->start ? range->start : event->start;
		uint64_t to = range->end < end ? range->end : end;

		if (m && m->pid == event->pid)
			space_mappings_return(m, (int64_t)(to - from),
					      m->depth && is_unused(m, p, event, range, from, to));
	}
}

/* Where it ends, in whole pages; the start itself: the kernel refuses the call. */
static uint64_t end_of(uint64_t start, uint64_t len)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t end = (start + len + page - 1) & ~(page - 1);

	return start % page || end < start ? start : end;
}

void address_returns_unmap(struct address_spaces *s, const struct perf_event *event)
{
	struct address_space *space = address_space_of(s, event->pid);
	uint64_t end = end_of(event->start, event->len);

	if (!space || end <= event->start)
		return;
	count_returned(s, space, event, end);
	address_ranges_cut(&space->ranges, event->start, end);
}

/* The program chose where the memory goes: it stays whose it was, in another place. */
static void move(struct address_space *space, const struct perf_event *event, uint64_t old_end)
{
	size_t at = address_ranges_at(&space->ranges, event->start);
	bool is_known = at < space->ranges.count && space->ranges.items[at].start < old_end;
	int id = is_known ? space->ranges.items[at].mapping : MAPPING_UNKNOWN;
	uint64_t end = end_of(event->new_start, event->new_len);

	if (end <= event->new_start)
		return;
	address_ranges_cut(&space->ranges, event->start, old_end);
	address_ranges_cut(&space->ranges, event->new_start, end);
	if (id)
		address_ranges_put(&space->ranges, event->new_start, end, id);
}

/*
 * Whether memory that becomes larger moves is told by an EVENT_RESERVE, if it is large. Else it is
 * not known any more whose the old addresses are.
 */
static void enlarge(struct address_spaces *s, struct address_space *space,
		    const struct perf_event *event, uint64_t old_end)
{
	if (!event->regs || event->new_len < PROBES_LARGE_BYTES) {
		address_ranges_cut(&space->ranges, event->start, old_end);
		return;
	}
	*address_space_pending(s, event->tid) = (struct pending_call){
		.pid = event->pid,
		.tid = event->tid,
		.is_moving = true,
		.pc = registers_pc(event->regs),
		.sp = registers_sp(event->regs),
		.start = event->start,
		.end = old_end,
		.t_ns = event->t_ns,
	};
}

void address_returns_remap(struct address_spaces *s, const struct perf_event *event)
{
	struct address_space *space = address_space_of(s, event->pid);
	uint64_t old_end = end_of(event->start, event->len);
	struct perf_event rest = *event;

	if (!space || old_end <= event->start || event->flags & MREMAP_DONTUNMAP)
		return;
	if (event->flags & MREMAP_FIXED) {
		move(space, event, old_end);
	} else if (event->new_len > event->len) {
		enlarge(s, space, event, old_end);
	} else {
		rest.start = end_of(event->start, event->new_len);
		rest.len = old_end - rest.start;
		address_returns_unmap(s, &rest);
	}
}
