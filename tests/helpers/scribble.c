/*
 * scribble.c - writes to an arena, then over the ring it is traced in, as a wild pointer would.
 *
 *	scribble MODE    none, all (noise), zero (all), header, counters, blocks (noise), wipe
 *(blocks)
 *
 * The descriptor is the one the lab hands over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "arena.h"
#include "trace_format.h"

enum { ALLOCATIONS = 1000 };

/* As no seed chose it, but never zero. */
static void noise(void *to, size_t len)
{
	unsigned char *at = to;

	for (size_t i = 0; i < len; i++)
		at[i] = (unsigned char)(i * 2654435761u >> 7 | 1);
}

static void scribble(struct trace_header *ring, size_t len, const char *mode)
{
	char *blocks = (char *)ring + TRACE_BLOCKS_OFFSET(ring->arena_capacity);
	const size_t some = 3 * sizeof(struct trace_block);

	if (!strcmp(mode, "all"))
		noise(ring, len);
	else if (!strcmp(mode, "zero"))
		memset(ring, 0, len);
	else if (!strcmp(mode, "header"))
		noise(ring, sizeof(*ring));
	else if (!strcmp(mode, "counters"))
		memset(&ring->blocks_claimed, 0, 16);
	else if (!strcmp(mode, "blocks"))
		noise(blocks, some);
	else if (!strcmp(mode, "wipe"))
		memset(blocks, 0, some);
}

int main(int argc, char **argv)
{
	const char *fd = getenv(TRACE_FD_ENV);
	struct arena arena;
	struct stat st;
	void *ring;

	if (argc != 2 || !fd || fstat(atoi(fd), &st))
		return 2;
	if (arena_init(&arena, &(struct arena_config){.name = "scribbled",
						      .size = 1 << 20,
						      .policy = ARENA_CLEAR_ON_ALLOCATION,
						      .source = ARENA_SOURCE_MALLOC}))
		return 3;
	for (int i = 0; i < ALLOCATIONS; i++)
		if (!arena_push(&arena, 64, 16))
			return 3;
	ring = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(fd), 0);
	if (ring == MAP_FAILED)
		return 4;
	scribble(ring, (size_t)st.st_size, argv[1]);
	return 0;
}
