#include "oomlog/assemble_parts.h"

#include "klog/stamp.h"

/* Messages in a row that may be foreign to an open event: other reports interrupt its dump. */
#define IDLE_BEFORE_KILL 1000
/* The same while the event is not certain. */
#define IDLE_UNCERTAIN 16
/* A line so long after the event's last one is not part of it. A dump of thousands of tasks on a
 * serial console takes tens of seconds. */
#define FAR_SECONDS 120
/* Rows in a row that only a task table has. */
#define ROWS_CERTAIN 3
/* A memory report that is no OOM's ("page allocation failure", sysrq m) is at most so long. */
#define OTHER_DUMP_LINES 400

void assembler_init(struct assembler *a, const struct oomlog_options *options)
{
	*a = (struct assembler){.options = *options, .suppressed = ABSENT, .last_ns = ABSENT};
	draft_reset(&a->draft);
}

void assembler_release(struct assembler *a)
{
	assemble_kills_release(a);
	pool_release(&a->held_pool);
	draft_release(&a->draft);
}

void assembler_close(struct assembler *a)
{
	assemble_kills_settle(a);
	assembler_flush(a);
}

static void begin_if_past(struct assembler *a, const struct message *m)
{
	if (assemble_is_past_dump(a))
		assemble_begin(a, m);
	assembler_open(a, m);
}

static void take_invoked(struct assembler *a, const struct message *m)
{
	assemble_kills_settle(a);
	if (!assembler_hold(a))
		assembler_flush(a);
	assembler_open(a, m);
	a->certain = true;
	a->other_dump = 0;
	fact_invoked(&a->draft, m->text, m->line);
	/* The invoker prints this line itself, so the task that printed it is the invoker. */
	if (a->draft.event.invoker_pid == ABSENT)
		a->draft.event.invoker_pid = m->caller;
}

static void take_usage(struct assembler *a, const struct message *m)
{
	if (event(a)->lines.limit)
		assemble_begin(a, m);
	begin_if_past(a, m);
	a->certain = true;
	fact_usage(&a->draft, m->text, m->line);
}

static void take_task_in(struct assembler *a, const struct message *m)
{
	if (event(a)->oom_memcg)
		assemble_begin(a, m);
	begin_if_past(a, m);
	a->certain = true;
	fact_task_in(&a->draft, m->text, m->line);
}

static void take_table_head(struct assembler *a, const struct message *m)
{
	if (m->kind == KIND_TABLE_HEAD && event(a)->task_count)
		assemble_begin(a, m);
	begin_if_past(a, m);
	if (m->kind == KIND_TABLE_HEAD)
		fact_table_head(&a->draft, m->text, m->line);
}

static void take_row(struct assembler *a, const struct message *m)
{
	bool headed;

	begin_if_past(a, m);
	/* A header alone, or a row alone, may be a quotation or other numbers. */
	headed = event(a)->lines.table && event(a)->table_columns;
	if (!fact_row(&a->draft, m->text, m->line))
		return;
	a->rows = a->last_kind == KIND_ROW ? a->rows + 1 : 1;
	a->certain |= headed || a->rows >= ROWS_CERTAIN;
}

static void take_summary(struct assembler *a, const struct message *m)
{
	begin_if_past(a, m);
	a->certain = true;
	fact_summary(&a->draft, m->text, m->line);
}

static void take_chosen(struct assembler *a, const struct message *m)
{
	if (event(a)->lines.chosen && !event(a)->victim_count &&
	    !assemble_kills_blame_differs(a, m) && fact_chooses_again(&a->draft, m->text))
		return;
	/* Kernel 5.0 prints a summary and then a choice: a summary does not begin another event. */
	if (assemble_kills_blame_differs(a, m) || event(a)->victim_count ||
	    event(a)->lines.chosen || event(a)->no_killable_process)
		assemble_begin(a, m);
	assembler_open(a, m);
	a->certain = true;
	fact_chosen(&a->draft, m->text, m->line);
}

static void take_group(struct assembler *a, const struct message *m)
{
	assembler_open(a, m);
	a->certain = true;
	a->draft.event.group_kill = true;
	if (!event(a)->lines.group)
		fact_group(&a->draft, m->text, m->line);
	/* A group may be that of a process that was killed because the machine ran out. */
	a->draft.kill_says_memcg |= !draft_is_of_machine(&a->draft);
}

static void take_no_killable(struct assembler *a, const struct message *m)
{
	assembler_open(a, m);
	a->certain = true;
	a->draft.event.no_killable_process = true;
	a->draft.event.lines.no_killable = m->line;
}

static void take_panic(struct assembler *a, const struct message *m)
{
	bool killable = !span_has(m->text, SPAN("no killable process")) &&
			!span_has(m->text, SPAN("deadlocked on memory"));

	if (killable && !span_has(m->text, SPAN("ut of memory: ")) &&
	    !span_has(m->text, SPAN("panic_on_oom")))
		return;
	if (!killable)
		take_no_killable(a, m);
	assembler_open(a, m);
	a->certain = true;
	a->draft.kill_says_global |= span_has(m->text, SPAN("system-wide panic_on_oom"));
	a->draft.event.panic = true;
	a->draft.event.panic_is_compulsory = span_has(m->text, SPAN("compulsory panic_on_oom"));
	a->draft.event.lines.panic = m->line;
}

static void take_suppressed(struct assembler *a, const struct message *m)
{
	struct span text = span_ltrim(m->text);

	if (span_number_after(text, SPAN("oom_kill_process: "), &a->suppressed))
		a->suppressed_line = m->line;
}

/*
 * Opens an event at Mem-Info or its counters. The event is not certain: a failed allocation and
 * sysrq m print the same, and only the lines that follow tell.
 */
static void begin_headless(struct assembler *a, const struct message *m)
{
	static const bool may_begin[KIND_COUNT] = {
		[KIND_MEMINFO] = true, [KIND_COUNTERS] = true, [KIND_ZONE] = true,
		[KIND_BUDDY] = true,   [KIND_SWAP] = true,     [KIND_PAGES] = true,
	};

	if (may_begin[m->kind] && !a->open && !a->other_dump)
		assembler_open(a, m);
}

/* A dump has Mem-Info and each zone once: seen again 5 s later, they are of another dump. */
static bool is_second_dump(const struct assembler *a, const struct message *m)
{
	const struct draft *f = &a->draft;

	if (!a->open || m->time_ns == ABSENT || f->meminfo_ns == ABSENT ||
	    m->time_ns - f->meminfo_ns < INT64_C(5000000000))
		return false;
	if (m->kind == KIND_MEMINFO || m->kind == KIND_COUNTERS)
		return event(a)->lines.meminfo;
	return m->kind == KIND_ZONE && fact_has_zone(f, m->text);
}

/* Some lines mean something only behind another one, such as a statistic behind its head. */
static bool add_detail(struct draft *f, const struct message *m)
{
	const struct oomlog_event *ev = &f->event;

	switch ((int)m->kind) {
	case KIND_CPU:
		fact_cpu(f, m->text, m->line);
		return true;
	case KIND_STAT:
		if (ev->lines.stats)
			fact_stat(f, m->text, m->line);
		return true;
	case KIND_REGISTERS:
		if (ev->lines.cpu)
			fact_registers(f, m->text, m->line);
		return true;
	case KIND_COUNTERS:
		fact_counters(f, m->text, m->line);
		return true;
	case KIND_NODE:
		fact_node(f, m->text, m->line);
		return true;
	case KIND_ZONE:
		fact_zone(f, m->text, m->line);
		return true;
	case KIND_HUGEPAGES:
		fact_hugepages(f, m->text, m->line);
		return true;
	case KIND_BUDDY:
		fact_buddy(f, m->text, m->line);
		return true;
	case KIND_SWAP:
		fact_swap(f, m->text, m->line);
		return true;
	case KIND_RESERVE:
		fact_reserve(f, m->text);
		return true;
	case KIND_CPUSET:
		if (ev->lines.invoked)
			fact_cpuset(f, m->text);
		return true;
	case KIND_PAGES:
		fact_pages(f, m->text);
		return true;
	case KIND_MEMINFO:
		f->event.lines.meminfo = ev->lines.meminfo ? ev->lines.meminfo : m->line;
		return true;
	default:
		return false;
	}
}

/* Lines that other reports print, too, are taken only inside an event and before its kill. */
static bool take_detail(struct assembler *a, const struct message *m)
{
	if (is_second_dump(a, m))
		assemble_begin(a, m);
	begin_headless(a, m);
	/* Who abridges a report may put the swap behind the kill. */
	if (a->open && assemble_is_past_dump(a) && !a->idle && !event(a)->lines.meminfo &&
	    (m->kind == KIND_SWAP || m->kind == KIND_PAGES))
		return add_detail(&a->draft, m);
	return a->open && !assemble_is_past_dump(a) && add_detail(&a->draft, m);
}

static bool take_event_line(struct assembler *a, const struct message *m)
{
	static void (*const takers[KIND_COUNT])(struct assembler *, const struct message *) = {
		[KIND_INVOKED] = take_invoked,	       [KIND_USAGE] = take_usage,
		[KIND_TASK_IN] = take_task_in,	       [KIND_TASKS_STATE] = take_table_head,
		[KIND_TABLE_HEAD] = take_table_head,   [KIND_ROW] = take_row,
		[KIND_SUMMARY] = take_summary,	       [KIND_CHOSEN] = take_chosen,
		[KIND_KILLED] = assemble_kills_take,   [KIND_GROUP] = take_group,
		[KIND_NO_KILLABLE] = take_no_killable, [KIND_PANIC] = take_panic,
		[KIND_SUPPRESSED] = take_suppressed,
	};

	if (!takers[m->kind])
		return false;
	takers[m->kind](a, m);
	return true;
}

/* Lines that belong to an event if one is open, and mean nothing otherwise. */
static bool take_follower(struct assembler *a, const struct message *m)
{
	struct draft *f = &a->draft;

	if (m->kind == KIND_TASK_IN_REST && span_starts(span_ltrim(m->text), SPAN("Task in")))
		begin_if_past(a, m);
	/* Only a cgroup's dump has these. */
	if (m->kind == KIND_STATS || m->kind == KIND_USAGE_OTHER)
		begin_if_past(a, m);
	if (!a->open)
		return false;
	switch ((int)m->kind) {
	case KIND_TASK_IN_REST:
		if (assemble_is_past_dump(a))
			return false;
		fact_task_in_rest(f, m->text);
		return true;
	case KIND_USAGE_OTHER:
		fact_usage(f, m->text, m->line);
		return true;
	case KIND_STATS:
		if (!assemble_is_past_dump(a))
			fact_stats(f, m->text, m->line);
		a->certain |= !assemble_is_past_dump(a);
		return true;
	case KIND_SUMMARY_REST:
		fact_summary_rest(f, m->text);
		return true;
	case KIND_REAPED:
		fact_reaped(f, m->text, m->line);
		f->reaped_previous_victim |= f->reaped_pid == a->last_pid;
		return true;
	case KIND_EXITING:
		if (!f->event.exiting_count++)
			f->event.lines.exiting = m->line;
		return true;
	case KIND_NO_COMPACTION:
		f->event.compaction_disabled = true;
		return true;
	case KIND_SLAB_HEAD:
		a->in_slabs = !assemble_is_past_dump(a);
		a->in_allocs = false;
		f->event.lines.slab = m->line;
		return true;
	case KIND_ALLOCS_HEAD:
		a->in_allocs = !assemble_is_past_dump(a) && !f->event.alloc_count;
		f->event.lines.allocs = m->line;
		return true;
	default:
		break;
	}
	if (a->in_allocs && m->kind == KIND_OTHER) {
		a->in_allocs = fact_alloc(f, m->text);
		return a->in_allocs;
	}
	if (a->in_slabs && (m->kind == KIND_OTHER || m->kind == KIND_SLAB)) {
		a->in_slabs = fact_slab(f, m->text);
		return a->in_slabs;
	}
	return false;
}

/* "hog: page allocation failure: order:4, mode:0x40cc0", "sysrq: Show Memory" */
static bool is_other_dump(struct span text)
{
	return span_has(text, SPAN("page allocation failure")) ||
	       span_has(text, SPAN("Show Memory"));
}

static unsigned int idle_limit(const struct assembler *a)
{
	if (!a->certain)
		return IDLE_UNCERTAIN;
	return event(a)->victim_count ? IDLE_AFTER_KILL : IDLE_BEFORE_KILL;
}

static void note_time(struct assembler *a, const struct message *m)
{
	size_t n = m->wall.n < sizeof(a->last_wall) ? m->wall.n : sizeof(a->last_wall) - 1;

	a->last_ns = m->time_ns;
	if (n)
		memcpy(a->last_wall, m->wall.p, n);
	a->last_wall[n] = '\0';
}

/*
 * Seconds of the day that a date's clock shows, and what stands in front of the clock; -1: none.
 * The hour may have one digit, with a blank in front of it or not.
 */
static int clock_of(struct span wall, struct span *day)
{
	size_t end = stamp_clock_end(wall);

	if (end < 7)
		return -1;
	const char *p = wall.p + end - 5;
	bool two_digits = end > 7 && char_is_digit(p[-3]);
	int hour = p[-2] - '0' + (two_digits ? (p[-3] - '0') * 10 : 0);

	*day = span_rtrim(span_head(wall, end - (two_digits ? 8 : 7)));
	return hour * 3600 + ((p[0] - '0') * 10 + p[1] - '0') * 60 + (p[3] - '0') * 10 + p[4] - '0';
}

/* By two dates of one shape: more than FAR_SECONDS lie between them, midnight allowed for. */
static bool is_far_by_wall(struct span a, struct span b)
{
	struct span day_a, day_b;
	int clock_a = clock_of(a, &day_a), clock_b = clock_of(b, &day_b);

	if (clock_a < 0 || clock_b < 0 || day_a.n != day_b.n)
		return false;
	if (!span_equal(day_a, day_b))
		return clock_b - clock_a > FAR_SECONDS || clock_a - clock_b < 86400 - FAR_SECONDS;
	/* "12:59:59 PM" comes just before "1:00:00 PM". */
	if (clock_a / 3600 == 12 && clock_b / 3600 == 1)
		clock_a -= 12 * 3600;
	return clock_b - clock_a > FAR_SECONDS || clock_a - clock_b > FAR_SECONDS;
}

/* A line so long after the event's last one is of another event. */
static bool is_far(const struct assembler *a, const struct message *m)
{
	struct span own = {a->last_wall, strlen(a->last_wall)};

	if (a->last_ns != ABSENT && m->time_ns != ABSENT)
		return m->time_ns - a->last_ns > FAR_SECONDS * INT64_C(1000000000);
	return own.n && m->wall.n && is_far_by_wall(own, m->wall);
}

static bool is_event_kind(enum kind kind)
{
	return kind == KIND_CHOSEN || kind == KIND_KILLED || kind == KIND_SUMMARY ||
	       kind == KIND_TASK_IN || kind == KIND_USAGE || kind == KIND_TABLE_HEAD ||
	       kind == KIND_TASKS_STATE || kind == KIND_GROUP || kind == KIND_NO_KILLABLE;
}

void assembler_message(void *ctx, const struct message *m)
{
	struct assembler *a = ctx;
	bool own;

	if (m->killer)
		assemble_other_take(a, m);
	if (m->killer && m->killer != KILLER_ALLOCATION)
		return;
	if (m->kind != KIND_KILLED)
		assemble_kills_settle(a);
	if (a->open && is_event_kind(m->kind) && is_far(a, m))
		assembler_close(a);
	own = assemble_trace_take(a, m) || take_event_line(a, m) || take_follower(a, m) ||
	      take_detail(a, m);

	a->last_kind = m->kind;
	if (own && a->open && a->draft.meminfo_ns == ABSENT &&
	    (m->kind == KIND_ZONE || m->kind == KIND_COUNTERS || m->kind == KIND_MEMINFO))
		a->draft.meminfo_ns = m->time_ns;
	if (!own && a->open && m->line == a->draft.stat_line && span_trim(m->text).n)
		a->draft.stats_cut = true;
	if (own) {
		a->idle = 0;
		/* A kill that is put off may be of the next event. */
		if (a->open && !a->pending_count)
			a->draft.event.lines.last = m->line;
		/* Rows of a list come together: their head has the time. */
		if (m->kind != KIND_STAT && m->kind != KIND_FRAME && m->kind != KIND_ROW)
			note_time(a, m);
		return;
	}
	if (m->kind == KIND_BOOT || m->kind == KIND_BY_HAND)
		assembler_close(a);
	if (m->kind == KIND_BY_HAND)
		a->by_hand = m->line;
	if (is_other_dump(m->text)) {
		a->other_dump = m->line;
		a->draft.has_other_dump = true;
	} else if (a->other_dump && m->line - a->other_dump > OTHER_DUMP_LINES)
		a->other_dump = 0;
	if (a->open && (++a->idle > idle_limit(a) || (a->other_dump == m->line && !a->certain)))
		assembler_close(a);
}
