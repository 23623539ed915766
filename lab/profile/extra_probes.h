/*
 * extra_probes.h - perf events that are opened while the target runs, into the rings of probes.h:
 * for what few programs have (a large heap, huge pages), and page faults, which are switched off
 * while they are not needed. probes_release() closes them. Internal to lab/profile.
 *
 * They stay open until then, because closing a tracepoint that nobody else has open takes some 40
 * ms. An open one costs every process of the machine a little.
 *
 * Where each event is a sample, the samples have less of the stack and no PERF_SAMPLE_PERIOD: with
 * it the kernel takes a sample of every event, whatever sample_period is set to.
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

/* What to sample. */
struct extra_probe_what {
	int64_t tracepoint; /* its id; 0: page faults */
	const char *filter; /* of a tracepoint; NULL: none */
	uint64_t frequency; /* samples a second; 0: each event is a sample, without its period */
	bool is_from_exec;  /* switched on by the exec, not at once */
};

/* Zero-initialise. */
struct extra_probes {
	struct extra_probe {
		enum extra_probe_kind kind;
		int fd;
	} * events;
	uint64_t *ids; /* the id that samples of events[i] have; 0: they hold their period */
	size_t count;
};

/*
 * Opens the event on each CPU for every thread of `pid` and what they start. 0 or -errno: then some
 * may be open, and stay so.
 */
int extra_probes_open(struct probes *probes, enum extra_probe_kind kind, pid_t pid,
		      const struct extra_probe_what *what);
/*
 * Of the open events of a kind, one of `period` is a sample from now on (where they have a
 * frequency: `period` samples a second). Children that run already keep what they have.
 */
void extra_probes_set_period(struct extra_probes *extras, enum extra_probe_kind kind,
			     uint64_t period);
/* Switches the open events of a kind on or off, in children too. */
void extra_probes_switch(struct extra_probes *extras, enum extra_probe_kind kind, bool is_on);

#endif
