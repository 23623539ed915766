/*
 * stage_act.h - what a process of a stage (stage.h) does; never returns.
 */
#ifndef OOMLAB_STAGE_ACT_H
#define OOMLAB_STAGE_ACT_H

#include "stage.h"

/* What processes share: descriptors of files, and how much of the first two is mapped at most. */
struct stage_props {
	int file, tmpfs;
	uint64_t file_bytes, tmpfs_bytes;
	int new_file, new_tmpfs; /* that grow */
};

struct stage_role {
	const struct stage *stage;
	size_t index; /* of its process */
	const struct stage_props *props;
	int ready, go; /* pipes: one byte when it is there; one byte, then it requests memory */
};

/* On the pipe `ready`: it cannot be as large as it should. Any other byte: it is there. */
#define STAGE_CANNOT 'n'

/* Makes the pages that processes share, charged to the cgroup of the caller. */
void stage_act_props(const struct stage_props *props);

/* As much unreclaimable slab, charged to the cgroup of the caller; it outlives the caller. */
void stage_act_slab(uint64_t bytes);

/* What of its own size the invoker requests at the end only; 0 where it requests other memory. */
uint64_t stage_held_back(const struct stage *stage);

void stage_act(const struct stage_role *role) __attribute__((noreturn));

#endif
