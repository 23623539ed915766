/*
 * fuzz_perf.c - any bytes as a record of the touch profile's rings: paths, names, addresses and
 * stacks in it are the target's. The first byte says which tracepoints there are.
 *
 * Checked besides memory safety: what an event points to lies in the record, and a path ends there.
 */
#include <string.h>

#include "base/strbuf.h"
#include "fuzz.h"
#include "profile/perf_sample.h"
#include "symbols/registers.h"

static const struct perf_sample_layout layouts[] = {
	{.mm_id = {8, 4}, .curr = {12, 4}, .counter = {16, 4}, .size = {24, 8}},
	{.mm_id = {8, 4},
	 .curr = {12, 4},
	 .counter = {16, 4},
	 .size = {24, 8},
	 .period = 1,
	 .reserve_id = 1,
	 .reserve_start = {8, 8},
	 .reserve_len = {16, 8},
	 .request_id = 2,
	 .request_start = {16, 8},
	 .request_len = {24, 8},
	 .grow_id = 3,
	 .grow_first = {8, 8},
	 .grow_last = {16, 8},
	 .grow_value = {24, 8},
	 .huge_id = 4,
	 .huge_order = {16, 4},
	 .unmap_id = 5,
	 .unmap_start = {16, 8},
	 .unmap_len = {24, 8},
	 .remap_id = 6,
	 .remap_start = {16, 8},
	 .remap_len = {24, 8},
	 .remap_new_len = {32, 8},
	 .remap_flags = {40, 8},
	 .remap_new_start = {48, 8},
	 .invoke_id = 7,
	 .invoke_victim = {8, 4}},
};

static void require_inside(const void *at, size_t len, const unsigned char *record, size_t size)
{
	const unsigned char *p = at;

	require(p >= record && len <= size && p <= record + size - len);
}

static void require_event(const struct perf_event *event, const unsigned char *record, size_t size)
{
	if (event->path) {
		require_inside(event->path, 1, record, size);
		require(memchr(event->path, '\0',
			       (size_t)(record + size - (const unsigned char *)event->path)) !=
			NULL);
	}
	if (event->regs)
		require_inside(event->regs, registers_count() * sizeof(uint64_t), record, size);
	if (event->stack)
		require_inside(event->stack, event->stack_len, record, size);
	require(event->kind != EVENT_RSS || event->size >= 0);
	require(event->lost >= 0);
}

/* The formats of tracepoints are the kernel's text. */
static void read_format(const char *data, size_t size)
{
	char *text = xstrndup(data, size);
	struct perf_sample_layout layout = {.period = 1};

	perf_sample_layout(text, &layout);
	perf_sample_layout_reserve(text, 1, &layout);
	perf_sample_layout_request(text, 2, &layout);
	perf_sample_layout_grow(text, 3, &layout);
	perf_sample_layout_huge(text, 4, &layout);
	perf_sample_layout_unmap(text, 5, &layout);
	perf_sample_layout_remap(text, 6, &layout);
	perf_sample_layout_invoke(text, 7, &layout);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct perf_event event;
	unsigned char *record;

	if (size < 1)
		return 0;
	/* Of its own, 8-aligned as the ring's, and no byte longer. */
	record = malloc(size);
	require(record != NULL);
	memcpy(record, data + 1, size - 1);
	perf_sample_decode(&layouts[data[0] & 1], record, size - 1, &event);
	require_event(&event, record, size - 1);
	free(record);
	read_format((const char *)data, size);
	return 0;
}
