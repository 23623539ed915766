#include "profile/fault_locator.h"

#include "symbols/registers.h"

/* A frame may reach below the pointer, and a stack far above it. */
#define STACK_BELOW (UINT64_C(64) << 10)
#define STACK_MOST  (UINT64_C(64) << 20)

static size_t slot_of(pid_t tid, uint64_t pc)
{
	uint64_t h = (pc ^ (uint64_t)(uint32_t)tid << 40) * UINT64_C(0x9e3779b97f4a7c15);

	return (h ^ h >> 29) % WHERE_SLOTS;
}

static bool is_near(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) < STACK_MOST;
}

/* The kernel makes more of it as it is used, and tells nobody: it is in no mapping. */
static bool is_main_stack(const struct touch_spaces *s, pid_t pid, uint64_t sp, uint64_t address)
{
	const struct touch_space *space = touch_spaces_space(s, pid);

	return space && space->main_sp && is_near(sp, space->main_sp) &&
	       is_near(address, space->main_sp) && address + STACK_BELOW >= sp &&
	       !touch_spaces_range(s, pid, address);
}

/* Mapped for it, with a guard, or the kernel's. */
static bool is_stack(const struct touch_spaces *s, pid_t pid, uint64_t sp, uint64_t address)
{
	const struct touch_range *range = touch_spaces_range(s, pid, sp);
	const struct touch_space *space = touch_spaces_space(s, pid);
	size_t at;

	if (!range)
		return is_main_stack(s, pid, sp, address);
	at = (size_t)(range - space->ranges.items);
	return address >= range->start && address < range->end && address + STACK_BELOW >= sp &&
	       range->end - range->start <= STACK_MOST &&
	       touch_ranges_has_guard(&space->ranges, at) &&
	       !(at + 1 < space->ranges.count && touch_ranges_are_together(range, range + 1));
}

static struct touch_where at_address(const struct touch_spaces *spaces, pid_t pid, uint64_t sp,
				     uint64_t address)
{
	return (struct touch_where){
		.mapping = touch_spaces_find(spaces, pid, address),
		.is_on_stack = is_stack(spaces, pid, sp, address),
	};
}

struct touch_where touch_where_fault(struct touch_faults *faults, const struct touch_spaces *spaces,
				     const struct touch_event *event)
{
	uint64_t pc, sp;
	size_t at;

	if (!event->regs)
		return (struct touch_where){
			.mapping = touch_spaces_find(spaces, event->pid, event->address)};
	pc = registers_pc(event->regs);
	sp = registers_sp(event->regs);
	at = slot_of(event->tid, pc);
	faults->last[at].tid = event->tid;
	faults->last[at].pc = pc;
	faults->last[at].sp = sp;
	faults->last[at].address = event->address;
	faults->last[at].t_ns = event->t_ns;
	return at_address(spaces, event->pid, sp, event->address);
}

struct touch_where touch_where_rss(const struct touch_faults *faults,
				   const struct touch_spaces *spaces,
				   const struct touch_event *event)
{
	struct touch_where where = {0};
	uint64_t pc = event->regs ? registers_pc(event->regs) : 0;
	size_t at = slot_of(event->tid, pc);
	bool is_syscall = event->regs && registers_in_syscall(event->regs);

	if (!event->regs)
		return where;
	if (is_syscall)
		where.mapping = touch_spaces_populated(spaces, event);
	if (where.mapping)
		return where;
	if (faults->last[at].tid == event->tid && faults->last[at].pc == pc)
		return at_address(spaces, event->pid, faults->last[at].sp,
				  faults->last[at].address);
	if (is_syscall)
		where.mapping = touch_spaces_find(spaces, event->pid,
						  registers_first_argument(event->regs));
	return where;
}

struct touch_where touch_where_tick(const struct touch_faults *faults,
				    const struct touch_spaces *spaces,
				    const struct touch_event *event)
{
	size_t at = event->regs ? slot_of(event->tid, registers_pc(event->regs)) : 0;
	int newest = touch_spaces_newest(spaces, event, faults->last[at].t_ns);

	if (event->regs && newest && faults->last[at].tid == event->tid &&
	    faults->last[at].pc == registers_pc(event->regs))
		return (struct touch_where){.mapping = newest};
	return touch_where_rss(faults, spaces, event);
}
