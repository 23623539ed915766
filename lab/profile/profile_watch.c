/*
 * Probes that are opened when a program first needs them: for a large heap of brk(2) and for huge
 * pages; and page faults, which are on while they are of use.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "profile/profile_state.h"
#include "profile/tracefs.h"

enum {
	GROWTHS = 64,	     /* growths of a heap that are each a sample, */
	GROWTHS_PERIOD = 17, /* then one of so many: 1 MiB in malloc(3)'s steps, two events each */
	HUGE_PAGE = 2 << 20,
};

/* Pages of 1 MiB and more that are movable, as a program's memory is. */
#define HUGE_FILTER "order >= 8 && migratetype == 1"

bool profile_watch_has_usual_huge(void)
{
	char line[128];

	return !io_read_line_at(AT_FDCWD, "/sys/kernel/mm/transparent_hugepage/enabled", line,
				sizeof(line)) &&
	       strstr(line, "[always]");
}

/* The id of a tracepoint, whose layout the first call reads; 0: there is none. */
static int64_t extra_point(struct profile *prof, const char *name, uint16_t *id,
			   bool (*read_layout)(const char *, int64_t, struct perf_sample_layout *))
{
	_cleanup_strbuf_ struct strbuf format = STRBUF_INIT;
	int64_t found = *id ? 0 : tracefs_event(name, &format);

	if (found > 0)
		read_layout(format.buf, found, &prof->layout);
	return *id;
}

static void note_extras(struct profile *prof)
{
	prof->layout.extra_ids = prof->probes.extras.ids;
	prof->layout.extra_count = prof->probes.extras.count;
}

static void open_extra(struct profile *prof, enum extra_probe_kind kind, pid_t pid, int64_t id,
		       const char *filter)
{
	const struct extra_probe_what what = {.tracepoint = id, .filter = filter};

	extra_probes_open(&prof->probes, kind, pid, &what);
	note_extras(prof);
}

void profile_watch_faults_from_exec(struct profile *prof, pid_t pid)
{
	const struct extra_probe_what what = {.frequency = PROFILE_SAMPLES_PER_SECOND,
					      .is_from_exec = true};

	extra_probes_open(&prof->probes, EXTRA_FAULT, pid, &what);
	prof->are_faults_on = true;
	note_extras(prof);
}

void profile_watch_faults(struct profile *prof, bool are_wanted)
{
	if (prof->is_faults_only || prof->are_faults_on == are_wanted)
		return;
	prof->are_faults_on = are_wanted;
	extra_probes_switch(&prof->probes.extras, EXTRA_FAULT, are_wanted);
}

void profile_watch_heap(struct profile *prof, pid_t pid)
{
	_cleanup_free_ char *filter = NULL;
	uint64_t start;
	int64_t id;

	if (prof->is_faults_only || !address_space_has_heap(&prof->spaces, pid, &start))
		return;
	filter = text_format("index == %" PRIu64, start);
	id = extra_point(prof, "maple_tree/ma_write", &prof->layout.grow_id,
			 perf_sample_layout_grow);
	if (id) {
		open_extra(prof, EXTRA_HEAP, pid, id, filter);
		prof->growths = 0; /* of the new heap each growth is a sample at first */
	}
	if (prof->has_usual_huge)
		profile_watch_huge(prof, pid);
}

void profile_watch_huge(struct profile *prof, pid_t pid)
{
	struct rss_process *p = prof->is_faults_only ? NULL
						     : rss_ledger_process(&prof->ledger, pid);
	int64_t id;

	if (!p || p->is_watched)
		return;
	p->is_watched = true;
	id = extra_point(prof, "kmem/mm_page_alloc", &prof->layout.huge_id,
			 perf_sample_layout_huge);
	if (!id)
		return;
	if (!prof->huge.is_opened)
		huge_page_tracker_open(&prof->huge);
	open_extra(prof, EXTRA_HUGE, pid, id, HUGE_FILTER);
	if (!prof->watch_ns)
		prof->watch_ns = (uint64_t)io_now_ns();
	if (prof->huge.is_off)
		extra_probes_switch(&prof->probes.extras, EXTRA_HUGE, false);
}

void profile_watch_large(struct profile *prof, const struct perf_event *event)
{
	if (prof->has_usual_huge && event->len >= HUGE_PAGE)
		profile_watch_huge(prof, event->pid);
}

void profile_watch_on_grow(struct profile *prof, const struct perf_event *event)
{
	struct unwind_frame frames[UNWIND_DEPTH_MAX];
	size_t depth = profile_row_stack(prof, event, frames);

	address_space_grow(&prof->spaces, event, frames, depth);
	if (++prof->growths == GROWTHS)
		extra_probes_set_period(&prof->probes.extras, EXTRA_HEAP, GROWTHS_PERIOD);
}

void profile_watch_step_huge(struct profile *prof, uint64_t pages, uint64_t ns)
{
	bool was_off = prof->huge.is_off;

	if (!prof->huge.is_opened)
		return;
	huge_page_tracker_step(&prof->huge, pages, ns);
	if (prof->huge.is_off != was_off)
		extra_probes_switch(&prof->probes.extras, EXTRA_HUGE, !prof->huge.is_off);
}

/* Credits the bytes in doubt to a row. */
static void settle_doubt(struct profile *prof, struct profile_row *row)
{
	credits_add(&prof->credits, row, RSS_ANON, prof->doubt.bytes);
	prof->doubt = (struct profile_doubt){0};
}

/* The mapping is not compared: it is known only now and then. */
static bool is_same(const struct profile_row *a, const struct profile_row *b)
{
	return a && a->key.pid == b->key.pid && a->key.depth == b->key.depth &&
	       unwind_is_same(a->frames, b->frames, a->key.depth);
}

static void doubt(struct profile *prof, struct profile_row *row, int64_t bytes)
{
	settle_doubt(prof, prof->doubt.before);
	prof->doubt = (struct profile_doubt){prof->suspect, row, bytes};
}

static bool is_in_doubt(const struct profile *prof, const struct profile_row *row)
{
	return prof->suspect && prof->suspect->key.pid == row->key.pid &&
	       !is_same(prof->suspect, row);
}

void profile_watch_suspect(struct profile *prof, const struct perf_event *event, int64_t bytes,
			   uint64_t last_ns)
{
	struct profile_row *row = profile_row_gaining(prof, event);
	bool is_watched = prof->watch_ns && last_ns >= prof->watch_ns;

	huge_page_tracker_suspect(&prof->huge);
	profile_watch_huge(prof, event->pid);
	if (is_same(prof->doubt.here, row))
		settle_doubt(prof, row);
	else if (!is_watched && is_in_doubt(prof, row)) {
		doubt(prof, row, bytes);
		return;
	}
	credits_add(&prof->credits, row, RSS_ANON, bytes);
	prof->suspect = row;
}

void profile_watch_on_huge(struct profile *prof, const struct perf_event *event)
{
	struct profile_row *row = profile_row_gaining(prof, event);

	if (is_same(prof->doubt.here, row)) {
		settle_doubt(prof, row);
		prof->suspect = row;
	}
	huge_page_tracker_add(&prof->huge, event, row);
}

static int64_t end_huge_of(struct profile *prof, const struct rss_process *p)
{
	uint64_t unheard_ns;
	int64_t missing = rss_ledger_missing(&prof->ledger, p->pid, &unheard_ns);
	int64_t given = huge_page_tracker_end(&prof->huge, p->pid, missing, &prof->credits);

	if (given || missing < HUGE_LEAST_BYTES || !prof->suspect ||
	    prof->suspect->key.pid != p->pid)
		return given;
	credits_add(&prof->credits, prof->suspect, RSS_ANON, missing);
	return missing;
}

void profile_watch_end_huge(struct profile *prof)
{
	settle_doubt(prof, prof->doubt.before);
	for (size_t i = 0; prof->huge.is_opened && i < prof->ledger.count; i++) {
		const struct rss_process *p = &prof->ledger.processes[i];

		rss_ledger_add_unseen(&prof->ledger, p->pid, RSS_ANON, end_huge_of(prof, p));
	}
}
