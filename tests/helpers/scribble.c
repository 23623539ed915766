/*
 * scribble.c - writes to an arena, then over the ring it is traced in, as a wild pointer would.
 *
 *	scribble MODE [SEED MIB]
 *
 * MODE is none, all (noise), zero (all), header, counters, blocks (noise), wipe (blocks), or
 *random: noise in places that SEED chooses. MIB of fresh memory are touched afterwards.
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

/* Some bytes here and there, most of them where the records are. */
static void noise_anywhere(void *to, size_t len, unsigned int seed)
{
	unsigned char *at = to;

	srandom(seed);
	for (long i = 1 + random() % 64; i > 0; i--) {
		size_t from = (size_t)random() % (i % 4 ? len : 4096);
		size_t some = (size_t)random() % 256;

		for (size_t j = 0; j < some && from + j < len; j++)
			at[from + j] = (unsigned char)random();
	}
}

static void scribble(struct trace_header *ring, size_t len, const char *mode, unsigned int seed)
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
	else if (!strcmp(mode, "random"))
		noise_anywhere(ring, len, seed);
}

static int touch(size_t mib)
{
	const size_t len = mib << 20;
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 5;
	memset(p, 0x5a, len);
	return 0;
}

int main(int argc, char **argv)
{
	const char *fd = getenv(TRACE_FD_ENV);
	struct arena arena;
	struct stat st;
	void *ring;

	if ((argc != 2 && argc != 4) || !fd || fstat(atoi(fd), &st))
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
	scribble(ring, (size_t)st.st_size, argv[1], argc == 4 ? (unsigned int)atoi(argv[2]) : 0);
	return argc == 4 ? touch((size_t)atoi(argv[3])) : 0;
}
