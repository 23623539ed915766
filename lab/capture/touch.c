#include "capture/touch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "capture/touch_blocks.h"
#include "capture/touch_ring.h"
#include "capture/touch_sample.h"
#include "capture/touch_share.h"
#include "capture/touch_space.h"
#include "capture/touch_table.h"
#include "capture/touch_weigh.h"
#include "capture/touch_where.h"
#include "capture/tracefs.h"
#include "symbols/registers.h"
#include "symbols/unwind.h"

enum { LINES_MAX = 1000, MAPS_MAX = 64 };

struct touch {
	struct touch_rings rings;
	struct touch_layout layout;
	struct touch_scale scale;
	struct touch_share share;
	struct touch_table table;
	struct touch_spaces spaces;
	struct touch_faults faults;
	bool is_by_faults; /* there is nothing else */
	struct touch_blocks blocks;
	struct touch_row *last_fault; /* NULL: none yet */
	int mounts;		      /* keeps what a container has mounted; -1: not another's */
	struct last_row {
		pid_t tid;
		struct touch_row *row;
	} last_rows[256];
	struct unwind *unwind;
	int64_t lost, damaged;
	uint64_t *record; /* TOUCH_RECORD_MAX bytes */
};

/* Without it the profile is as good, but nobody is known who reserved what. */
static int64_t reserve_point(struct touch *t)
{
	_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
	int64_t id = tracefs_event("mmap/vm_unmapped_area", &format);

	return id > 0 && touch_layout_reserve(format.buf, id, &t->layout) ? id : 0;
}

static bool open_all(struct touch *t, pid_t pid, char *why, size_t size)
{
	_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
	struct touch_points points = {.rss = tracefs_event("kmem/rss_stat", &format)};
	int r;

	if (points.rss < 0) {
		snprintf(why, size, "the tracepoint kmem:rss_stat: %s (needs root and tracefs)",
			 strerror((int)-points.rss));
		return false;
	}
	if (!touch_layout(format.buf, &t->layout)) {
		snprintf(why, size, "the fields of kmem:rss_stat are not those this lab knows");
		return false;
	}
	points.reserve = reserve_point(t);
	r = touch_rings_open(&t->rings, pid, &points);
	if (r)
		snprintf(why, size, "perf_event_open: %s (needs CAP_PERFMON)", strerror(-r));
	return !r;
}

/* The root and what is mounted below are held, so that files are found when the process has gone.
 */
static struct touch *touch_new(pid_t pid, bool has_other_root)
{
	_cleanup_free_ char *mounts = text_format("/proc/%d/ns/mnt", (int)pid);
	struct touch *t = xcalloc(1, sizeof(*t));

	t->mounts = has_other_root ? open(mounts, O_RDONLY | O_CLOEXEC) : -1;
	t->record = xcalloc(1, TOUCH_RECORD_MAX);
	t->unwind = unwind_new(has_other_root ? modules_root_of(pid) : MODULES_ROOT_OWN);
	t->rings.epoll_fd = -1;
	return t;
}

struct touch *touch_open_faults(pid_t pid, bool has_other_root, char *why, size_t size)
{
	const struct touch_points none = {0};
	struct touch *t = touch_new(pid, has_other_root);
	int r = touch_rings_open(&t->rings, pid, &none);

	t->is_by_faults = true;
	t->layout.period = TOUCH_FAULTS_PERIOD;
	if (!r) {
		snprintf(why, size, "page faults alone");
		return t;
	}
	snprintf(why, size, "perf_event_open: %s (needs kernel.perf_event_paranoid of 2 or less)",
		 strerror(-r));
	touch_free(t);
	return NULL;
}

struct touch *touch_open(pid_t pid, bool has_other_root, char *why, size_t size)
{
	struct touch *t = touch_new(pid, has_other_root);
	char why_not[160] = "", *end = why;

	if (open_all(t, pid, why_not, sizeof(why_not))) {
		*why = '\0';
		return t;
	}
	touch_free(t);
	t = touch_open_faults(pid, has_other_root, why, size);
	end += strlen(why);
	snprintf(end, size - (size_t)(end - why), "; %s", why_not);
	return t;
}

int touch_fd(const struct touch *t)
{
	return t->rings.epoll_fd;
}

static size_t stack_of(struct touch *t, const struct touch_event *event,
		       struct unwind_frame frames[UNWIND_DEPTH_MAX])
{
	const struct unwind_sample sample = {event->pid, event->regs, event->stack,
					     event->stack_len};

	return event->regs ? unwind_stack(t->unwind, &sample, frames) : 0;
}

static struct touch_row *row_of(struct touch *t, const struct touch_event *event,
				struct touch_where where)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	const struct touch_key key = {
		.pid = event->pid,
		.is_syscall = event->regs && registers_in_syscall(event->regs),
		.where = where,
		.frames = frames,
		.depth = stack_of(t, event, frames),
	};
	struct touch_row *row = touch_table_row(&t->table, &key);

	row->samples++;
	return row;
}

static void note_touched(struct touch *t, int mapping, uint64_t t_ns)
{
	struct touch_mapping *m = touch_spaces_mapping(&t->spaces, mapping);

	if (!m)
		return;
	m->first_ns = m->first_ns ? m->first_ns : t_ns;
	m->last_ns = t_ns;
}

/* Pages of files are in none that is told of. */
static struct touch_row *new_gaining_row(struct touch *t, const struct touch_event *event)
{
	struct touch_where where = {0};

	if (event->member != MEMBER_FILE)
		where = touch_where_rss(&t->faults, &t->spaces, event);
	note_touched(t, where.mapping, event->t_ns);
	return row_of(t, event, where);
}

/* What is counted when a thread has let go of its memory was touched where it was seen last. */
static struct touch_row *gaining_row(struct touch *t, const struct touch_event *event)
{
	struct last_row *last = &t->last_rows[(unsigned int)event->tid % ARRAY_SIZE(t->last_rows)];

	if (event->is_current || last->tid != event->tid)
		*last = (struct last_row){event->tid, new_gaining_row(t, event)};
	return last->row;
}

static void on_rss(struct touch *t, const struct touch_event *event)
{
	int64_t bytes = touch_weigh(&t->scale, event);

	if (bytes > 0) {
		touch_share_add(&t->share, event, bytes,
				&gaining_row(t, event)->gained[event->member]);
	} else if (bytes < 0) {
		touch_share_flush(&t->share);
		row_of(t, event, (struct touch_where){0})->lost[event->member] -= bytes;
	}
}

static void on_reserve(struct touch *t, const struct touch_event *event)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	size_t depth = stack_of(t, event, frames);

	touch_spaces_reserve(&t->spaces, event, frames, depth);
}

static void on_map(struct touch *t, const struct touch_event *event)
{
	if (event->is_code)
		unwind_map(t->unwind, event->pid, event->start, event->len, event->pgoff,
			   event->path);
	touch_spaces_map(&t->spaces, event);
}

static void on_fault(struct touch *t, const struct touch_event *event)
{
	struct touch_where where = touch_where_fault(&t->faults, &t->spaces, event);
	struct touch_row *row = row_of(t, event, where);

	row->faults += (int64_t)event->period;
	if (!t->is_by_faults)
		return;
	t->last_fault = row;
	if (touch_blocks_can_be_huge(&t->spaces, event->pid, event->address))
		touch_blocks_add(&t->blocks, event, row);
	note_touched(t, where.mapping, event->t_ns);
}

static void on_event(struct touch *t, const struct touch_event *event)
{
	switch (event->kind) {
	case TOUCH_RSS:
		on_rss(t, event);
		break;
	case TOUCH_FAULT:
		on_fault(t, event);
		break;
	case TOUCH_RESERVE:
		on_reserve(t, event);
		break;
	case TOUCH_MAP:
		on_map(t, event);
		break;
	case TOUCH_FORK:
		unwind_fork(t->unwind, event->pid, event->parent);
		touch_scale_fork(&t->scale, event);
		touch_spaces_fork(&t->spaces, event);
		break;
	case TOUCH_EXEC:
		unwind_exec(t->unwind, event->pid);
		touch_scale_exec(&t->scale, event);
		touch_spaces_clear(&t->spaces, event->pid);
		break;
	case TOUCH_EXIT:
		unwind_exit(t->unwind, event->pid);
		break;
	case TOUCH_LOST:
		t->lost += event->lost;
		/* Most likely they were of the same as the last that was not lost. */
		if (t->is_by_faults && t->last_fault)
			t->last_fault->faults += event->lost * TOUCH_FAULTS_PERIOD;
		break;
	case TOUCH_OTHER:
		break;
	}
}

void touch_drain(struct touch *t)
{
	size_t len;

	touch_rings_begin(&t->rings);
	while ((len = touch_rings_next(&t->rings, t->record))) {
		struct touch_event event;

		if (touch_decode(&t->layout, t->record, len, &event))
			on_event(t, &event);
		else
			t->damaged++;
	}
}

/* Innermost first, "MODULE+ADDRESS", as record.h says. */
static void write_stack(const struct unwind_frame *frames, size_t depth, struct strbuf *sb)
{
	for (size_t i = 0; i < depth; i++) {
		const struct unwind_frame *frame = &frames[i];

		strbuf_puts(sb, i ? " " : "");
		if (frame->module >= 0)
			strbuf_printf(sb, "%d", frame->module);
		strbuf_printf(sb, "+%" PRIx64, frame->offset);
	}
}

static int64_t or_absent(int64_t bytes)
{
	return bytes ? bytes : RECORD_ABSENT;
}

static void write_row(const struct touch_row *row, struct record_writer *w)
{
	_cleanup_strbuf_ struct strbuf stack = STRBUF_INIT;
	struct record_touch line = {
		.pid = row->key.pid,
		.is_syscall = row->key.is_syscall,
		.anon = or_absent(row->gained[MEMBER_ANON]),
		.anon_lost = or_absent(row->lost[MEMBER_ANON]),
		.file = or_absent(row->gained[MEMBER_FILE]),
		.shmem = or_absent(row->gained[MEMBER_SHMEM]),
		.faults = or_absent(row->faults),
		.lone = or_absent(row->lone),
		.samples = row->samples,
		.mapping = or_absent(row->key.where.mapping),
		.is_on_stack = row->key.where.is_on_stack,
	};

	write_stack(row->frames, row->key.depth, &stack);
	line.stack = stack.len ? stack.buf : NULL;
	record_put_touch(w, &line);
}

static void add_row(struct touch_row *to, const struct touch_row *row)
{
	to->samples += row->samples;
	to->faults += row->faults;
	to->lone += row->lone;
	for (int i = 0; i < MEMBER_COUNT; i++) {
		to->gained[i] += row->gained[i];
		to->lost[i] += row->lost[i];
	}
}

static void write_rows(const struct touch *t, struct record_writer *w)
{
	_cleanup_free_ struct touch_row **rows = touch_table_sorted(&t->table);
	_cleanup_free_ struct touch_row *rest = xcalloc(1, sizeof(*rest));

	for (size_t i = 0; i < t->table.count; i++)
		if (i < LINES_MAX)
			write_row(rows[i], w);
		else
			add_row(rest, rows[i]);
	if (rest->samples)
		write_row(rest, w);
}

static void write_mappings(const struct touch *t, struct record_writer *w)
{
	static const char *const names[] = {
		[MAPPING_MMAP] = "mmap",     [MAPPING_SHARED] = "shared", [MAPPING_HEAP] = "heap",
		[MAPPING_PIECES] = "pieces", [MAPPING_FILE] = "file",
	};

	for (size_t i = 0; i < t->spaces.mapping_count; i++) {
		const struct touch_mapping *m = &t->spaces.mappings[i];
		_cleanup_strbuf_ struct strbuf stack = STRBUF_INIT;
		struct record_mapping line = {
			.id = (int64_t)i + 1,
			.pid = m->pid,
			.what = m->what == MAPPING_PIECES && !t->layout.reserve_id ? "anonymous"
										   : names[m->what],
			.start = m->start,
			.bytes = m->bytes > 0 ? m->bytes : RECORD_ABSENT,
			.calls = or_absent(m->calls),
			.t_ns = (int64_t)m->t_ns,
			.first_ns = or_absent((int64_t)m->first_ns),
			.last_ns = or_absent((int64_t)m->last_ns),
		};

		if (m->bytes <= 0 && m->what != MAPPING_FILE)
			continue;
		write_stack(m->frames, m->depth, &stack);
		line.stack = stack.len ? stack.buf : NULL;
		record_put_mapping(w, &line);
	}
}

static void write_modules(const struct touch *t, struct record_writer *w)
{
	const struct modules *modules = unwind_modules(t->unwind);

	for (size_t i = 0; i < modules->count; i++)
		record_put_module(w, (int64_t)i, modules->items[i].path);
}

static void write_processes(const struct touch *t, struct record_writer *w)
{
	for (size_t i = 0; i < t->scale.count && i < LINES_MAX; i++) {
		const struct touch_process *p = &t->scale.processes[i];
		const struct record_resident line = {
			.pid = p->pid,
			.anon = p->is_seen[MEMBER_ANON] ? p->size[MEMBER_ANON] : RECORD_ABSENT,
			.file = p->is_seen[MEMBER_FILE] ? p->size[MEMBER_FILE] : RECORD_ABSENT,
			.shmem = p->is_seen[MEMBER_SHMEM] ? p->size[MEMBER_SHMEM] : RECORD_ABSENT,
			.inherited = or_absent(p->inherited[MEMBER_ANON]),
			.has_forked = p->has_forked,
		};

		record_put_resident(w, &line);
	}
}

/* For the addresses in the kernel's own record of a kill. */
static void write_maps(const struct touch *t, struct record_writer *w)
{
	for (size_t i = 0; i < t->scale.count && i < MAPS_MAX; i++) {
		_cleanup_strbuf_ struct strbuf maps = STRBUF_INIT;

		unwind_maps_text(t->unwind, t->scale.processes[i].pid, &maps);
		if (maps.len)
			record_put_maps(w, t->scale.processes[i].pid, NULL, maps.buf);
	}
}

void touch_write(struct touch *t, struct record_writer *w)
{
	touch_share_flush(&t->share);
	write_modules(t, w);
	write_processes(t, w);
	write_maps(t, w);
	write_mappings(t, w);
	touch_table_spread(&t->table);
	write_rows(t, w);
	if (t->lost)
		record_put_lost(w, "samples", t->lost);
	if (t->damaged)
		record_put_lost(w, "samples that cannot be read", t->damaged);
}

struct unwind *touch_unwind(struct touch *t)
{
	return t->unwind;
}

struct modules touch_take_modules(struct touch *t)
{
	return unwind_take_modules(t->unwind);
}

void touch_free(struct touch *t)
{
	if (!t)
		return;
	touch_rings_release(&t->rings);
	if (t->mounts >= 0)
		close(t->mounts);
	touch_scale_release(&t->scale);
	touch_table_release(&t->table);
	touch_spaces_release(&t->spaces);
	touch_blocks_release(&t->blocks);
	unwind_free(t->unwind);
	free(t->record);
	free(t);
}
