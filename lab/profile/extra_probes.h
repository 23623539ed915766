/*
 * extra_probes.h - events beside those that the rings have for good, in the same rings: of what most
 * programs have not, opened once one shows that it has; and page faults, which are closed while
 * nobody needs them, because each costs more even where they are off.
 *
 * The last to close a tracepoint waits some 30 ms for all processors, and one that is open costs
 * every process of the machine a little. Page faults are closed at once.
 *
 * Where each event is a sample, these hold less of the stack and no period (with it the kernel
 * takes one of each event, whatever the period).
 */
#ifndef OOMLAB_PROFILE_EXTRA_PROBES_H
#define OOMLAB_PROFILE_EXTRA_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct touch_rings;

enum touch_side {
	SIDE_HEAP,  /* maple_tree:ma_write: who makes the heap of brk(2) larger */
	SIDE_HUGE,  /* kmem:mm_page_alloc: huge pages */
	SIDE_FAULT, /* page faults */
};

enum { SIDE_EVENTS_MOST = 512 };

/* What an event is of. */
struct touch_side_what {
	int64_t tracepoint; /* its id; 0: page faults */
	const char *filter; /* of a tracepoint */
	uint64_t frequency; /* samples a second; 0: each is one, and does not hold its period */
	bool is_from_exec;  /* on from the exec on, not at once */
};

/* Zero-initialise. */
struct touch_sides {
	struct touch_side_event {
		enum touch_side side;
		int fd;
		uint64_t id;
		pid_t owner; /* the process it was opened for */
	} * events;
	uint64_t *ids; /* of events[i], in its samples; 0: these hold their period */
	size_t count;
};

/*
 * Opens events for those threads of `pid` that there are and what they start. 0 or -errno: some may
 * be open then, and stay so.
 */
int touch_side_open(struct touch_rings *rings, enum touch_side side, pid_t pid,
		    const struct touch_side_what *what);
/*
 * Whether a sample of a process is of an event that it has from another, which forked it, while it
 * has one of its own: it is told of twice.
 */
bool touch_side_is_twice(const struct touch_sides *sides, uint64_t id, pid_t pid);
/* In all threads and children. */
void touch_side_close(struct touch_sides *sides, enum touch_side side);
/*
 * Of those that are open by now one event of so many is a sample, or so many a second where they
 * have a frequency; in the threads they were opened for, and what is started from now on.
 */
void touch_side_set_period(struct touch_sides *sides, enum touch_side side, uint64_t period);
void touch_side_switch(struct touch_sides *sides, enum touch_side side, bool is_on);

#endif
