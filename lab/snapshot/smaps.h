/*
 * smaps.h - /proc/PID/smaps summed by mapping: where a process's resident memory lies. Pure.
 *
 * Mappings of one name are one row. Small anonymous ones without a name share rows of less than
 * 2 MiB; a large one keeps a row of its own, with its address, because it may hold an arena.
 *
 * Pattern of use: zero-initialise; smaps_line() for each line of the file; smaps_sort();
 * smaps_release(). Units: bytes. Names are as the kernel writes them (a newline in a path is
 * "\012" there) and hostile all the same. Bounded: SMAPS_ROWS_MAX rows, the rest is one row.
 *
 * Kernel source: fs/proc/task_mmu.c, show_smap(), seen in 6.1 and 6.12; lines with unknown keys are
 * skipped.
 */
#ifndef OOMLAB_SNAPSHOT_SMAPS_H
#define OOMLAB_SNAPSHOT_SMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SMAPS_ROWS_MAX = 512, SMAPS_NAME_MAX = 1024 };
#define SMAPS_LARGE_BYTES ((int64_t)1 << 20) /* resident and swapped out */
/* A larger size or sum is cut to this, so that the rows of many processes can be summed. */
#define SMAPS_BYTES_MAX ((int64_t)1 << 53)

struct smaps_row {
	char *name;	     /* "": anonymous, without a name */
	uint64_t start, end; /* of the first mapping and those that follow it without a gap */
	int64_t mappings;    /* how many are summed */
	int64_t size, rss, anon, huge, swap; /* bytes; anon and huge are of rss */
};

struct smaps {
	struct smaps_row *rows;
	size_t count;
	struct smaps_row now; /* the mapping being read; name points into name[] */
	char name[SMAPS_NAME_MAX];
	bool has_now;
	struct smaps_row rest; /* the sum of what is beyond SMAPS_ROWS_MAX; name NULL */
	int64_t mappings;      /* read so far */
};

/* One line, with or without its newline; what is no line of smaps is skipped. */
void smaps_line(struct smaps *smaps, const char *line);

/* After the last line: the largest resident first. */
void smaps_sort(struct smaps *smaps);

void smaps_release(struct smaps *smaps);

#endif
