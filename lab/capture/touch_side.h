/*
 * touch_side.h - events beside those that the rings have from the start, in the same rings: of what
 * most programs have not, opened once one shows that it has.
 *
 * The last to close a tracepoint waits some 30 ms for all processors, and one that is open costs
 * every process of the machine a little.
 *
 * Their samples do not hold their period (with it the kernel takes one of each event, whatever the
 * period) and less of the stack.
 */
#ifndef OOMLAB_CAPTURE_TOUCH_SIDE_H
#define OOMLAB_CAPTURE_TOUCH_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct touch_rings;

enum touch_side {
	SIDE_HEAP, /* maple_tree:ma_write: who makes the heap of brk(2) larger */
	SIDE_HUGE, /* kmem:mm_page_alloc: huge pages */
};

enum { SIDE_EVENTS_MOST = 512 };

/* Zero-initialise. */
struct touch_sides {
	struct touch_side_event {
		enum touch_side side;
		int fd;
	} * events;
	uint64_t *ids; /* of events[i], in its samples */
	size_t count;
};

/*
 * Opens the tracepoint `id`, where `filter` holds, for those threads of `pid` that there are and
 * what they start, each time it is passed. 0 or -errno: some may be open then, and stay so.
 */
int touch_side_open(struct touch_rings *rings, enum touch_side side, pid_t pid, int64_t id,
		    const char *filter);
/* Of those that are open by now: one of so many, or none; in children too. */
void touch_side_set_period(struct touch_sides *sides, enum touch_side side, uint64_t period);
void touch_side_switch(struct touch_sides *sides, enum touch_side side, bool is_on);

void touch_sides_close(struct touch_sides *sides);

#endif
