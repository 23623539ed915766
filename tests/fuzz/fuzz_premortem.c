/*
 * fuzz_premortem.c - any bytes as what /proc tells of a process that stands still: smaps, and each
 * line as that of a thread's system call.
 *
 * Checked besides memory safety: no mapping is lost or told twice, rows are bounded and sorted, and
 * a thread has an address where it is said to have one.
 */
#include <string.h>

#include "fuzz.h"
#include "snapshot/smaps.h"
#include "snapshot/thread_state.h"

static void check_rows(const struct smaps *smaps)
{
	int64_t mappings = smaps->rest.mappings;

	require(smaps->count <= SMAPS_ROWS_MAX);
	for (size_t i = 0; i < smaps->count; i++) {
		const struct smaps_row *row = &smaps->rows[i];

		require(row->mappings > 0 && row->size >= 0 && row->rss >= 0 && row->anon >= 0);
		require(row->huge >= 0 && row->swap >= 0 && strlen(row->name) < SMAPS_NAME_MAX);
		require(!i || smaps->rows[i - 1].rss >= row->rss);
		mappings += row->mappings;
	}
	require(mappings == smaps->mappings);
}

static void check_state(const char *line)
{
	struct thread_state state;

	thread_state_parse(line, &state);
	require(state.where <= THREAD_IN_SYSCALL);
	require(state.where != THREAD_IN_SYSCALL || state.syscall >= 0);
	require(state.where != THREAD_RUNNING || (!state.sp && !state.pc));
	require(state.where != THREAD_UNKNOWN || (!state.sp && !state.pc && !state.syscall));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct smaps smaps = {0};

	memcpy(text, data, size);
	text[size] = '\0';
	for (char *line = text; line < text + size;) {
		char *end = memchr(line, '\n', (size_t)(text + size - line));

		if (end)
			*end = '\0';
		check_state(line);
		smaps_line(&smaps, line);
		line = end ? end + 1 : text + size;
	}
	smaps_sort(&smaps);
	check_rows(&smaps);
	smaps_release(&smaps);
	free(text);
	return 0;
}
