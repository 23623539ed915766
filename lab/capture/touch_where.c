#include "capture/touch_where.h"

#include "symbols/registers.h"

/* A frame may reach below the pointer, and a stack far above it. */
#define STACK_BELOW   (UINT64_C(64) << 10)
#define STACK_MOST    (UINT64_C(64) << 20)
#define STACK_IN_HEAP (UINT64_C(256) << 10) /* made by the program itself */

static size_t slot_of(pid_t tid, uint64_t pc)
{
	uint64_t h = (pc ^ (uint64_t)(uint32_t)tid << 40) * UINT64_C(0x9e3779b97f4a7c15);

	return (h ^ h >> 29) % WHERE_SLOTS;
}

/* Near the stack pointer, and mapped with it: by the kernel, or as the stack of a thread. */
static bool is_stack(const struct touch_spaces *spaces, pid_t pid, uint64_t sp, uint64_t address)
{
	const struct touch_range *range = touch_spaces_range(spaces, pid, sp);
	const struct touch_mapping *m =
		range ? touch_spaces_mapping(spaces, range->mapping) : NULL;
	bool is_made_for_it = !range || (range->end - range->start <= STACK_MOST && m &&
					 m->what != MAPPING_HEAP);

	return address + STACK_BELOW >= sp &&
	       address < sp + (is_made_for_it ? STACK_MOST : STACK_IN_HEAP) &&
	       touch_spaces_range(spaces, pid, address) == range;
}

static int mapping_at(const struct touch_spaces *spaces, pid_t pid, uint64_t sp, uint64_t address)
{
	return is_stack(spaces, pid, sp, address) ? MAPPING_STACK
						  : touch_spaces_find(spaces, pid, address);
}

int touch_where_fault(struct touch_where *where, const struct touch_spaces *spaces,
		      const struct touch_event *event)
{
	uint64_t pc, sp;
	size_t at;

	if (!event->regs)
		return touch_spaces_find(spaces, event->pid, event->address);
	pc = registers_pc(event->regs);
	sp = registers_sp(event->regs);
	at = slot_of(event->tid, pc);
	where->faults[at].tid = event->tid;
	where->faults[at].pc = pc;
	where->faults[at].sp = sp;
	where->faults[at].address = event->address;
	return mapping_at(spaces, event->pid, sp, event->address);
}

int touch_where_rss(const struct touch_where *where, const struct touch_spaces *spaces,
		    const struct touch_event *event)
{
	uint64_t pc;
	size_t at;
	int id;

	if (!event->regs)
		return MAPPING_UNKNOWN;
	pc = registers_pc(event->regs);
	if (registers_in_syscall(event->regs)) {
		id = touch_spaces_populated(spaces, event);
		if (id)
			return id;
	}
	at = slot_of(event->tid, pc);
	if (where->faults[at].tid == event->tid && where->faults[at].pc == pc)
		return mapping_at(spaces, event->pid, where->faults[at].sp,
				  where->faults[at].address);
	return registers_in_syscall(event->regs)
		       ? touch_spaces_find(spaces, event->pid,
					   registers_first_argument(event->regs))
		       : MAPPING_UNKNOWN;
}
