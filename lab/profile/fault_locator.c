#include "profile/fault_locator.h"

#include "symbols/registers.h"

/* Bytes that a stack may reach below the stack pointer, and its size at most. */
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

/* The kernel grows the main stack without an event, so it is in no mapping. */
static bool is_main_stack(const struct address_spaces *s, pid_t pid, uint64_t sp, uint64_t address)
{
	const struct address_space *space = address_space_of(s, pid);

	return space && space->main_sp && is_near(sp, space->main_sp) &&
	       is_near(address, space->main_sp) && address + STACK_BELOW >= sp &&
	       !address_space_range(s, pid, address);
}

/* Whether the address is on the stack of the thread with that stack pointer. */
static bool is_stack(const struct address_spaces *s, pid_t pid, uint64_t sp, uint64_t address)
{
	const struct address_range *range = address_space_range(s, pid, sp);
	const struct address_space *space = address_space_of(s, pid);
	size_t at;

	if (!range)
		return is_main_stack(s, pid, sp, address);
	at = (size_t)(range - space->ranges.items);
	return address >= range->start && address < range->end && address + STACK_BELOW >= sp &&
	       range->end - range->start <= STACK_MOST &&
	       address_ranges_has_guard(&space->ranges, at) &&
	       !(at + 1 < space->ranges.count && address_ranges_are_together(range, range + 1));
}

static struct fault_location at_address(const struct address_spaces *spaces, pid_t pid, uint64_t sp,
					uint64_t address)
{
	return (struct fault_location){
		.mapping = address_space_find(spaces, pid, address),
		.is_on_stack = is_stack(spaces, pid, sp, address),
	};
}

struct fault_location fault_locator_fault(struct fault_locator *locator,
					  const struct address_spaces *spaces,
					  const struct perf_event *event)
{
	uint64_t pc, sp;
	size_t at;

	if (!event->regs)
		return (struct fault_location){
			.mapping = address_space_find(spaces, event->pid, event->address)};
	pc = registers_pc(event->regs);
	sp = registers_sp(event->regs);
	at = slot_of(event->tid, pc);
	locator->last[at].tid = event->tid;
	locator->last[at].pc = pc;
	locator->last[at].sp = sp;
	locator->last[at].address = event->address;
	locator->last[at].t_ns = event->t_ns;
	return at_address(spaces, event->pid, sp, event->address);
}

struct fault_location fault_locator_rss(const struct fault_locator *locator,
					const struct address_spaces *spaces,
					const struct perf_event *event)
{
	struct fault_location where = {0};
	uint64_t pc = event->regs ? registers_pc(event->regs) : 0;
	size_t at = slot_of(event->tid, pc);
	bool is_syscall = event->regs && registers_in_syscall(event->regs);

	if (!event->regs)
		return where;
	if (is_syscall)
		where.mapping = address_space_populated(spaces, event);
	if (where.mapping)
		return where;
	if (locator->last[at].tid == event->tid && locator->last[at].pc == pc)
		return at_address(spaces, event->pid, locator->last[at].sp,
				  locator->last[at].address);
	if (is_syscall)
		where.mapping = address_space_find(spaces, event->pid,
						   registers_first_argument(event->regs));
	return where;
}

struct fault_location fault_locator_tick(const struct fault_locator *locator,
					 const struct address_spaces *spaces,
					 const struct perf_event *event)
{
	size_t at = event->regs ? slot_of(event->tid, registers_pc(event->regs)) : 0;
	int newest = address_space_newest(spaces, event, locator->last[at].t_ns);

	if (event->regs && newest && locator->last[at].tid == event->tid &&
	    locator->last[at].pc == registers_pc(event->regs))
		return (struct fault_location){.mapping = newest};
	return fault_locator_rss(locator, spaces, event);
}
