#include "record/load.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/lines.h"
#include "record/load_before.h"
#include "record/premortem_lines.h"
#include "record/query.h"
#include "record/series.h"
#include "record/tail_calls.h"

#define SERIES(name, of, array, counter, start, keeps)                                   \
	{                                                                                \
		.ev = #name, .fields = fields_##name, .blank = (start), .kept = (keeps), \
		SERIES_OF(struct record, of, array, counter)                             \
	}

static const struct series series[] = {
	SERIES(sample, struct record_sample, samples, sample_count, NULL, NULL),
	SERIES(kmsg, struct record_kmsg, kmsg, kmsg_count, NULL, "text"),
	SERIES(checkpoint, struct record_checkpoint, checkpoints, checkpoint_count, NULL, ""),
	SERIES(exit, struct record_process_end, ends, end_count, NULL, NULL),
	SERIES(run_process, struct record_process, processes, process_count, NULL, ""),
	SERIES(cgroup_seen, struct record_cgroup_seen, cgroups_seen, cgroup_seen_count, NULL, ""),
	SERIES(site, struct record_site, sites, site_count, NULL, ""),
	SERIES(module, struct record_module, modules, module_count, NULL, "path"),
	SERIES(touch, struct record_touch, touches, touch_count, NULL, "stack"),
	SERIES(mapping, struct record_mapping, mappings, mapping_count, NULL, ""),
	SERIES(invoker, struct record_invoker, invokers, invoker_count, NULL, "stack"),
	SERIES(memory_file, struct record_memory_file, memory_files, memory_file_count, NULL, ""),
	SERIES(resident, struct record_resident, residents, resident_count, NULL, NULL),
	SERIES(frame, struct record_frame, frames, frame_count, NULL, ""),
	SERIES(tail_call, struct record_tail_call, tail_calls, tail_call_count, NULL, ""),
	SERIES(reservation, struct record_reservation, reservations, reservation_count, NULL, ""),
	SERIES(range, struct record_range, ranges, range_count, NULL, ""),
	SERIES(maps, struct record_maps, maps, maps_count, NULL, ""),
	SERIES(mark, struct record_mark, marks, mark_count, NULL, NULL),
	SERIES(mark_victim, struct record_note, mark_victims, mark_victim_count, &load_blank_note,
	       ""),
	SERIES(lost, struct record_loss, lost, lost_count, NULL, NULL),
	SERIES(note, struct record_note, notes, note_count, &load_blank_note, ""),
};

static int load_object(struct loader *l)
{
	const char *ev = json_string_value(json_object_get(l->object, "ev"));
	const struct series *of;
	load_fn *load;

	if (!ev)
		return -1;
	of = series_find(series, ARRAY_SIZE(series), ev);
	if (of && fields_add_up(of->fields, l->object, &l->sum))
		return -1;
	if (of)
		return series_load(of, l->record, l->record->lines, l->object, l->line);
	load = load_find(ev);
	return load ? load(l) : premortem_load(l->record, ev, (json_t *)l->object, l->line);
}

static void load_line(struct loader *l, const char *data, size_t len)
{
	bool has_newline = len && data[len - 1] == '\n';
	json_t *object = json_loadb(data, len - has_newline, 0, NULL);

	l->line++;
	load_before_mend(object);
	l->object = object;
	if (!object && !has_newline)
		l->record->is_cut = true;
	else if (load_object(l))
		l->damaged++;
	json_decref(object);
}

static void loader_init(struct loader *l, struct record *r)
{
	*l = (struct loader){.record = r};
	*r = (struct record){
		.page_size = ABSENT,
		.cgroup_version = ABSENT,
		.engine = {.oom_killed = ABSENT, .exit_status = ABSENT},
		.target_pid = ABSENT,
		.start_ns = ABSENT,
		.gate_ns = ABSENT,
		.end_ns = ABSENT,
		.refused_errno = ABSENT,
		.refused_bytes = ABSENT,
		.residue_bytes = ABSENT,
		.settings = json_object(),
		.lines = json_array(),
	};
	spec_init(&r->spec);
}

static int by_level(const void *a, const void *b)
{
	return ((const struct record_cgroup *)a)->level - ((const struct record_cgroup *)b)->level;
}

/* Adds a loss of `count` lines of the record, if any. */
static void add_loss(const struct loader *l, int64_t count)
{
	struct record *r = l->record;
	struct record_loss *loss = count ? PUSH(r, lost, lost_count) : NULL;

	if (loss)
		*loss = (struct record_loss){LOSS_RECORD, count, l->line};
}

/* A launcher adds lines behind "end" of its guest's record: only "closed" shows that all are there. */
static void check_closing(const struct loader *l)
{
	struct record *r = l->record;

	add_loss(l, l->missing);
	r->is_unclosed = r->is_complete && l->closes && !l->is_closed;
}

/* If the line of the target's start was lost, the line of its end has the pid, too. */
static void find_target(struct record *r)
{
	for (size_t i = 0; i < r->end_count && r->target_pid == ABSENT; i++)
		if (r->ends[i].is_target)
			r->target_pid = r->ends[i].pid;
}

/* The target timed out if the guardian ended it while the launcher was stopped or late. */
static void take_guardians_end(struct record *r)
{
	const struct record_guardian *g = &r->guardian;

	if (r->watchdog || !g->why || !g->ended || g->why == GUARDIAN_GONE ||
	    (record_target_end(r) && !record_target_got_sigkill(r)))
		return;
	r->watchdog = WATCHDOG_TIMEOUT;
	r->watchdog_line = g->line;
}

static int loader_finish(struct loader *l, const char *who, struct err *err)
{
	struct record *r = l->record;

	r->line_count = l->line;
	if (!l->has_run) {
		record_release(r);
		return err_set(err, EXIT_FAILED, "'%s' is no record: it has no \"run\" line", who);
	}
	if (r->cgroup_count)
		qsort(r->cgroups, r->cgroup_count, sizeof(*r->cgroups), by_level);
	find_target(r);
	tail_calls_restore(r);
	add_loss(l, (int64_t)l->damaged + r->is_cut);
	check_closing(l);
	take_guardians_end(r);
	return 0;
}

int record_load_memory(const char *data, size_t len, struct record *record, struct err *err)
{
	struct loader l;

	loader_init(&l, record);
	while (len) {
		const char *newline = memchr(data, '\n', len);
		size_t n = newline ? (size_t)(newline - data) + 1 : len;

		load_line(&l, data, n);
		data += n;
		len -= n;
	}
	return loader_finish(&l, "(memory)", err);
}

/* Loads each line, a last one without a newline, too. Returns 0, -errno or -EFBIG. */
static int load_lines(struct loader *l, int fd)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	uint64_t total = 0;

	for (;;) {
		char chunk[65536];
		ssize_t n = read(fd, chunk, sizeof(chunk));
		size_t done = 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (text.len && !n)
				load_line(l, text.buf, text.len);
			return n < 0 ? -errno : 0;
		}
		total += (size_t)n;
		if (total > RECORD_BYTES_MAX || text.len + (size_t)n > RECORD_LINE_BYTES_MAX)
			return -EFBIG;
		for (const char *end; (end = memchr(chunk + done, '\n', (size_t)n - done));) {
			size_t len = (size_t)(end - chunk) + 1 - done;

			strbuf_append(&text, chunk + done, len);
			load_line(l, text.buf, text.len);
			strbuf_clear(&text);
			done += len;
		}
		strbuf_append(&text, chunk + done, (size_t)n - done);
	}
}

/* Closes fd. */
static int load_file(int fd, const char *who, struct record *record, struct err *err)
{
	struct loader l;
	int r;

	if (fd < 0)
		return -1;
	loader_init(&l, record);
	r = load_lines(&l, fd);
	close(fd);
	if (!r)
		return loader_finish(&l, who, err);
	record_release(record);
	errno = -r;
	return r == -EFBIG ? err_set(err, EXIT_FAILED, "'%s' is too large for a record", who)
			   : err_errno(err, EXIT_FAILED, "cannot read '%s'", who);
}

int record_load(const char *path, struct record *record, struct err *err)
{
	return load_file(folder_read_path(path, err), path, record, err);
}

int record_load_in(const struct folder *folder, struct record *record, struct err *err)
{
	_cleanup_free_ char *who = text_format("%s/" RECORD_FILE, folder->path);

	return load_file(folder_read(folder, RECORD_FILE, err), who, record, err);
}
