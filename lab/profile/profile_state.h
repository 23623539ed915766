/*
 * profile_state.h - the state of the touch profile and the functions its files share; internal to
 * lab/profile. profile.c takes events in, profile_row.c finds their rows, profile_watch.c opens
 * probes when a program needs them, and profile_gaps.c finds out what came while the tracepoint was
 * off.
 *
 * Times: CLOCK_MONOTONIC ns. A row that is pointed to lives in the table as long as the profile.
 */
#ifndef OOMLAB_PROFILE_PROFILE_STATE_H
#define OOMLAB_PROFILE_PROFILE_STATE_H

#include "profile/credits.h"
#include "profile/fault_blocks.h"
#include "profile/gap_estimator.h"
#include "profile/huge_page_tracker.h"
#include "profile/invokers.h"
#include "profile/probes.h"
#include "profile/profile.h"
#include "profile/profile_table.h"
#include "profile/rss_ledger.h"
#include "profile/sampling_duty.h"
#include "profile/thread_share.h"

/*
 * When more of the gaps than this are of several rows, page faults are sampled instead of a clock.
 */
#define PROFILE_MIXED_PART_MOST	 0.1
#define PROFILE_MIXED_PART_FIRST 0.3 /* what is assumed before it is known */

struct profile {
	struct probes probes;
	struct perf_sample_layout layout;
	struct rss_ledger ledger;
	struct thread_share threads;
	struct gap_estimator estimator;
	struct sampling_duty duty;
	struct sampling_duty_seen seen;
	struct huge_page_tracker huge;
	bool has_usual_huge;	       /* THP is "always": any large mapping can get huge pages */
	struct profile_row *populated; /* the last that got 1 MiB by a system call; NULL: none */
	struct profile_row *suspect;   /* the last that got huge pages unwatched; NULL: none */
	/* Huge pages that may be of either row; settled when `here` is seen again. */
	struct profile_doubt {
		struct profile_row *before, *here; /* NULL: there is no doubt */
		int64_t bytes;
	} doubt;
	uint64_t watch_ns;  /* since when huge pages are sampled; 0: they are not */
	int64_t lost_bytes; /* by all processes, while the tracepoint was on */
	bool are_faults_on;
	uint64_t last_tick_ns;	/* of the last tick in a gap */
	int64_t least_headroom; /* bytes, ever */
	double fastest_rate;	/* of growth, bytes a nanosecond */
	uint64_t on_ns;		/* when the tracepoint was last switched on; 0: it never was off */
	uint64_t idle_ns;	/* how long to wait before the rings are read unasked */
	int timer_fd;		/* for the next step of the duty; -1: the tracepoint is always on */
	struct profile_table table;
	struct credits credits; /* not yet in the table */
	struct address_spaces spaces;
	struct invokers invokers;
	struct fault_locator locator;
	bool is_faults_only; /* page faults are sampled, and no sizes */
	struct fault_blocks blocks;
	struct profile_row *last_fault; /* NULL: none yet */
	struct profile_row *last_file;	/* the last that gained pages of files; NULL: none yet */
	int mounts; /* holds a container's mount namespace; -1: not a container */
	struct last_row {
		pid_t tid;
		struct profile_row *row;
		uint64_t t_ns;
	} last_rows[256]; /* by tid: where the thread gained last */
	struct unwind *unwind;
	int64_t growths;       /* of heaps, since the last one began to be watched */
	int64_t lost, damaged; /* records */
	uint64_t *record; /* PROBES_RECORD_MAX bytes, for one that its ring has in two pieces */
};

/* profile_row.c */
/* The event's call chain; returns its depth, 0: not known. */
size_t profile_row_stack(struct profile *prof, const struct perf_event *event,
			 struct unwind_frame frames[UNWIND_DEPTH_MAX]);
/* The row of an event's stack and that mapping, made when it is new. Counts a sample. */
struct profile_row *profile_row_of(struct profile *prof, const struct perf_event *event,
				   struct fault_location where);
/* The row of an event by which a process gained, in the mapping that the bytes came in. */
struct profile_row *profile_row_gaining(struct profile *prof, const struct perf_event *event);
void profile_row_note_touched(struct profile *prof, int mapping, uint64_t t_ns);

/* profile_watch.c */
/* Samples page faults, from the exec of the target on. */
void profile_watch_faults_from_exec(struct profile *prof, pid_t pid);
/* Whether page faults are sampled from now on, of all processes. */
void profile_watch_faults(struct profile *prof, bool are_wanted);
bool profile_watch_has_usual_huge(void);
/* Watches the heap of a process once it is large. */
void profile_watch_heap(struct profile *prof, pid_t pid);
/* Samples the huge pages of a process from now on, if that is not done yet. */
void profile_watch_huge(struct profile *prof, pid_t pid);
/* The same where THP is "always" and the event's mapping can hold a huge page. */
void profile_watch_large(struct profile *prof, const struct perf_event *event);
void profile_watch_on_grow(struct profile *prof, const struct perf_event *event);
void profile_watch_on_huge(struct profile *prof, const struct perf_event *event);
void profile_watch_step_huge(struct profile *prof, uint64_t pages, uint64_t ns);
/*
 * For growth since `last_ns` that neither small pages nor sampled huge pages explain. Huge pages of
 * the process are sampled from now on. The bytes may be of the suspect before instead of the
 * event's row, of which just the last page may have been: they are in doubt until that row is seen
 * again.
 */
void profile_watch_suspect(struct profile *prof, const struct perf_event *event, int64_t bytes,
			   uint64_t last_ns);
/* At the end: credits huge pages that no later sample explained. */
void profile_watch_end_huge(struct profile *prof);

/* profile_gaps.c */
/*
 * The row for pages of files that came: the last that gained such pages, where the event only made
 * the kernel reclaim some; else the event's own.
 */
struct profile_row *profile_gaps_file_row(struct profile *prof, const struct perf_event *event);
void profile_gaps_lose(struct profile *prof, const struct perf_event *event, int64_t bytes);
/* A tick in a gap: the row was at work; weight: how many events the tick stands for. */
void profile_gaps_at_work(struct profile *prof, const struct perf_event *event,
			  struct profile_row *row, double weight);
/* The same for an EVENT_TICK of the clock. */
void profile_gaps_tick(struct profile *prof, const struct perf_event *event);
/*
 * For the first sample after a gap: shares what the process gained since last_ns among the rows
 * that had ticks. bytes: gained, or negative: lost.
 */
void profile_gaps_after(struct profile *prof, const struct perf_event *event, int64_t bytes,
			uint64_t last_ns);
/* Chooses between the clock and page faults as ticks. */
void profile_gaps_watch(struct profile *prof);
/* At the end of a gap: reads the sizes in /proc and credits what the ticks explain. */
void profile_gaps_read(struct profile *prof);
/* At a fork: reads the sizes of the parent, and of the child when it was forked in a gap. */
void profile_gaps_read_parent(struct profile *prof, pid_t pid);
void profile_gaps_read_child(struct profile *prof, pid_t pid, pid_t parent);
/* At the end: credits what ended processes gained after their last sample. */
void profile_gaps_end(struct profile *prof);

#endif
