/*
 * what_if_changes.h - what is to be different in the question of who would be chosen then; pure.
 *
 * Pattern of use: 1. a struct what_if_changes that WHAT_IF_CHANGES_INIT initialises;
 * 2. what_if_changes_add() for each change, as it was typed; 3. what_if_make() (what_if.h) for each
 * event; 4. what_if_changes_release().
 */
#ifndef OOMLAB_EXPLAIN_WHAT_IF_CHANGES_H
#define OOMLAB_EXPLAIN_WHAT_IF_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/absent.h"
#include "base/err.h"

/* The largest limit or swap that can be asked about: sums and products with it stay in range. */
#define WHAT_IF_BYTES_MAX ((int64_t)1 << 50)

/* oom_score_adj of the processes of a name, or of one pid. */
struct what_if_adj {
	char *name;    /* as typed; the change's */
	int64_t pid;   /* the name as a number, or ABSENT; it wins where a table has that pid */
	int64_t value; /* -1000 to 1000 */
	bool is_found; /* set by what_if_make() once a table has such a process */
};

enum what_if_switch { WHAT_IF_AS_LOGGED, WHAT_IF_ON, WHAT_IF_OFF };

struct what_if_changes {
	char **texts; /* as typed, in order */
	size_t text_count;
	struct what_if_adj *adjs; /* of two for one process the later counts */
	size_t adj_count;
	int64_t limit_bytes;	   /* memory.max of the cgroup that ran out; ABSENT: as logged */
	int64_t swap_bytes;	   /* its swap, or the machine's; ABSENT: as logged */
	enum what_if_switch group; /* memory.oom.group of the victim's cgroup */
	enum what_if_switch allocating; /* vm.oom_kill_allocating_task */
	size_t text_capacity, adj_capacity;
};

#define WHAT_IF_CHANGES_INIT                                \
	{                                                   \
		.limit_bytes = ABSENT, .swap_bytes = ABSENT \
	}

/*
 * Adds "adj NAME=N", "limit=SIZE", "swap=SIZE", "group=on|off" or "kill-allocating=on|off". NAME is
 * all between "adj " and the last '='. Returns 0, or -1 with err set and status EXIT_USAGE: it is
 * none of these, out of range, or given twice.
 */
int what_if_changes_add(struct what_if_changes *changes, const char *text, struct err *err);

void what_if_changes_release(struct what_if_changes *changes);

#endif
