#include "profile/address_space.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "profile/probes.h"
#include "symbols/registers.h"
#include "trace/trace_ring.h"

static struct address_space *find_space(const struct address_spaces *s, pid_t pid)
{
	for (size_t i = s->space_count; i-- > 0;)
		if (s->spaces[i].pid == pid)
			return (struct address_space *)&s->spaces[i];
	return NULL;
}

static struct address_space *space_of(struct address_spaces *s, pid_t pid)
{
	struct address_space *space = find_space(s, pid);

	if (space || s->space_count == SPACES_MAX)
		return space;
	space = &s->spaces[s->space_count++];
	*space = (struct address_space){.pid = pid};
	return space;
}

static size_t pending_slot(pid_t tid)
{
	return (unsigned int)tid % PENDING_MAX;
}

struct pending_call *address_space_pending(struct address_spaces *s, pid_t tid)
{
	return &s->pending[pending_slot(tid)];
}

/*
 * Where the event is of the mremap(2) that is pending, its old memory moves there: returns how much
 * of that there was, which counts for who requested it first.
 */
static uint64_t take_moved(struct address_spaces *s, struct address_space *space,
			   const struct perf_event *event)
{
	const struct pending_call *p = &s->pending[pending_slot(event->tid)];

	if (!p->is_moving || p->pid != event->pid || p->tid != event->tid || !event->regs ||
	    p->pc != registers_pc(event->regs) || p->sp != registers_sp(event->regs) ||
	    p->end - p->start > event->len)
		return 0;
	address_ranges_cut(&space->ranges, p->start, p->end);
	return p->end - p->start;
}

void address_space_reserve(struct address_spaces *s, const struct perf_event *event,
			   const struct unwind_frame *frames, size_t depth)
{
	struct address_space *space = space_of(s, event->pid);
	uint64_t end = event->start + event->len;
	uint64_t moved;
	int id;

	/* When the kernel found no address this is a negative errno. */
	if (!space || end <= event->start || event->start > UINT64_MAX - 4096)
		return;
	moved = take_moved(s, space, event);
	id = space_mappings_requested(&s->mappings, event, frames, depth);
	address_ranges_put(&space->ranges, event->start, end, id);
	if (id) {
		s->mappings.items[id - 1].bytes += (int64_t)(event->len - moved);
		s->mappings.items[id - 1].calls++;
		s->mappings.items[id - 1].open_bytes += moved ? 0 : (int64_t)event->len;
		s->mappings.items[id - 1].open_calls += !moved;
	}
	s->pending[pending_slot(event->tid)] = (struct pending_call){
		.pid = event->pid,
		.tid = event->tid,
		.is_open = !moved,
		.pc = event->regs ? registers_pc(event->regs) : 0,
		.sp = event->regs ? registers_sp(event->regs) : 0,
		.start = event->start,
		.end = end,
		.t_ns = event->t_ns,
		.mapping = id,
	};
}

static bool is_shared_memory(const char *path)
{
	static const char *const starts[] = {"/dev/zero", "/memfd:", "/dev/shm/", "/SYSV",
					     "/anon_h"};

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (text_starts_with(path, starts[i]))
			return true;
	return false;
}

/* The trace ring, which scenarios and --preload map. */
#define LABS_OWN "/memfd:" TRACE_RING_NAME

static bool is_anonymous(const char *path)
{
	return !text_starts_with(path, LABS_OWN) &&
	       (*path != '/' || text_starts_with(path, "//anon") || is_shared_memory(path));
}

/* [from, to): of the range found, which alignment makes smaller, what PERF_RECORD_MMAP2 has too. */
static void settle_mapping(struct space_mapping *m, const struct pending_call *p, uint64_t from,
			   uint64_t to, bool is_kept)
{
	m->bytes += (is_kept ? (int64_t)(to - from) : 0) - (int64_t)(p->end - p->start);
	m->calls -= !is_kept;
	m->open_bytes -= (int64_t)(p->end - p->start);
	m->open_calls--;
	if (m->calls <= 1)
		m->start = from;
}

static bool settle(struct address_spaces *s, struct address_space *space,
		   const struct perf_event *event, uint64_t start, uint64_t end)
{
	struct pending_call *p = &s->pending[pending_slot(event->tid)];
	struct space_mapping *m = space_mappings_at(&s->mappings, p->mapping);
	uint64_t from = p->start > start ? p->start : start, to = p->end < end ? p->end : end;
	bool is_kept = is_anonymous(event->path);

	if (!p->is_open || p->is_requested || p->pid != event->pid || p->tid != event->tid ||
	    from >= to)
		return false;
	p->is_open = false;
	address_ranges_cut(&space->ranges, p->start, p->end);
	if (is_kept)
		address_ranges_put(&space->ranges, from, to, p->mapping);
	if (m)
		settle_mapping(m, p, from, to, is_kept);
	if (m && is_shared_memory(event->path))
		m->what = MAPPING_SHARED;
	return is_kept;
}

void address_space_request(struct address_spaces *s, const struct perf_event *event,
			   const struct unwind_frame *frames, size_t depth)
{
	uint64_t end = event->start + event->len;
	int id;

	if (!space_of(s, event->pid) || end <= event->start)
		return;
	id = space_mappings_find(
		&s->mappings, &(struct space_mapping){.what = MAPPING_MMAP, .is_requested = true},
		event->pid, frames, depth);
	if (!id)
		id = space_mappings_new_by(&s->mappings, MAPPING_MMAP, event, frames, depth);
	if (id)
		s->mappings.items[id - 1].is_requested = true;
	s->pending[pending_slot(event->tid)] = (struct pending_call){
		.pid = event->pid,
		.tid = event->tid,
		.is_open = true,
		.is_requested = true,
		.pc = event->regs ? registers_pc(event->regs) : 0,
		.sp = event->regs ? registers_sp(event->regs) : 0,
		.start = event->start,
		.end = end,
		.t_ns = event->t_ns,
		.mapping = id,
	};
}

/* Pages of [start, end) that no other mapping claims are counted for this one. */
static void fill(struct address_spaces *s, struct address_space *space, uint64_t start,
		 uint64_t end, int id)
{
	struct space_mapping *m = space_mappings_at(&s->mappings, id);
	uint64_t stop;

	for (; address_ranges_next_gap(&space->ranges, &start, end, &stop); start = stop) {
		address_ranges_put(&space->ranges, start, stop, id);
		if (m)
			space_mappings_add(m, (int64_t)(stop - start));
	}
}

/* What the heap has grown by counts for the mapping `id`; what it gave back for none. */
static void resize_heap(struct address_spaces *s, struct address_space *space, uint64_t start,
			uint64_t end, int id)
{
	if (space->heap_start != start) {
		space->heap_start = start;
		space->heap_end = start;
	}
	if (end < space->heap_end)
		address_ranges_cut(&space->ranges, end, space->heap_end);
	else
		fill(s, space, start, end, id);
	for (size_t at = address_ranges_at(&space->ranges, start);
	     at < space->ranges.count && space->ranges.items[at].start < end; at++)
		space->ranges.items[at].from = start;
	address_ranges_merge(&space->ranges, start, end);
	space->heap_end = end;
}

/* For an address that the program chose: what is mapped there already stays as it is. */
static void settle_request(struct address_spaces *s, struct address_space *space,
			   const struct perf_event *event, uint64_t end)
{
	struct pending_call *p = &s->pending[pending_slot(event->tid)];
	struct space_mapping *m = space_mappings_at(&s->mappings, p->mapping);
	uint64_t from = p->start > event->start ? p->start : event->start;
	int64_t before = m ? m->bytes : 0;

	if (!p->is_open || !p->is_requested || p->pid != event->pid || p->tid != event->tid ||
	    from >= p->end || from >= end)
		return;
	p->is_open = false;
	if (!m || !is_anonymous(event->path))
		return;
	fill(s, space, from, p->end < end ? p->end : end, p->mapping);
	if (m->bytes == before)
		return;
	if (!before) {
		m->start = from;
		m->what = is_shared_memory(event->path) ? MAPPING_SHARED : MAPPING_MMAP;
	}
	m->calls++;
}

static int ownerless_heap(struct address_spaces *s, struct address_space *space,
			  const struct perf_event *event)
{
	if (!space->heap)
		space->heap = space_mappings_new(&s->mappings, MAPPING_HEAP, event);
	return space->heap;
}

static int heap_by(struct address_spaces *s, struct address_space *space,
		   const struct perf_event *event, const struct unwind_frame *frames, size_t depth)
{
	const struct space_mapping kind = {.what = MAPPING_HEAP};
	int id = depth ? space_mappings_find(&s->mappings, &kind, event->pid, frames, depth)
		       : MAPPING_UNKNOWN;

	if (id)
		return id;
	if (!depth || s->heap_count == HEAPS_MAX)
		return ownerless_heap(s, space, event);
	s->heap_count++;
	return space_mappings_new_by(&s->mappings, MAPPING_HEAP, event, frames, depth);
}

void address_space_grow(struct address_spaces *s, const struct perf_event *event,
			const struct unwind_frame *frames, size_t depth)
{
	struct address_space *space = space_of(s, event->pid);
	struct perf_event from = *event;

	if (!space || event->start != space->heap_start)
		return;
	from.start = space->heap_end;
	if (event->start + event->len > space->heap_end)
		space->grower = heap_by(s, space, &from, frames, depth);
	resize_heap(s, space, event->start, event->start + event->len, space->grower);
}

bool address_space_has_heap(struct address_spaces *s, pid_t pid, uint64_t *start)
{
	struct address_space *space = find_space(s, pid);

	if (!space || space->is_heap_watched ||
	    space->heap_end - space->heap_start < PROBES_LARGE_BYTES)
		return false;
	*start = space->heap_start;
	return space->is_heap_watched = true;
}

static void map_heap(struct address_spaces *s, struct address_space *space,
		     const struct perf_event *event, uint64_t end)
{
	resize_heap(s, space, event->start, end,
		    space->grower ? space->grower : ownerless_heap(s, space, event));
}

static int *ownerless_id(struct address_space *space, enum mapping_what what)
{
	return what == MAPPING_FILE	? &space->file
	       : what == MAPPING_LABS	? &space->labs
	       : what == MAPPING_UNSEEN ? &space->unseen
					: &space->small;
}

static int ownerless(struct address_spaces *s, struct address_space *space, enum mapping_what what,
		     const struct perf_event *event)
{
	int *id = ownerless_id(space, what);

	if (!*id)
		*id = space_mappings_new(&s->mappings, what, event);
	return *id;
}

static void map_ownerless(struct address_spaces *s, struct address_space *space,
			  const struct perf_event *event, uint64_t end)
{
	struct perf_event part = *event;
	uint64_t stop;

	if (!is_anonymous(event->path)) {
		enum mapping_what what = text_starts_with(event->path, LABS_OWN) ? MAPPING_LABS
										 : MAPPING_FILE;

		address_ranges_put(&space->ranges, event->start, end,
				   ownerless(s, space, what, event));
		return;
	}
	for (; address_ranges_next_gap(&space->ranges, &part.start, end, &stop); part.start = stop)
		fill(s, space, part.start, stop,
		     ownerless(s, space,
			       stop - part.start < PROBES_LARGE_BYTES ? MAPPING_SMALL
								      : MAPPING_UNSEEN,
			       &part));
}

void address_space_map(struct address_spaces *s, const struct perf_event *event)
{
	struct address_space *space = space_of(s, event->pid);
	uint64_t end = event->start + event->len;

	if (!space || end <= event->start || text_starts_with(event->path, "[stack"))
		return;
	if (text_starts_with(event->path, "[heap]")) {
		map_heap(s, space, event, end);
		return;
	}
	if (!settle(s, space, event, event->start, end)) {
		settle_request(s, space, event, end);
		map_ownerless(s, space, event, end);
	}
	address_ranges_protect(&space->ranges, event->start, end, event->is_none);
}

void address_space_fork(struct address_spaces *s, const struct perf_event *event)
{
	struct address_space *child, *parent;

	address_space_clear(s, event->pid);
	child = space_of(s, event->pid);
	parent = find_space(s, event->parent);
	if (!child || !parent || !parent->ranges.count)
		return;
	child->heap = parent->heap;
	child->grower = parent->grower;
	child->heap_start = parent->heap_start;
	child->heap_end = parent->heap_end;
	child->is_heap_watched = parent->is_heap_watched;
	child->small = parent->small;
	child->unseen = parent->unseen;
	child->labs = parent->labs;
	child->main_sp = parent->main_sp;
	child->file = parent->file;
	for (size_t i = 0; i < parent->ranges.count; i++)
		address_ranges_insert(&child->ranges, i, parent->ranges.items[i]);
}

void address_space_clear(struct address_spaces *s, pid_t pid)
{
	struct address_space *space = find_space(s, pid);

	if (!space)
		return;
	free(space->ranges.items);
	*space = s->spaces[--s->space_count];
}

const struct address_range *address_space_range(const struct address_spaces *s, pid_t pid,
						uint64_t address)
{
	const struct address_space *space = find_space(s, pid);
	size_t at = space ? address_ranges_at(&space->ranges, address) : 0;

	return space && at < space->ranges.count && space->ranges.items[at].start <= address
		       ? &space->ranges.items[at]
		       : NULL;
}

struct address_space *address_space_of(const struct address_spaces *s, pid_t pid)
{
	return find_space(s, pid);
}

void address_space_note_sp(struct address_spaces *s, const struct perf_event *event)
{
	struct address_space *space;

	/* Inside an execve(2) the registers are those of the old program. */
	if (!event->regs || event->tid != event->pid || registers_in_syscall(event->regs))
		return;
	space = space_of(s, event->pid);
	if (space && !space->main_sp &&
	    !address_space_range(s, event->pid, registers_sp(event->regs)))
		space->main_sp = registers_sp(event->regs);
}

int address_space_find(const struct address_spaces *s, pid_t pid, uint64_t address)
{
	const struct address_range *range = address_space_range(s, pid, address);

	return range ? range->mapping : MAPPING_UNKNOWN;
}

int address_space_populated(const struct address_spaces *s, const struct perf_event *event)
{
	const struct pending_call *p = &s->pending[pending_slot(event->tid)];

	return event->regs && p->pid == event->pid && p->tid == event->tid && p->pc &&
			       p->pc == registers_pc(event->regs) &&
			       p->sp == registers_sp(event->regs)
		       ? p->mapping
		       : MAPPING_UNKNOWN;
}

int address_space_newest(const struct address_spaces *s, const struct perf_event *event,
			 uint64_t t_ns)
{
	const struct pending_call *p = &s->pending[pending_slot(event->tid)];

	return p->pid == event->pid && p->tid == event->tid && p->t_ns > t_ns ? p->mapping
									      : MAPPING_UNKNOWN;
}

void address_space_drop_refused(struct address_spaces *s)
{
	for (size_t i = 0; i < s->mappings.count; i++) {
		struct space_mapping *m = &s->mappings.items[i];

		if (m->first_ns)
			continue;
		m->bytes -= m->open_bytes;
		m->calls -= m->open_calls;
		m->open_bytes = m->open_calls = 0;
	}
}

void address_space_release(struct address_spaces *s)
{
	for (size_t i = 0; i < s->space_count; i++)
		free(s->spaces[i].ranges.items);
	space_mappings_release(&s->mappings);
	*s = (struct address_spaces){0};
}
