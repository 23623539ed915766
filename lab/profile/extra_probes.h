/*
 * extra_probes.h - events beside those that the rings have for good, in the same rings: of what
 * most programs have not, opened once one shows that it has; and page faults, which are off while
 * nobody needs them. What is open stays open until the rings are released.
 *
 * The last to close a tracepoint waits some 30 ms for all processors, and one that is open costs
 * every process of the machine a little.
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

struct probes;

enum extra_probe_kind {
	EXTRA_HEAP,  /* maple_tree:ma_write: who makes the heap of brk(2) larger */
	EXTRA_HUGE,  /* kmem:mm_page_alloc: huge pages */
	EXTRA_FAULT, /* page faults */
};

enum { EXTRA_PROBES_MOST = 512 };

/* What an event is of. */
struct extra_probe_what {
	int64_t tracepoint; /* its id; 0: page faults */
	const char *filter; /* of a tracepoint */
	uint64_t frequency; /* samples a second; 0: each is one, and does not hold its period */
	bool is_from_exec;  /* on from the exec on, not at once */
};

/* Zero-initialise. */
struct extra_probes {
	struct extra_probe {
		enum extra_probe_kind kind;
		int fd;
	} * events;
	uint64_t *ids; /* of events[i], in its samples; 0: these hold their period */
	size_t count;
};

/*
 * Opens events for those threads of `pid` that there are and what they start. 0 or -errno: some may
 * be open then, and stay so.
 */
int extra_probes_open(struct probes *probes, enum extra_probe_kind kind, pid_t pid,
		      const struct extra_probe_what *what);
/*
 * Of those that are open by now one event of so many is a sample, or so many a second where they
 * have a frequency; in the threads they were opened for, and what is started from now on.
 */
void extra_probes_set_period(struct extra_probes *extras, enum extra_probe_kind kind,
			     uint64_t period);
void extra_probes_switch(struct extra_probes *extras, enum extra_probe_kind kind, bool is_on);

#endif
