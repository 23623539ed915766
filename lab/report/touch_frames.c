#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/stack.h"
#include "report/short_name.h"
#include "report/touches_parts.h"
#include "symbols/origin.h"
#include "symbols/symbols.h"

/* Frames of one `at` from the innermost out: ABSENT, the level of that, sorts first. */
static int by_at(const void *a, const void *b)
{
	const struct record_frame *x = *(const struct record_frame *const *)a;
	const struct record_frame *y = *(const struct record_frame *const *)b;
	int order = strcmp(x->at, y->at);

	return order ? order : (x->level > y->level) - (x->level < y->level);
}

void touch_frames_init(struct touch_frames *f, const struct record *r)
{
	*f = (struct touch_frames){.record = r, .is_estimate = touches_lack(r) != NULL};
	f->modules = ID_INDEX(r->modules, r->module_count, id);
	f->mappings = ID_INDEX(r->mappings, r->mapping_count, id);
	for (size_t i = 0; i < r->mapping_count; i++)
		f->has_shared_mappings |= r->mappings[i].what == MAPPING_SHARED;
	if (f->is_estimate)
		touch_fit(f);
	else
		f->copied = touch_copies(f);
	f->files = touch_files(r);
	f->sorted = xcalloc(r->frame_count + 1, sizeof(*f->sorted));
	for (size_t i = 0; i < r->frame_count; i++)
		f->sorted[i] = &r->frames[i];
	if (r->frame_count)
		qsort(f->sorted, r->frame_count, sizeof(*f->sorted), by_at);
}

void touch_frames_release(struct touch_frames *f)
{
	id_index_release(&f->modules);
	id_index_release(&f->mappings);
	free(f->sorted);
	free(f->copied);
	free(f->files);
	*f = (struct touch_frames){0};
}

static const struct record_frame *frame_of_level(const struct touch_frames *f, const char *at,
						 size_t len, int64_t level)
{
	_cleanup_free_ char *text = xstrndup(at, len);
	const struct record_frame key = {.at = text, .level = level}, *wanted = &key, **found;

	found = bsearch(&wanted, f->sorted, f->record->frame_count, sizeof(*f->sorted), by_at);
	return found ? *found : NULL;
}

const struct record_frame *touch_frame_at(const struct touch_frames *f, const char *at, size_t len)
{
	return frame_of_level(f, at, len, ABSENT);
}

size_t touch_levels(const struct touch_frames *f, const char *at, size_t len)
{
	int64_t level = 1;

	while (frame_of_level(f, at, len, level))
		level++;
	return (size_t)level;
}

static const char *module_at(const struct touch_frames *f, const struct stack_frame *place)
{
	size_t at = place->module < 0 ? SIZE_MAX : id_index_find(&f->modules, place->module);

	return at == SIZE_MAX ? NULL : f->record->modules[at].path;
}

static const char *module_of(const struct touch_frames *f, const char *at, size_t len)
{
	const struct stack_frame place = stack_frame(at, len);

	return module_at(f, &place);
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

/* By its name: of libc linked in statically, of C++'s and Rust's libraries, or an operator. */
static bool is_system_function(const char *function)
{
	static const char *const scopes[] = {
		"std::", "__gnu_cxx::", "core::", "alloc::", "<core::", "<alloc::", "<std::", NULL};
	static const char *const names[] = {
		"mem",		"__mem",	  "calloc",    "malloc",
		"realloc",	"_int_malloc",	  "sysmalloc", "__libc_",
		"__GI_",	"_int_",	  "_Znwm",     "_Znam",
		"operator new", "explicit_bzero", "bzero",     "strcpy",
		"__strcpy",	"__mmap",	  "mmap",      "read",
		"__read",	"alloc_perturb",  NULL};

	/* No function of libc has a scope: memory_pool::grow is the program's. */
	return strstr(function, "::") ? starts_with_any(function, scopes)
				      : starts_with_any(function, names);
}

/*
 * With lines a function is the program's own unless they are of a header that comes with the
 * compiler, or it is an allocator. Without lines it is, unless its name is like one of libc's,
 * which may be linked in statically.
 */
static bool is_own_function(const struct record_frame *frame)
{
	static const char *const allocators[] = {"malloc", "calloc", "realloc", NULL};
	static const char *const operators[] = {"_Znwm", "_Znam", "operator new", NULL};

	if (!frame || !frame->function)
		return true;
	if (!frame->file)
		return !is_system_function(frame->function);
	if (origin_is_standard_source(frame->file))
		return false;
	for (size_t i = 0; allocators[i]; i++)
		if (!strcmp(frame->function, allocators[i]))
			return false;
	return !starts_with_any(frame->function, operators);
}

/* Finds the program's own function of a frame, from the innermost outwards; false: none. */
static bool find_own(const struct touch_frames *f, const char *at, size_t len,
		     const struct record_frame **own)
{
	*own = touch_frame_at(f, at, len);
	for (int64_t level = 1; !is_own_function(*own); level++) {
		*own = frame_of_level(f, at, len, level);
		if (!*own)
			return false;
	}
	return true;
}

static void locate(const struct touch_frames *f, const char *at, size_t len,
		   const struct record_frame *frame, struct touch_line *line)
{
	bool is_innermost = !frame || frame->level == ABSENT;

	line->at = at;
	line->at_len = len;
	line->module = module_of(f, at, len);
	line->function = is_innermost ? touch_function(f, at, len) : frame->function;
	line->file = frame ? frame->file : NULL;
	line->line_number = frame ? frame->line_number : 0;
}

void touch_locate(const struct touch_frames *f, const char *at, size_t len, struct touch_line *line)
{
	locate(f, at, len, touch_frame_at(f, at, len), line);
}

/*
 * Whether frames further out in the same module have lines: then a frame without lines is not the
 * program's own. Lines of a language's library do not count.
 */
static bool has_lines_further_out(const struct touch_frames *f, const char *rest,
				  const struct stack_frame *of)
{
	struct stack_frame place;

	while (stack_next(&rest, &place)) {
		const struct record_frame *frame =
			place.module == of->module ? touch_frame_at(f, place.at, place.len) : NULL;

		if (frame && frame->file && !origin_is_standard_source(frame->file))
			return true;
	}
	return false;
}

bool touch_blame(const struct touch_frames *frames, const char *stack, struct touch_line *line)
{
	const char *rest = stack;
	struct stack_frame place;

	for (bool is_first = true; stack_next(&rest, &place); is_first = false) {
		const char *module = module_at(frames, &place);
		/* Only as the innermost frame: what libc does for it, the program caused. */
		bool is_labs = is_first && module && origin_is_labs_library(module);
		const struct record_frame *frame;
		bool is_own =
			module && !origin_is_system_library(module) &&
			find_own(frames, place.at, place.len, &frame) &&
			(!frame || frame->file || !has_lines_further_out(frames, rest, &place));

		if (is_own)
			locate(frames, place.at, place.len, frame, line);
		else if (is_first)
			touch_locate(frames, place.at, place.len, line);
		if (is_own || is_labs)
			return true;
	}
	return false;
}

static bool is_in_file(const struct touch_line *line)
{
	return line->module && !origin_is_made(line->module);
}

/* NULL, which is no text, sorts first. */
static int compare_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) : !b - !a;
}

int touch_compare_places(const struct touch_line *a, const struct touch_line *b)
{
	int order = (a->kind > b->kind) - (a->kind < b->kind);

	if (!order)
		order = (a->line_number > b->line_number) - (a->line_number < b->line_number);
	if (!order)
		order = compare_text(a->function, b->function);
	if (!order)
		order = compare_text(a->file, b->file);
	if (order || a->function)
		return order;
	if (is_in_file(a) != is_in_file(b))
		return is_in_file(a) - is_in_file(b);
	/* Addresses in no file, or in code in anonymous memory, do not tell places apart. */
	if (!is_in_file(a))
		return compare_text(a->module, b->module);
	order = (a->at_len > b->at_len) - (a->at_len < b->at_len);
	return order || !a->at_len ? order : memcmp(a->at, b->at, a->at_len);
}

bool touch_frame_is_own(const struct touch_frames *f, const char *at, size_t len)
{
	const char *module = module_of(f, at, len);
	const struct record_frame *own;

	return module && !origin_is_system_library(module) && find_own(f, at, len, &own);
}

const char *touch_function(const struct touch_frames *f, const char *at, size_t len)
{
	const struct record_frame *frame = touch_frame_at(f, at, len), *caller;
	const char *module = module_of(f, at, len), *rest = at + len;
	struct stack_frame next;

	if (frame && frame->function)
		return frame->function;
	if (!module || !origin_is_system_library(module) || !stack_next(&rest, &next))
		return NULL;
	caller = touch_frame_at(f, next.at, next.len);
	return caller ? caller->calls : NULL;
}

/* Names code without a function: "libc.so.6+0x15a2b0". The caller frees. */
static char *nameless(const char *module, const struct stack_frame *place)
{
	if (!module)
		return xstrdup("(not known)");
	if (origin_is_made(module))
		return xstrdup("(code in anonymous memory)");
	return text_format("%s+0x%" PRIx64, base_name(module), place->address);
}

char *touch_frame_name(const struct touch_frames *f, const char *at, size_t len)
{
	const struct stack_frame place = stack_frame(at, len);
	const char *function = touch_function(f, at, len);

	return function ? xstrdup(function) : nameless(module_at(f, &place), &place);
}

char *touch_level_name(const struct touch_frames *f, const char *at, size_t len, size_t level)
{
	const struct record_frame *outer = level ? frame_of_level(f, at, len, (int64_t)level)
						 : NULL;

	return outer && outer->function ? xstrdup(outer->function) : touch_frame_name(f, at, len);
}

char *touch_place(const struct touch_line *line)
{
	const struct stack_frame place = stack_frame(line->at ? line->at : "", line->at_len);
	const char *file = line->file;
	const char *slash = file ? strrchr(file, '/') : NULL;
	_cleanup_free_ char *function = line->function ? short_name(line->function) : NULL;

	if (line->module && origin_is_labs_library(line->module))
		return xstrdup("(--preload's own counting)");
	while (slash && slash > file && slash[-1] != '/')
		slash--;
	file = slash ? slash : file;
	if (function && file && line->line_number)
		return text_format("%s at %s:%d", function, file, line->line_number);
	if (function && line->module)
		return text_format("%s in %s", function, base_name(line->module));
	return nameless(line->module, &place);
}

bool touch_is_labs(const struct touch_frames *frames, const struct record_touch *touch)
{
	const struct record_mapping *mapping = touch_mapping(frames, touch);
	const char *stack = touch->stack;

	if (mapping && mapping->what == MAPPING_LABS)
		return true;
	/* Without a mapping the stack tells: all frames are of system libraries, then the lab's. */
	if (!is_known(touch->shmem) || is_known(touch->mapping))
		return false;
	for (const char *at = stack ? stack : ""; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		struct touch_line line = {0};

		touch_locate(frames, at, len, &line);
		if (!line.module || !origin_is_system_library(line.module))
			return false;
		if (origin_is_labs_library(line.module))
			return true;
		at += len;
	}
	return false;
}
