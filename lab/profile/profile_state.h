/*
 * profile_state.h - all that the touch profile knows while it runs; private to profile.c, which
 * takes samples in, profile_row.c, profile_watch.c, and profile_gaps.c, which finds out what came
 * while none were taken.
 */
#ifndef OOMLAB_PROFILE_PROFILE_STATE_H
#define OOMLAB_PROFILE_PROFILE_STATE_H

#include "profile/credits.h"
#include "profile/fault_blocks.h"
#include "profile/gap_estimator.h"
#include "profile/huge_page_tracker.h"
#include "profile/probes.h"
#include "profile/profile.h"
#include "profile/profile_table.h"
#include "profile/rss_ledger.h"
#include "profile/sampling_duty.h"
#include "profile/thread_share.h"

/* Of the gaps, so many are of more than one place: page faults are sampled, not the clock. */
#define PROFILE_MIXED_MOST     0.1
#define PROFILE_MIXED_AT_FIRST 0.3 /* until it is known */

struct profile {
	struct probes probes;
	struct perf_sample_layout layout;
	struct rss_ledger ledger;
	struct thread_share threads;
	struct gap_estimator estimator;
	struct sampling_duty duty;
	struct sampling_duty_seen seen;
	struct huge_page_tracker huge;
	bool has_usual_huge;	       /* any large mapping can be of huge pages */
	struct profile_row *populated; /* much, by a system call: the last that did; NULL: none */
	struct profile_row *suspect;   /* of huge pages not watched; NULL: none yet */
	struct profile_doubt {
		struct profile_row *before, *here; /* NULL: there is none */
		int64_t bytes;
	} doubt;
	uint64_t watch_ns;  /* when the first was; 0: not yet */
	int64_t lost_bytes; /* by all processes, while the tracepoint was on */
	bool are_faults_on;
	uint64_t tick_ns;   /* when somebody was last at work while it was off */
	int64_t least_room; /* bytes, ever */
	double fastest;	    /* growth seen, bytes a nanosecond */
	uint64_t on_ns;	    /* when the tracepoint was last switched on; 0: it never was off */
	uint64_t idle_ns;   /* until the rings are read again, whatever is in them */
	int timer_fd;	    /* for the next step of the duty; -1: always on */
	struct profile_table table;
	struct credits credits; /* not yet in the table */
	struct address_spaces spaces;
	struct fault_locator locator;
	bool is_by_faults; /* there is nothing else */
	struct fault_blocks blocks;
	struct profile_row *last_fault; /* NULL: none yet */
	struct profile_row *last_file;	/* that gained pages of files; NULL: none yet */
	int mounts;			/* keeps what a container has mounted; -1: not another's */
	struct last_row {
		pid_t tid;
		struct profile_row *row;
		uint64_t t_ns;
	} last_rows[256];
	struct unwind *unwind;
	int64_t growths; /* of heaps, seen since the last began to be watched */
	int64_t lost, damaged;
	uint64_t *record; /* PROBES_RECORD_MAX bytes */
};

size_t profile_row_stack(struct profile *prof, const struct perf_event *event,
			 struct unwind_frame frames[UNWIND_DEPTH_MAX]);

/* The row of an event's stack, made when it is new; and of one that gained, where it did. */
struct profile_row *profile_row_of(struct profile *prof, const struct perf_event *event,
				   struct fault_location where);
struct profile_row *profile_row_gaining(struct profile *prof, const struct perf_event *event);
void profile_row_note_touched(struct profile *prof, int mapping, uint64_t t_ns);

/* profile_watch.c */
/* Page faults, from the exec of the target on. */
void profile_watch_faults_from_exec(struct profile *prof, pid_t pid);
/* Whether they are sampled from now on, of all processes. */
void profile_watch_faults(struct profile *prof, bool are_wanted);
bool profile_watch_has_usual_huge(void);
/* If the process has a large heap that is not watched yet. */
void profile_watch_heap(struct profile *prof, pid_t pid);
/* From now on, if it is not watched yet; and where a large mapping can be of huge pages. */
void profile_watch_huge(struct profile *prof, pid_t pid);
void profile_watch_large(struct profile *prof, const struct perf_event *event);
void profile_watch_on_grow(struct profile *prof, const struct perf_event *event);
void profile_watch_on_huge(struct profile *prof, const struct perf_event *event);
void profile_watch_step_huge(struct profile *prof, uint64_t pages, uint64_t ns);
/*
 * Growth since `last_ns` by more than small pages, and by no huge page that is known: from now on
 * each of these is. Of what came before, a line that was sampled once may have had but the last
 * page: it is the line's before it, until that one is seen again.
 */
void profile_watch_suspect(struct profile *prof, const struct perf_event *event, int64_t bytes,
			   uint64_t last_ns);
/* Those that no sample came after. */
void profile_watch_end_huge(struct profile *prof);

/* profile_gaps.c */
/* Pages of files that came are of who gained some last, where this one made room alone. */
struct profile_row *profile_gaps_file_row(struct profile *prof, const struct perf_event *event);
void profile_gaps_lose(struct profile *prof, const struct perf_event *event, int64_t bytes);
/* Somebody was at work while the tracepoint was off; by an EVENT_TICK of the clock. */
void profile_gaps_at_work(struct profile *prof, const struct perf_event *event,
			  struct profile_row *row, double weight);
void profile_gaps_tick(struct profile *prof, const struct perf_event *event);
/* What came while nobody looked, since last_ns, by who was at work then. bytes: gained, or lost */
void profile_gaps_after(struct profile *prof, const struct perf_event *event, int64_t bytes,
			uint64_t last_ns);
/* By page faults until it is known that one place at a time is at work. */
void profile_gaps_watch(struct profile *prof);
/* What has come in a gap that is over, as far as those explain it who were at work. */
void profile_gaps_read(struct profile *prof);
/* Of one that was forked while nobody looked: how large both are. */
void profile_gaps_read_parent(struct profile *prof, pid_t pid);
void profile_gaps_read_child(struct profile *prof, pid_t pid, pid_t parent);
/* What came since the last look, of processes that have ended. */
void profile_gaps_end(struct profile *prof);

#endif
