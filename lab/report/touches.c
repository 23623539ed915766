#include "report/touches.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/kills.h"
#include "symbols/symbols.h"

enum { FAULTS_WORTH_TELLING = 64 };
#define HUGE_PAGE   (2.0 * 1024 * 1024)
#define SCALE_LEAST 0.5
#define SCALE_MOST  2.0

const char *const touch_kind_names[TOUCH_KIND_COUNT] = {
	"store",   "clear",	    "copy",	     "read",	     "populate",
	"syscall", "copy_on_write", "shared_memory", "file_mapping", "stack",
};

const char *const touch_kind_words[TOUCH_KIND_COUNT] = {
	"write to new memory",
	"cleared by libc (memset)",
	"copied by libc (memcpy)",
	"read(2) into new memory",
	"populated or locked",
	"system call",
	"copy on write after fork(2)",
	"shared memory, tmpfs",
	"mapped file",
	"stack",
};

static int by_at(const void *a, const void *b)
{
	return strcmp((*(const struct record_frame *const *)a)->at,
		      (*(const struct record_frame *const *)b)->at);
}

static int64_t or_zero(int64_t bytes)
{
	return is_known(bytes) ? bytes : 0;
}

/* Of the target when it was last seen; the kernel's figure at its kill is the latest. */
static int64_t last_resident(const struct record *r)
{
	struct kills *kills = kills_find(r);
	int64_t resident = RECORD_ABSENT;

	for (size_t i = r->sample_count; i-- > 0 && !is_known(resident);)
		resident = r->samples[i].value[METRIC_RSS];
	for (size_t i = 0; i < kills->count; i++) {
		const struct oomlog_event *e = &kills->items[i].event;

		for (size_t j = 0; j < e->victim_count; j++)
			if (e->victims[j].pid == r->target_pid &&
			    is_known(e->victims[j].anon_rss_bytes))
				resident = e->victims[j].anon_rss_bytes +
					   or_zero(e->victims[j].file_rss_bytes) +
					   or_zero(e->victims[j].shmem_rss_bytes);
	}
	kills_free(kills);
	return resident;
}

static double faulted(const struct touch_frames *f, const struct record_touch *touch)
{
	int64_t page = is_known(f->record->page_size) ? f->record->page_size : 4096;
	int64_t lone = or_zero(touch->lone), all = or_zero(touch->faults);

	lone = lone > all ? all : lone;
	return (double)(all - lone) * (double)page +
	       (double)lone * (f->has_huge_pages ? HUGE_PAGE : (double)page);
}

static double sum_of_target(const struct touch_frames *f)
{
	const struct record *r = f->record;
	double sum = 0;

	for (size_t i = 0; i < r->touch_count; i++)
		if (r->touches[i].pid == r->target_pid)
			sum += faulted(f, &r->touches[i]);
	return sum;
}

static int64_t last_charge(const struct record *r)
{
	return r->sample_count ? r->samples[r->sample_count - 1].value[METRIC_CURRENT]
			       : RECORD_ABSENT;
}

/*
 * A short run may have no sample while there were any. Then its highest charge tells, without what
 * stayed charged: small pages are far from it, and huge ones are near.
 */
static bool only_huge_pages_explain(const struct touch_frames *f, int64_t peak)
{
	struct touch_frames huge = *f;
	int64_t left = last_charge(f->record);
	double sum, grown;

	if (!is_known(peak) || !is_known(left))
		return false;
	huge.has_huge_pages = true;
	sum = sum_of_target(&huge);
	grown = (double)(peak - left);
	return grown > 2 * sum_of_target(f) && sum > grown / 2 && sum < grown * 1.25;
}

/*
 * Small pages are as good as exact. Where huge ones were in use the sum is made to fit: it is
 * the resident size when that was last seen at least, and the highest charge at most. But faults of
 * the kernel's own are not seen, and not made up.
 */
static void estimate(struct touch_frames *f)
{
	const struct record *r = f->record;
	int64_t peak = record_max(r, METRIC_PEAK, NULL);
	double sum, least, most;
	bool is_any_lone = false;

	f->has_huge_pages = record_max(r, METRIC_ANON_THP, NULL) > 0;
	f->has_huge_pages = f->has_huge_pages || only_huge_pages_explain(f, peak);
	f->resident = last_resident(r);
	f->scale = 1;
	sum = sum_of_target(f);
	for (size_t i = 0; i < r->touch_count; i++)
		is_any_lone |= or_zero(r->touches[i].lone) > 0;
	if (!f->has_huge_pages || !is_any_lone || !is_known(f->resident) || sum <= 0)
		return;
	least = (double)f->resident;
	most = is_known(peak) && (double)peak > least ? (double)peak : least;
	f->scale = sum < least ? least / sum : sum > most ? most / sum : 1;
	f->scale = f->scale < SCALE_LEAST ? SCALE_LEAST : f->scale;
	f->scale = f->scale > SCALE_MOST ? SCALE_MOST : f->scale;
}

const char *touches_lack(const struct record *r)
{
	for (size_t i = 0; i < r->source_count; i++)
		if (r->sources[i].is_open && r->sources[i].why &&
		    !strcmp(r->sources[i].name, "touch profile"))
			return r->sources[i].why;
	return NULL;
}

int64_t touch_estimate(const struct touch_frames *f, const struct record_touch *touch)
{
	return f->is_estimate ? (int64_t)(faulted(f, touch) *
					  (touch->pid == f->record->target_pid ? f->scale : 1))
			      : 0;
}

void touch_frames_init(struct touch_frames *f, const struct record *r)
{
	*f = (struct touch_frames){.record = r, .is_estimate = touches_lack(r) != NULL};
	if (f->is_estimate)
		estimate(f);
	f->sorted = xcalloc(r->frame_count + 1, sizeof(*f->sorted));
	for (size_t i = 0; i < r->frame_count; i++)
		f->sorted[i] = &r->frames[i];
	if (r->frame_count)
		qsort(f->sorted, r->frame_count, sizeof(*f->sorted), by_at);
}

void touch_frames_release(struct touch_frames *f)
{
	free(f->sorted);
	*f = (struct touch_frames){0};
}

static const struct record_frame *frame_at(const struct touch_frames *f, const char *at, size_t len)
{
	_cleanup_free_ char *text = xstrndup(at, len);
	const struct record_frame key = {.at = text}, *wanted = &key, **found;

	found = bsearch(&wanted, f->sorted, f->record->frame_count, sizeof(*f->sorted), by_at);
	return found ? *found : NULL;
}

static const char *module_at(const struct record *r, const char *at)
{
	char *end;
	long long id = strtoll(at, &end, 10);

	for (size_t i = 0; end > at && i < r->module_count; i++)
		if (r->modules[i].id == id)
			return r->modules[i].path;
	return NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool starts_with_any(const char *name, const char *const *prefixes)
{
	for (; *prefixes; prefixes++)
		if (text_starts_with(name, *prefixes))
			return true;
	return false;
}

/* Of libc, where it is linked in statically, and of C++'s operators. */
static bool is_system_function(const char *function)
{
	static const char *const names[] = {
		"mem",		"__mem",	  "calloc",    "malloc",
		"realloc",	"_int_malloc",	  "sysmalloc", "__libc_",
		"__GI_",	"_int_",	  "_Znwm",     "_Znam",
		"operator new", "explicit_bzero", "bzero",     "strcpy",
		"__strcpy",	"__mmap",	  "mmap",      "read",
		"__read",	"alloc_perturb",  NULL};

	return function && starts_with_any(function, names);
}

/*
 * The program's own: it has lines, and is no allocator; without lines a function called like one of
 * libc's is taken for it, as in a program linked statically.
 */
static bool is_own_function(const struct record_frame *frame)
{
	static const char *const allocators[] = {"malloc", "calloc", "realloc", NULL};
	static const char *const operators[] = {"_Znwm", "_Znam", "operator new", NULL};

	if (!frame || !frame->function)
		return true;
	if (!frame->file)
		return !is_system_function(frame->function);
	for (size_t i = 0; allocators[i]; i++)
		if (!strcmp(frame->function, allocators[i]))
			return false;
	return !starts_with_any(frame->function, operators);
}

static bool is_named(const char *function, const char *const *parts)
{
	for (; function && *parts; parts++)
		if (strstr(function, *parts))
			return true;
	return false;
}

static enum touch_kind syscall_kind(const char *function)
{
	static const char *const reads[] = {"read", "recv", "getrandom", "getdents", NULL};
	static const char *const populates[] = {"mmap", "mlock", "madvise", "mremap", "brk", NULL};

	if (is_named(function, reads))
		return TOUCH_READ;
	return is_named(function, populates) ? TOUCH_POPULATE : TOUCH_SYSCALL;
}

static enum touch_kind anon_kind(const struct record_touch *touch,
				 const struct record_frame *innermost)
{
	static const char *const clears[] = {"memset", "bzero", "calloc", NULL};
	static const char *const copies[] = {"memcpy", "memmove", "mempcpy", "strcpy", NULL};
	const char *function = innermost ? innermost->function : NULL;

	if (touch->is_on_stack)
		return TOUCH_STACK;
	if (touch->is_syscall)
		return syscall_kind(function);
	if (is_named(function, clears))
		return TOUCH_CLEAR;
	return is_named(function, copies) ? TOUCH_COPY : TOUCH_STORE;
}

void touch_locate(const struct touch_frames *f, const char *at, size_t len, struct touch_line *line)
{
	const struct record_frame *frame = frame_at(f, at, len);

	line->at = at;
	line->at_len = len;
	line->module = module_at(f->record, at);
	line->function = frame ? frame->function : NULL;
	line->file = frame ? frame->file : NULL;
	line->line_number = frame ? frame->line_number : 0;
}

/* Whether frames further out of the same module have lines: then those without are not its own. */
static bool has_lines_further_out(const struct touch_frames *f, const char *stack, const char *at)
{
	size_t id = strcspn(at, "+") + 1;

	for (stack += strspn(stack, " "); *stack; stack += strspn(stack, " ")) {
		size_t len = strcspn(stack, " ");
		const struct record_frame *frame = strncmp(stack, at, id) ? NULL
									  : frame_at(f, stack, len);

		if (frame && frame->file)
			return true;
		stack += len;
	}
	return false;
}

bool touch_blame(const struct touch_frames *frames, const char *stack, struct touch_line *line)
{
	for (const char *at = stack; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		const struct record_frame *frame = frame_at(frames, at, len);
		const char *module = module_at(frames->record, at);
		bool is_own =
			module && !symbols_is_system_library(module) && is_own_function(frame) &&
			(!frame || frame->file || !has_lines_further_out(frames, at + len, at));

		if (is_own || at == stack)
			touch_locate(frames, at, len, line);
		if (is_own)
			return true;
		at += len;
	}
	return false;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool touch_is_same_place(const struct touch_line *a, const struct touch_line *b)
{
	if (a->kind != b->kind || a->line_number != b->line_number ||
	    !same_text(a->function, b->function) || !same_text(a->file, b->file))
		return false;
	if (a->function)
		return true;
	return a->at_len == b->at_len && (!a->at_len || !memcmp(a->at, b->at, a->at_len));
}

static bool is_shared_mapping(const struct record_mapping *m)
{
	return !strcmp(m->what, "shared");
}

bool touch_shmem_is_file(const struct record *r, const struct record_touch *touch)
{
	bool is_any_shared = !r->mapping_count;

	for (size_t i = 0; i < r->mapping_count; i++) {
		is_any_shared |= is_shared_mapping(&r->mappings[i]);
		if (is_known(touch->mapping) && r->mappings[i].id == touch->mapping)
			return !is_shared_mapping(&r->mappings[i]);
	}
	return touch->is_on_stack || !is_any_shared;
}

static void add_line(struct touches *t, const struct touch_line *line)
{
	if (line->bytes <= 0)
		return;
	t->total += line->bytes;
	for (size_t i = 0; i < t->count; i++)
		if (touch_is_same_place(&t->lines[i], line)) {
			t->lines[i].bytes += line->bytes;
			t->lines[i].samples += line->samples;
			return;
		}
	if (!(t->count & (t->count - 1)))
		t->lines = xrealloc(t->lines, t->count ? t->count * 2 : 1, sizeof(*t->lines));
	t->lines[t->count++] = *line;
}

static bool has_forked(const struct record *r, int64_t pid)
{
	for (size_t i = 0; i < r->resident_count; i++)
		if (r->residents[i].pid == pid)
			return r->residents[i].has_forked;
	return false;
}

/*
 * A page copied after a fork changes nobody's size: faults that nothing grew by are such copies.
 * Huge pages are split for it, so each is one page.
 */
static int64_t copied_bytes(const struct record *r, const struct record_touch *touch)
{
	int64_t grown = or_zero(touch->anon) + or_zero(touch->file) + or_zero(touch->shmem);
	int64_t page = is_known(r->page_size) ? r->page_size : 4096;
	int64_t faulted = or_zero(touch->faults) / 2 < INT64_MAX / page / 2
				  ? or_zero(touch->faults) * page
				  : 0;

	if (!has_forked(r, touch->pid) || or_zero(touch->faults) < FAULTS_WORTH_TELLING ||
	    grown > faulted / 4)
		return 0;
	return faulted - grown;
}

static enum touch_kind estimated_kind(const struct record *r, const struct record_touch *touch,
				      const struct record_frame *innermost)
{
	for (size_t i = 0; is_known(touch->mapping) && i < r->mapping_count; i++)
		if (r->mappings[i].id == touch->mapping && !touch->is_on_stack) {
			if (is_shared_mapping(&r->mappings[i]))
				return TOUCH_SHMEM;
			if (!strcmp(r->mappings[i].what, "file"))
				return TOUCH_FILE;
		}
	return anon_kind(touch, innermost);
}

void touches_add(const struct touch_frames *frames, const struct record_touch *touch,
		 struct touches *touches)
{
	struct touch_line line = {.samples = or_zero(touch->samples)};
	const struct record_frame *innermost =
		touch->stack ? frame_at(frames, touch->stack, strcspn(touch->stack, " ")) : NULL;
	const struct {
		enum touch_kind kind;
		int64_t bytes;
	} parts[] = {
		{estimated_kind(frames->record, touch, innermost), touch_estimate(frames, touch)},
		{anon_kind(touch, innermost), or_zero(touch->anon)},
		{touch_shmem_is_file(frames->record, touch) ? TOUCH_FILE : TOUCH_SHMEM,
		 or_zero(touch->shmem)},
		{TOUCH_FILE, or_zero(touch->file)},
		{TOUCH_COW, frames->is_estimate ? 0 : copied_bytes(frames->record, touch)},
	};

	touches->samples += line.samples;
	if (touch->stack)
		touch_blame(frames, touch->stack, &line);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		line.kind = parts[i].kind;
		line.bytes = parts[i].bytes;
		add_line(touches, &line);
	}
}

static int largest_first(const void *a, const void *b)
{
	const struct touch_line *x = a, *y = b;

	return (y->bytes > x->bytes) - (y->bytes < x->bytes);
}

void touches_sort(struct touches *touches)
{
	if (touches->count)
		qsort(touches->lines, touches->count, sizeof(*touches->lines), largest_first);
}

void touches_gather(const struct record *record, struct touches *touches)
{
	struct touch_frames frames;

	*touches = (struct touches){0};
	touch_frames_init(&frames, record);
	for (size_t i = 0; i < record->touch_count; i++)
		touches_add(&frames, &record->touches[i], touches);
	touches_sort(touches);
	touch_frames_release(&frames);
}

void touches_release(struct touches *touches)
{
	free(touches->lines);
	*touches = (struct touches){0};
}

int64_t touch_bytes(const struct touch_frames *f, const struct record_touch *touch)
{
	return or_zero(touch->anon) + or_zero(touch->file) + or_zero(touch->shmem) +
	       touch_estimate(f, touch);
}

bool touch_frame_is_own(const struct touch_frames *f, const char *at, size_t len)
{
	const struct record_frame *frame = frame_at(f, at, len);
	const char *module = module_at(f->record, at);

	return module && !symbols_is_system_library(module) && is_own_function(frame);
}

char *touch_frame_name(const struct touch_frames *f, const char *at, size_t len)
{
	const struct record_frame *frame = frame_at(f, at, len);
	const char *module = module_at(f->record, at), *plus = memchr(at, '+', len);

	if (frame && frame->function)
		return xstrdup(frame->function);
	if (!plus)
		return xstrdup("?");
	return text_format("%s+0x%.*s", module ? base_name(module) : "", (int)(at + len - plus - 1),
			   plus + 1);
}

char *touch_place(const struct touch_line *line)
{
	const char *plus = line->at ? memchr(line->at, '+', line->at_len) : NULL;
	int len = plus ? (int)(line->at + line->at_len - plus - 1) : 0;
	const char *file = line->file;
	const char *slash = file ? strrchr(file, '/') : NULL;

	while (slash && slash > file && slash[-1] != '/')
		slash--;
	file = slash ? slash : file;
	if (line->function && file && line->line_number)
		return text_format("%s at %s:%d", line->function, file, line->line_number);
	if (line->function && line->module)
		return text_format("%s in %s", line->function, base_name(line->module));
	if (line->module && plus)
		return text_format("%s+0x%.*s", base_name(line->module), len, plus + 1);
	return xstrdup("(not known)");
}

int64_t touches_anon_of(const struct record *r, int64_t pid)
{
	int64_t sum = 0;
	bool is_seen = false;

	if (touches_lack(r))
		return RECORD_ABSENT;
	for (size_t i = 0; i < r->touch_count; i++)
		if (r->touches[i].pid == pid) {
			sum += or_zero(r->touches[i].anon) - or_zero(r->touches[i].anon_lost);
			is_seen = true;
		}
	for (size_t i = 0; i < r->resident_count; i++)
		if (r->residents[i].pid == pid)
			sum += or_zero(r->residents[i].inherited);
	return is_seen && sum >= 0 ? sum : RECORD_ABSENT;
}
