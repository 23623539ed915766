/*
 * What few programs have, and is looked at once one has: a large heap of brk(2), huge pages; and
 * page faults while they are of use.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/process.h"
#include "profile/profile_state.h"
#include "profile/tracefs.h"

enum {
	GROWTHS = 64,	     /* of heaps that are sampled each; then each so many'th, */
	GROWTHS_PERIOD = 17, /* 1 MiB in malloc(3)'s steps: the kernel tells of each twice */
	HUGE_PAGE = 2 << 20,
	THREADS_OPENED_AGAIN = 16,
	FORK_MOST_NS = 50000000, /* a fork of a large process takes that long */
};

/* Of pages of 1 MiB and more that can be a program's memory. */
#define HUGE_FILTER "order >= 8 && migratetype == 1"

bool touch_huge_are_usual(void)
{
	char line[128];

	return !io_read_line_at(AT_FDCWD, "/sys/kernel/mm/transparent_hugepage/enabled", line,
				sizeof(line)) &&
	       strstr(line, "[always]");
}

/* The id of a tracepoint whose layout is read when it is first wanted; 0: there is none. */
static int64_t side_point(struct touch *t, const char *name, uint16_t *id,
			  bool (*read_layout)(const char *, int64_t, struct touch_layout *))
{
	_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
	int64_t found = *id ? 0 : tracefs_event(name, &format);

	if (found > 0)
		read_layout(format.buf, found, &t->layout);
	return *id;
}

static void note_sides(struct touch *t)
{
	t->layout.side_ids = t->rings.sides.ids;
	t->layout.side_count = t->rings.sides.count;
}

static void open_side(struct touch *t, enum touch_side side, pid_t pid, int64_t id,
		      const char *filter)
{
	const struct touch_side_what what = {.tracepoint = id, .filter = filter};

	touch_side_open(&t->rings, side, pid, &what);
	note_sides(t);
}

void touch_open_faults_beside(struct touch *t, pid_t pid)
{
	const struct touch_side_what what = {.frequency = TOUCH_SAMPLES_PER_SECOND,
					     .is_from_exec = true};

	touch_side_open(&t->rings, SIDE_FAULT, pid, &what);
	t->are_faults_on = true;
	note_sides(t);
}

/* 0: it has gone. */
static size_t threads_of(pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/task", (int)pid);
	struct stat st;

	return stat(path, &st) || st.st_nlink < 3 ? 0 : st.st_nlink - 2;
}

/* Few enough that all of them are soon found and opened again. */
static bool can_open_again(const struct touch *t)
{
	size_t threads = 0;

	for (size_t i = t->scale.count; i-- > 0 && threads <= THREADS_OPENED_AGAIN;)
		if (!t->scale.processes[i].end_ns)
			threads += threads_of(t->scale.processes[i].pid);
	return threads <= THREADS_OPENED_AGAIN &&
	       threads * (size_t)t->rings.count <= SIDE_EVENTS_MOST / 4;
}

static void open_faults_at(struct touch *t, struct touch_process *p)
{
	const struct touch_side_what what = {.frequency = TOUCH_FAULTS_A_SECOND};

	if (touch_side_open(&t->rings, SIDE_FAULT, p->pid, &what) || !p->is_copy || p->is_late)
		return;
	p->is_late = true;
	p->missed_faults = process_minor_faults(p->pid);
}

static void open_faults_again(struct touch *t)
{
	for (size_t i = 0; i < t->scale.count; i++)
		if (!t->scale.processes[i].end_ns)
			open_faults_at(t, &t->scale.processes[i]);
	t->are_faults_closed = false;
	t->faults_opened_ns = (uint64_t)io_now_ns();
}

/* What a process has to hand on is settled when its fork begins, and told when it ends. */
void touch_open_faults_of(struct touch *t, pid_t pid, uint64_t forked_ns)
{
	struct touch_process *p = touch_scale_process(&t->scale, pid);

	if (!p || !t->faults_opened_ns || t->are_faults_closed ||
	    (forked_ns > t->faults_opened_ns && forked_ns - t->faults_opened_ns > FORK_MOST_NS))
		return;
	open_faults_at(t, p);
	note_sides(t);
}

void touch_want_faults(struct touch *t, bool are_wanted)
{
	if (t->is_by_faults || t->are_faults_on == are_wanted)
		return;
	t->are_faults_on = are_wanted;
	if (!are_wanted && can_open_again(t)) {
		t->are_faults_closed = true;
		touch_side_close(&t->rings.sides, SIDE_FAULT);
	} else if (t->are_faults_closed) {
		open_faults_again(t);
	} else {
		touch_side_switch(&t->rings.sides, SIDE_FAULT, are_wanted);
	}
	note_sides(t);
}

void touch_watch_heap(struct touch *t, pid_t pid)
{
	_cleanup_free_ char *filter = NULL;
	uint64_t start;
	int64_t id;

	if (t->is_by_faults || !touch_spaces_has_heap(&t->spaces, pid, &start))
		return;
	filter = text_format("index == %" PRIu64, start);
	id = side_point(t, "maple_tree/ma_write", &t->layout.grow_id, touch_layout_grow);
	if (id) {
		open_side(t, SIDE_HEAP, pid, id, filter);
		t->growths = 0; /* each of this one's, too, and then again fewer */
	}
	if (t->has_usual_huge)
		touch_watch_huge(t, pid);
}

void touch_watch_huge(struct touch *t, pid_t pid)
{
	struct touch_process *p = t->is_by_faults ? NULL : touch_scale_process(&t->scale, pid);
	int64_t id;

	if (!p || p->is_watched)
		return;
	p->is_watched = true;
	id = side_point(t, "kmem/mm_page_alloc", &t->layout.huge_id, touch_layout_huge);
	if (!id)
		return;
	if (!t->huge.is_opened)
		touch_huge_open(&t->huge);
	open_side(t, SIDE_HUGE, pid, id, HUGE_FILTER);
	if (!t->watch_ns)
		t->watch_ns = (uint64_t)io_now_ns();
	if (t->huge.is_off)
		touch_side_switch(&t->rings.sides, SIDE_HUGE, false);
}

void touch_watch_large(struct touch *t, const struct touch_event *event)
{
	if (t->has_usual_huge && event->len >= HUGE_PAGE)
		touch_watch_huge(t, event->pid);
}

void touch_on_grow(struct touch *t, const struct touch_event *event)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	size_t depth = touch_stack_of(t, event, frames);

	touch_spaces_grow(&t->spaces, event, frames, depth);
	if (++t->growths == GROWTHS)
		touch_side_set_period(&t->rings.sides, SIDE_HEAP, GROWTHS_PERIOD);
}

void touch_step_huge(struct touch *t, uint64_t pages, uint64_t ns)
{
	bool was_off = t->huge.is_off;

	if (!t->huge.is_opened)
		return;
	touch_huge_step(&t->huge, pages, ns);
	if (t->huge.is_off != was_off)
		touch_side_switch(&t->rings.sides, SIDE_HUGE, !t->huge.is_off);
}

/* It is of the line before, or of the one that has been seen again. */
static void settle_doubt(struct touch *t, struct touch_row *row)
{
	if (row)
		row->gained[RSS_ANON] += t->doubt.bytes;
	t->doubt = (struct touch_doubt){0};
}

/* Of one stack: in which mapping it touches is known only now and then. */
static bool is_same(const struct touch_row *a, const struct touch_row *b)
{
	return a && a->key.pid == b->key.pid && a->key.depth == b->key.depth &&
	       unwind_is_same(a->frames, b->frames, a->key.depth);
}

static void doubt(struct touch *t, struct touch_row *row, int64_t bytes)
{
	settle_doubt(t, t->doubt.before);
	t->doubt = (struct touch_doubt){t->suspect, row, bytes};
}

static bool is_in_doubt(const struct touch *t, const struct touch_row *row)
{
	return t->suspect && t->suspect->key.pid == row->key.pid && !is_same(t->suspect, row);
}

void touch_suspect(struct touch *t, const struct touch_event *event, int64_t bytes,
		   uint64_t last_ns)
{
	struct touch_row *row = touch_gaining_row(t, event);
	bool is_watched = t->watch_ns && last_ns >= t->watch_ns;

	touch_huge_suspect(&t->huge);
	touch_watch_huge(t, event->pid);
	if (is_same(t->doubt.here, row))
		settle_doubt(t, row);
	else if (!is_watched && is_in_doubt(t, row)) {
		doubt(t, row, bytes);
		return;
	}
	row->gained[RSS_ANON] += bytes;
	t->suspect = row;
}

void touch_on_huge(struct touch *t, const struct touch_event *event)
{
	struct touch_row *row = touch_gaining_row(t, event);

	if (is_same(t->doubt.here, row)) {
		settle_doubt(t, row);
		t->suspect = row;
	}
	touch_huge_add(&t->huge, event, row->gained);
}

static int64_t end_huge_of(struct touch *t, const struct touch_process *p)
{
	uint64_t unheard_ns;
	int64_t missing = touch_scale_missing(&t->scale, p->pid, &unheard_ns);
	int64_t given = touch_huge_end(&t->huge, p->pid, missing);

	if (given || missing < HUGE_LEAST_BYTES || !t->suspect || t->suspect->key.pid != p->pid)
		return given;
	t->suspect->gained[RSS_ANON] += missing;
	return missing;
}

void touch_end_huge(struct touch *t)
{
	settle_doubt(t, t->doubt.before);
	for (size_t i = 0; t->huge.is_opened && i < t->scale.count; i++) {
		const struct touch_process *p = &t->scale.processes[i];

		touch_scale_grow(&t->scale, p->pid, RSS_ANON, end_huge_of(t, p));
	}
}
