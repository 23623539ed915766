/*
 * profile_state.h - all that the touch profile knows while it runs; private to profile.c, which takes
 * samples in, profile_gaps.c, which finds out what came while none were taken, and profile_watch.c.
 */
#ifndef OOMLAB_PROFILE_PROFILE_STATE_H
#define OOMLAB_PROFILE_PROFILE_STATE_H

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
#define TOUCH_MIXED_MOST     0.1
#define TOUCH_MIXED_AT_FIRST 0.3 /* until it is known */

struct touch {
	struct touch_rings rings;
	struct touch_layout layout;
	struct touch_scale scale;
	struct touch_share share;
	struct touch_ticks ticks;
	struct touch_duty duty;
	struct touch_duty_seen seen;
	struct touch_huge huge;
	bool has_usual_huge;	     /* any large mapping can be of huge pages */
	struct touch_row *populated; /* much, by a system call: the last that did; NULL: none */
	struct touch_row *suspect;   /* of huge pages not watched; NULL: none yet */
	struct touch_doubt {
		struct touch_row *before, *here; /* NULL: there is none */
		int64_t bytes;
	} doubt;
	uint64_t watch_ns;  /* when the first was; 0: not yet */
	int64_t lost_bytes; /* by all processes, while the tracepoint was on */
	bool are_faults_on, are_faults_closed;
	uint64_t faults_opened_ns; /* again, the last time; 0: never */
	uint64_t tick_ns;	   /* when somebody was last at work while it was off */
	int64_t least_room;	   /* bytes, ever */
	double fastest;		   /* growth seen, bytes a nanosecond */
	uint64_t on_ns;	  /* when the tracepoint was last switched on; 0: it never was off */
	uint64_t idle_ns; /* until the rings are read again, whatever is in them */
	int timer_fd;	  /* for the next step of the duty; -1: always on */
	struct touch_table table;
	struct touch_spaces spaces;
	struct touch_faults faults;
	bool is_by_faults; /* there is nothing else */
	struct touch_blocks blocks;
	struct touch_row *last_fault; /* NULL: none yet */
	struct touch_row *last_file;  /* that gained pages of files; NULL: none yet */
	int mounts;		      /* keeps what a container has mounted; -1: not another's */
	struct last_row {
		pid_t tid;
		struct touch_row *row;
		uint64_t t_ns;
	} last_rows[256];
	struct unwind *unwind;
	int64_t growths; /* of heaps, seen since the last began to be watched */
	int64_t lost, damaged;
	uint64_t *record; /* TOUCH_RECORD_MAX bytes */
};

size_t touch_stack_of(struct touch *t, const struct touch_event *event,
		      struct unwind_frame frames[UNWIND_DEPTH_MAX]);

/* The row of an event's stack, made when it is new; and of one that gained, where it did. */
struct touch_row *touch_row_of(struct touch *t, const struct touch_event *event,
			       struct touch_where where);
struct touch_row *touch_gaining_row(struct touch *t, const struct touch_event *event);
void touch_note_touched(struct touch *t, int mapping, uint64_t t_ns);

/* profile_watch.c */
/* Page faults, from the exec of the target on. */
void touch_open_faults_beside(struct touch *t, pid_t pid);
/* Of a process that may have been forked while they were closed. */
void touch_open_faults_of(struct touch *t, pid_t pid, uint64_t forked_ns);
/* Whether they are sampled from now on, of all processes. */
void touch_want_faults(struct touch *t, bool are_wanted);
bool touch_huge_are_usual(void);
/* If the process has a large heap that is not watched yet. */
void touch_watch_heap(struct touch *t, pid_t pid);
/* From now on, if it is not watched yet; and where a large mapping can be of huge pages. */
void touch_watch_huge(struct touch *t, pid_t pid);
void touch_watch_large(struct touch *t, const struct touch_event *event);
void touch_on_grow(struct touch *t, const struct touch_event *event);
void touch_on_huge(struct touch *t, const struct touch_event *event);
void touch_step_huge(struct touch *t, uint64_t pages, uint64_t ns);
/*
 * Growth since `last_ns` by more than small pages, and by no huge page that is known: from now on
 * each of these is. Of what came before, a line that was sampled once may have had but the last
 * page: it is the line's before it, until that one is seen again.
 */
void touch_suspect(struct touch *t, const struct touch_event *event, int64_t bytes,
		   uint64_t last_ns);
/* Those that no sample came after. */
void touch_end_huge(struct touch *t);

/* profile_gaps.c */
/* Pages of files that came are of who gained some last, where this one made room alone. */
struct touch_row *touch_file_row(struct touch *t, const struct touch_event *event);
void touch_lose(struct touch *t, const struct touch_event *event, int64_t bytes);
/* Somebody was at work while the tracepoint was off; by a TOUCH_TICK of the clock. */
void touch_at_work(struct touch *t, const struct touch_event *event, struct touch_row *row,
		   double weight);
void touch_on_tick(struct touch *t, const struct touch_event *event);
/* What came while nobody looked, since last_ns, by who was at work then. bytes: gained, or lost */
void touch_after_gap(struct touch *t, const struct touch_event *event, int64_t bytes,
		     uint64_t last_ns);
/* By page faults until it is known that one place at a time is at work. */
void touch_watch_gaps(struct touch *t);
/* What has come in a gap that is over, as far as those explain it who were at work. */
void touch_read_gap(struct touch *t);
/* Of one that was forked while nobody looked: how large both are. */
void touch_read_parent(struct touch *t, pid_t pid);
void touch_read_child(struct touch *t, pid_t pid, pid_t parent);
/* What came since the last look, of processes that have ended. */
void touch_end_gaps(struct touch *t);

#endif
