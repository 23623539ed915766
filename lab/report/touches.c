#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/stack.h"
#include "report/touches_parts.h"

const char *const touch_kind_names[TOUCH_KIND_COUNT] = {
	"store",    "allocator", "clear",	  "memset",	   "copy",	   "read",
	"populate", "syscall",	 "copy_on_write", "shared_memory", "file_mapping", "stack",
};

const char *const touch_kind_words[TOUCH_KIND_COUNT] = {
	"write to new memory",
	"written by the allocator (malloc)",
	"cleared by libc (calloc, bzero)",
	"written by libc (memset)",
	"copied by libc (memcpy)",
	"read(2) into new memory",
	"populated or locked",
	"system call",
	"copy on write after fork(2)",
	"shared memory, tmpfs",
	"mapped file",
	"stack",
};

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

/*
 * The innermost function, if it is libc's, whose names tell what a function does. A function
 * without lines that makes a system call is taken for libc's.
 */
static const char *telling_name(const struct touch_frames *frames, const struct record_touch *touch)
{
	size_t len = touch->stack ? strcspn(touch->stack, " ") : 0;
	const struct record_frame *innermost = len ? touch_frame_at(frames, touch->stack, len)
						   : NULL;

	if (!len || (touch_frame_is_own(frames, touch->stack, len) &&
		     (!innermost || innermost->file || !touch->is_syscall)))
		return NULL;
	return touch_function(frames, touch->stack, len);
}

/* By the whole name, as a program may have functions with similar names. */
static bool is_clearer(const char *function)
{
	static const char *const names[] = {"calloc", "libc_calloc", "bzero", "explicit_bzero",
					    "explicit_bzero_chk"};
	static const char *const machines[] = {"bzero_sse", "bzero_avx", "bzero_evex",
					       "bzero_erms"};

	if (!function)
		return false;
	function += strspn(function, "_");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(function, names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (text_starts_with(function, machines[i]))
			return true;
	return false;
}

/*
 * Whether the innermost function, or its caller, only clears memory. Callers further out do not
 * count: malloc(3) also fills memory (MALLOC_PERTURB_), on behalf of calloc(3), too.
 */
static bool is_clearing(const struct touch_frames *frames, const char *stack)
{
	const struct record_frame *frame;
	struct stack_frame place;

	if (!stack_next(&stack, &place))
		return false;
	if (is_clearer(touch_function(frames, place.at, place.len)))
		return true;
	if (!stack_next(&stack, &place))
		return false;
	frame = touch_frame_at(frames, place.at, place.len);
	if (touch_frame_is_own(frames, place.at, place.len))
		return frame && is_clearer(frame->calls);
	return is_clearer(touch_function(frames, place.at, place.len));
}

/* By the whole name, as above. */
static bool is_allocator(const char *function)
{
	static const char *const names[] = {
		"malloc",	 "calloc",	     "realloc",	       "reallocarray",
		"memalign",	 "aligned_alloc",    "posix_memalign", "valloc",
		"pvalloc",	 "libc_malloc",	     "libc_calloc",    "libc_realloc",
		"libc_memalign", "GI___libc_malloc", "int_malloc",     "int_realloc",
		"int_memalign",	 "sysmalloc",	     "Znwm",	       "Znam",
	};

	if (!function)
		return false;
	if (text_starts_with(function, "operator new"))
		return true;
	function += strspn(function, "_");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(function, names[i]))
			return true;
	return false;
}

/*
 * Whether the write is an allocator's own: of the code inside of the program's own, which is what
 * wrote, some function allocates. A program's own functions may have any name.
 */
static bool is_allocating(const struct touch_frames *frames, const char *stack)
{
	struct touch_line own = {0};
	struct stack_frame place;

	if (!stack || !touch_blame(frames, stack, &own))
		return false;
	while (stack_next(&stack, &place) && place.at != own.at)
		if (is_allocator(touch_function(frames, place.at, place.len)))
			return true;
	return false;
}

static enum touch_kind anon_kind(const struct touch_frames *frames,
				 const struct record_touch *touch)
{
	static const char *const fills[] = {"memset", "bzero", "calloc", NULL};
	static const char *const copies[] = {"memcpy", "memmove", "mempcpy", "strcpy", NULL};
	const char *function = telling_name(frames, touch);

	if (touch->is_on_stack)
		return TOUCH_STACK;
	if (touch->is_syscall)
		return syscall_kind(function);
	if (is_named(function, fills))
		return is_clearing(frames, touch->stack) ? TOUCH_CLEAR : TOUCH_MEMSET;
	if (is_named(function, copies))
		return TOUCH_COPY;
	return is_allocating(frames, touch->stack) ? TOUCH_ALLOCATOR : TOUCH_STORE;
}

bool touch_shmem_is_file(const struct touch_frames *frames, const struct record_touch *touch)
{
	const struct record_mapping *mapping = touch_mapping(frames, touch);

	if (mapping)
		return mapping->what != MAPPING_SHARED;
	return touch->is_on_stack ||
	       (frames->record->mapping_count && !frames->has_shared_mappings);
}

/* A line by its place. The line moves while others are added, so this holds its index. */
struct place {
	struct touch_line key;
	size_t at;
};

static int compare_places(const void *a, const void *b)
{
	return touch_compare_places(&((const struct place *)a)->key,
				    &((const struct place *)b)->key);
}

/* Adds the line unless there is one of its place, which is returned then. */
static struct touch_line *find_or_add(struct touches *t, const struct touch_line *line)
{
	struct place *place = xcalloc(1, sizeof(*place)), **found;

	*place = (struct place){*line, t->count};
	found = tsearch(place, &t->places, compare_places);
	if (!found)
		BUG("no memory for a line");
	if (*found != place) {
		free(place);
		return &t->lines[(*found)->at];
	}
	if (!(t->count & (t->count - 1)))
		t->lines = xrealloc(t->lines, t->count ? t->count * 2 : 1, sizeof(*t->lines));
	t->lines[t->count++] = *line;
	return NULL;
}

static void add_line(struct touches *t, const struct touch_line *line)
{
	struct touch_line *same;

	if (line->bytes <= 0)
		return;
	t->total += line->bytes;
	same = find_or_add(t, line);
	if (!same)
		return;
	same->bytes += line->bytes;
	same->samples += line->samples;
	same->processes += same->last_pid != line->pid;
	same->last_pid = line->pid;
}

static enum touch_kind estimated_kind(const struct touch_frames *frames,
				      const struct record_touch *touch)
{
	const struct record_mapping *mapping = touch_mapping(frames, touch);

	if (mapping && !touch->is_on_stack && mapping->what == MAPPING_SHARED)
		return TOUCH_SHMEM;
	if (mapping && !touch->is_on_stack && mapping->what == MAPPING_FILE)
		return TOUCH_FILE;
	return anon_kind(frames, touch);
}

int64_t touch_copied(const struct touch_frames *frames, size_t touch)
{
	return frames->copied ? frames->copied[touch] : 0;
}

static int64_t touch_file_bytes(const struct touch_frames *frames, size_t touch)
{
	return frames->files ? frames->files[touch] : or_zero(frames->record->touches[touch].file);
}

/* Anonymous bytes without those from swap, which had been touched before. */
static int64_t memory_of(const struct record_touch *touch)
{
	int64_t bytes = or_zero(touch->anon) - or_zero(touch->swapped_in);

	return bytes > 0 ? bytes : 0;
}

/* The bytes, or 0 if the touch is of the lab's own memory. */
static int64_t not_labs(const struct touch_frames *frames, const struct record_touch *touch,
			int64_t bytes)
{
	return bytes && touch_is_labs(frames, touch) ? 0 : bytes;
}

int64_t touch_bytes(const struct touch_frames *frames, size_t touch)
{
	const struct record_touch *t = &frames->record->touches[touch];

	return memory_of(t) + touch_file_bytes(frames, touch) + touch_copied(frames, touch) +
	       not_labs(frames, t, or_zero(t->shmem) + touch_estimate(frames, t));
}

void touches_add(const struct touch_frames *frames, const struct record_touch *touch,
		 int64_t copied, struct touches *touches)
{
	struct touch_line line = {
		.samples = or_zero(touch->samples),
		.pid = touch->pid,
		.last_pid = touch->pid,
		.processes = 1,
	};
	const struct {
		enum touch_kind kind;
		int64_t bytes;
	} parts[] = {
		{estimated_kind(frames, touch),
		 not_labs(frames, touch, touch_estimate(frames, touch))},
		{anon_kind(frames, touch), memory_of(touch)},
		{touch_shmem_is_file(frames, touch) ? TOUCH_FILE : TOUCH_SHMEM,
		 not_labs(frames, touch, or_zero(touch->shmem))},
		{TOUCH_FILE, or_zero(touch->file)},
		{TOUCH_COW, copied},
	};

	touches->samples += line.samples;
	touches->swapped_in += or_zero(touch->anon) - memory_of(touch);
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

static void forget_places(struct touches *touches)
{
	tdestroy(touches->places, free);
	touches->places = NULL;
}

void touches_sort(struct touches *touches)
{
	forget_places(touches);
	if (touches->count)
		qsort(touches->lines, touches->count, sizeof(*touches->lines), largest_first);
}

static int by_pid(const void *a, const void *b, void *touches)
{
	int64_t x = ((const struct record_touch *)touches)[*(const size_t *)a].pid;
	int64_t y = ((const struct record_touch *)touches)[*(const size_t *)b].pid;

	return (x > y) - (x < y);
}

/* Adds touches sorted by pid, so that add_line() can count the processes of a line. */
void touches_gather_if(const struct record *record, touches_take *takes, const void *ctx,
		       struct touches *touches)
{
	_cleanup_free_ size_t *order = xcalloc(record->touch_count + 1, sizeof(*order));
	struct touch_frames frames;
	int64_t last = ABSENT;

	*touches = (struct touches){0};
	touch_frames_init(&frames, record);
	for (size_t i = 0; i < record->touch_count; i++)
		order[i] = i;
	if (record->touch_count)
		qsort_r(order, record->touch_count, sizeof(*order), by_pid, record->touches);
	for (size_t i = 0; i < record->touch_count; i++) {
		struct record_touch stayed = record->touches[order[i]], *touch = &stayed;

		if (!takes(touch->pid, ctx))
			continue;
		touches->file_gone += or_zero(touch->file);
		touch->file = touch_file_bytes(&frames, order[i]);
		touches->file_gone -= touch->file;
		touches_add(&frames, touch, touch_copied(&frames, order[i]), touches);
		touches->processes += touch->pid != last;
		last = touch->pid;
	}
	touches_sort(touches);
	touch_frames_release(&frames);
}

bool touches_any(int64_t pid, const void *ctx)
{
	(void)pid;
	(void)ctx;
	return true;
}

void touches_gather(const struct record *record, struct touches *touches)
{
	touches_gather_if(record, touches_any, NULL, touches);
}

static bool is_pid(int64_t pid, const void *one)
{
	return pid == *(const int64_t *)one;
}

void touches_gather_of(const struct record *record, int64_t pid, struct touches *touches)
{
	touches_gather_if(record, is_pid, &pid, touches);
}

void touches_release(struct touches *touches)
{
	forget_places(touches);
	free(touches->lines);
	*touches = (struct touches){0};
}

int64_t touches_anon_of(const struct record *r, int64_t pid)
{
	int64_t sum = 0;
	bool is_seen = false;

	if (touches_lack(r))
		return ABSENT;
	for (size_t i = 0; i < r->touch_count; i++)
		if (r->touches[i].pid == pid) {
			sum += or_zero(r->touches[i].anon) - or_zero(r->touches[i].anon_lost);
			is_seen = true;
		}
	for (size_t i = 0; i < r->resident_count; i++)
		if (r->residents[i].pid == pid)
			sum += or_zero(r->residents[i].inherited);
	return is_seen && sum >= 0 ? sum : ABSENT;
}
