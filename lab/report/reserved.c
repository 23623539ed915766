#include "report/reserved.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/query.h"
#include "report/json.h"
#include "report/json_put.h"

/* Larger figures are cut to this. */
#define SIZE_CUT (INT64_C(1) << 60)

/* The lab writes fewer. Of a made-up record the first ones are enough: all pairs are compared. */
enum { SITES_MAX = 2048, RANGES_MAX = 2048 };

static size_t at_most(size_t count, size_t limit)
{
	return count < limit ? count : limit;
}

/* Finds the line of a call site by its frame, else by its address. */
static void locate(const struct touch_frames *frames, const struct record_reservation *r,
		   struct touch_line *line)
{
	const struct record_site *site = r->site ? record_site_at(frames->record, r->site) : NULL;

	*line = (struct touch_line){0};
	if (r->at) {
		touch_locate(frames, r->at, strlen(r->at), line);
	} else if (site) {
		line->function = site->function;
		line->file = site->file;
		line->line_number = site->line_number;
	}
}

static bool is_same_line(const struct reserved_line *a, const struct reserved_line *b)
{
	const struct touch_line *x = &a->place, *y = &b->place;

	if (a->pid != b->pid || a->what != b->what || x->line_number != y->line_number ||
	    !text_is_same(x->function, y->function) || !text_is_same(x->file, y->file) ||
	    !text_is_same(x->module, y->module))
		return false;
	return x->function || text_is_same(x->at, y->at);
}

static int64_t sum(int64_t a, int64_t b)
{
	return a < INT64_MAX - b ? a + b : INT64_MAX;
}

static void add_line(struct reserved *all, const struct reserved_line *line)
{
	struct reserved_line *to = NULL;

	for (size_t i = 0; i < all->count && !to; i++)
		if (is_same_line(&all->lines[i], line))
			to = &all->lines[i];
	if (to) {
		to->calls = sum(to->calls, line->calls);
		to->refused = sum(to->refused, line->refused);
		to->asked = sum(to->asked, line->asked);
		to->live = sum(to->live, line->live);
		if (to->refused_bytes < line->refused_bytes)
			to->refused_bytes = line->refused_bytes;
		return;
	}
	if (!(all->count & (all->count - 1)))
		all->lines =
			xrealloc(all->lines, all->count ? all->count * 2 : 1, sizeof(*all->lines));
	all->has_processes |= all->count && all->lines[0].pid != line->pid;
	all->lines[all->count++] = *line;
}

static int most_live_first(const void *va, const void *vb)
{
	const struct reserved_line *a = va, *b = vb;

	if (a->live != b->live)
		return a->live < b->live ? 1 : -1;
	return (a->asked < b->asked) - (a->asked > b->asked);
}

void reserved_gather(const struct record *record, struct reserved *all)
{
	struct touch_frames frames;

	*all = (struct reserved){0};
	touch_frames_init(&frames, record);
	for (size_t i = 0; i < at_most(record->reservation_count, SITES_MAX); i++) {
		const struct record_reservation *r = &record->reservations[i];
		struct reserved_line line = {
			.pid = r->pid,
			.what = r->what,
			.calls = r->calls,
			.refused = r->refused,
			.asked = r->asked,
			.live = r->live,
			.refused_bytes = r->refused_bytes,
		};

		locate(&frames, r, &line.place);
		add_line(all, &line);
		all->calls = sum(all->calls, r->calls);
		all->refused = sum(all->refused, r->refused);
		all->asked = sum(all->asked, r->asked);
		all->live = sum(all->live, r->live);
	}
	if (all->count)
		qsort(all->lines, all->count, sizeof(*all->lines), most_live_first);
	touch_frames_release(&frames);
}

char *reserved_place(const struct record *record, const struct record_reservation *r)
{
	struct touch_frames frames;
	struct touch_line line;
	char *place;

	touch_frames_init(&frames, record);
	locate(&frames, r, &line);
	place = touch_place(&line);
	touch_frames_release(&frames);
	return place;
}

char *reserved_refused_size(int64_t bytes)
{
	return text_format("%s%s", TEXT_SIZE((uint64_t)bytes), bytes >= SIZE_CUT ? " or more" : "");
}

const char *reserved_what(enum taken what)
{
	static const char *const words[TAKEN_COUNT] = {
		[TAKEN_MALLOC] = "malloc and its kin",
		[TAKEN_MMAP] = "mmap of no file",
		[TAKEN_FILE] = "mmap of a file",
		[TAKEN_BRK] = "brk, sbrk",
	};

	return words[what] ? words[what] : "";
}

void reserved_release(struct reserved *reserved)
{
	free(reserved->lines);
	*reserved = (struct reserved){0};
}

static json_t *ranges_json(const struct record *record, const struct record_reservation *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < at_most(record->range_count, RANGES_MAX); i++) {
		const struct record_range *range = &record->ranges[i];

		if (range->pid == r->pid && range->site == r->site && range->what == r->what)
			json_array_append_new(array, json_pack("{s:I,s:I}", "start",
							       (json_int_t)range->start, "bytes",
							       (json_int_t)range->bytes));
	}
	if (json_array_size(array))
		return array;
	json_decref(array);
	return NULL;
}

static json_t *reservation_json(const struct touch_frames *frames,
				const struct record_reservation *r)
{
	json_t *object = json_object(), *ranges = ranges_json(frames->record, r);
	struct touch_line place;

	locate(frames, r, &place);
	json_put_text(object, "source", "preload");
	json_put_text(object, "function", place.function);
	json_put_text(object, "file", place.file);
	json_put_number(object, "line", place.line_number ? place.line_number : ABSENT);
	json_put_text(object, "module", place.module);
	json_put_text(object, "what", record_taken_names[r->what]);
	json_put_number(object, "pid", r->pid);
	json_put_number(object, "calls", r->calls);
	json_put_number(object, "refused", r->refused);
	json_put_number(object, "refused_bytes", r->refused_bytes);
	json_put_number(object, "frees", r->frees);
	json_put_number(object, "asked", r->asked);
	json_put_number(object, "live", r->live);
	json_put_number(object, "peak", r->peak);
	json_put_text(object, "ended", record_program_end_names[r->ended]);
	if (ranges)
		json_object_set_new(object, "ranges", ranges);
	return object;
}

json_t *reserved_to_json(const struct record *record)
{
	json_t *array = json_array();
	struct touch_frames frames;

	touch_frames_init(&frames, record);
	for (size_t i = 0; i < at_most(record->reservation_count, SITES_MAX); i++)
		json_array_append_new(array, reservation_json(&frames, &record->reservations[i]));
	touch_frames_release(&frames);
	return array;
}
