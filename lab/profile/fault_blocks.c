#include "profile/fault_blocks.h"

#include <stdlib.h>

#include "base/strbuf.h"

enum { SLOTS = BLOCKS_MAX * 2 };

static struct fault_block *block_at(struct fault_blocks *blocks, pid_t pid, uint64_t number)
{
	uint64_t h = (number ^ (uint64_t)(uint32_t)pid << 44) * UINT64_C(0x9e3779b97f4a7c15);
	size_t at = (h ^ h >> 31) % SLOTS;

	if (!blocks->slots)
		blocks->slots = xcalloc(SLOTS, sizeof(*blocks->slots));
	while (blocks->slots[at].number &&
	       (blocks->slots[at].number != number || blocks->slots[at].pid != pid))
		at = (at + 1) % SLOTS;
	return &blocks->slots[at];
}

static void add_first(struct fault_blocks *blocks, const struct perf_event *event,
		      struct profile_row *row, struct fault_block *block, uint64_t number)
{
	if (blocks->count == BLOCKS_MAX)
		return;
	blocks->count++;
	*block = (struct fault_block){number, event->pid, row, (int64_t)event->period};
	row->lone += block->faults;
}

bool fault_blocks_can_be_huge(const struct address_spaces *spaces, pid_t pid, uint64_t address)
{
	const struct address_range *range = address_space_range(spaces, pid, address);
	const struct space_mapping *m = range ? space_mappings_at(&spaces->mappings, range->mapping)
					      : NULL;
	uint64_t start = address >> BLOCK_SHIFT << BLOCK_SHIFT;

	return range && m && m->what != MAPPING_FILE && range->start <= start &&
	       range->end - start >= UINT64_C(1) << BLOCK_SHIFT;
}

void fault_blocks_add(struct fault_blocks *blocks, const struct perf_event *event,
		      struct profile_row *row)
{
	uint64_t number = (event->address >> BLOCK_SHIFT) + 1;
	struct fault_block *block = block_at(blocks, event->pid, number);

	if (!block->number) {
		add_first(blocks, event, row, block, number);
	} else if (block->lone) {
		block->lone->lone -= block->faults;
		block->lone = NULL;
	}
}

void fault_blocks_release(struct fault_blocks *blocks)
{
	free(blocks->slots);
	*blocks = (struct fault_blocks){0};
}
