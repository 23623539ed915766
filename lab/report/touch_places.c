#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/touches_parts.h"
#include "symbols/symbols.h"

static int by_at(const void *a, const void *b)
{
	return strcmp((*(const struct record_frame *const *)a)->at,
		      (*(const struct record_frame *const *)b)->at);
}

void touch_frames_init(struct touch_frames *f, const struct record *r)
{
	*f = (struct touch_frames){.record = r, .is_estimate = touches_lack(r) != NULL};
	if (f->is_estimate)
		touch_fit(f);
	else
		f->copied = touch_copies(r);
	f->files = touch_files(r);
	f->sorted = xcalloc(r->frame_count + 1, sizeof(*f->sorted));
	for (size_t i = 0; i < r->frame_count; i++)
		f->sorted[i] = &r->frames[i];
	if (r->frame_count)
		qsort(f->sorted, r->frame_count, sizeof(*f->sorted), by_at);
}

void touch_frames_release(struct touch_frames *f)
{
	free(f->sorted);
	free(f->copied);
	free(f->files);
	*f = (struct touch_frames){0};
}

const struct record_frame *touch_frame_at(const struct touch_frames *f, const char *at, size_t len)
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

/* Of libc, where it is linked in statically, of C++'s and Rust's libraries, and C++'s operators. */
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

	/* Nothing of libc's has a scope: app::... and memory_pool::grow are the program's. */
	return strstr(function, "::") ? starts_with_any(function, scopes)
				      : starts_with_any(function, names);
}

/*
 * The program's own: it has lines, not those of a header that comes with the compiler, and is no
 * allocator; without lines a function called like one of libc's is taken for it, as in a program
 * linked statically.
 */
static bool is_own_function(const struct record_frame *frame)
{
	static const char *const allocators[] = {"malloc", "calloc", "realloc", NULL};
	static const char *const operators[] = {"_Znwm", "_Znam", "operator new", NULL};

	if (!frame || !frame->function)
		return true;
	if (!frame->file)
		return !is_system_function(frame->function);
	if (symbols_is_standard_source(frame->file))
		return false;
	for (size_t i = 0; allocators[i]; i++)
		if (!strcmp(frame->function, allocators[i]))
			return false;
	return !starts_with_any(frame->function, operators);
}

void touch_locate(const struct touch_frames *f, const char *at, size_t len, struct touch_line *line)
{
	const struct record_frame *frame = touch_frame_at(f, at, len);

	line->at = at;
	line->at_len = len;
	line->module = module_at(f->record, at);
	line->function = frame ? frame->function : NULL;
	line->file = frame ? frame->file : NULL;
	line->line_number = frame ? frame->line_number : 0;
}

/*
 * Whether frames further out of the same module have lines: then those without are not its own.
 * Those of a language's library, which comes with lines, tell nothing of the program.
 */
static bool has_lines_further_out(const struct touch_frames *f, const char *stack, const char *at)
{
	size_t id = strcspn(at, "+") + 1;

	for (stack += strspn(stack, " "); *stack; stack += strspn(stack, " ")) {
		size_t len = strcspn(stack, " ");
		const struct record_frame *frame =
			strncmp(stack, at, id) ? NULL : touch_frame_at(f, stack, len);

		if (frame && frame->file && !symbols_is_standard_source(frame->file))
			return true;
		stack += len;
	}
	return false;
}

bool touch_blame(const struct touch_frames *frames, const char *stack, struct touch_line *line)
{
	for (const char *at = stack; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		const struct record_frame *frame = touch_frame_at(frames, at, len);
		const char *module = module_at(frames->record, at);
		/* What it touches itself is its own; what libc does for it, it was told to do. */
		bool is_labs = at == stack && module && symbols_is_labs_library(module);
		bool is_own =
			module && !symbols_is_system_library(module) && is_own_function(frame) &&
			(!frame || frame->file || !has_lines_further_out(frames, at + len, at));

		if (is_own || at == stack)
			touch_locate(frames, at, len, line);
		if (is_own || is_labs)
			return true;
		at += len;
	}
	return false;
}

bool touch_is_same_place(const struct touch_line *a, const struct touch_line *b)
{
	if (a->kind != b->kind || a->line_number != b->line_number ||
	    !text_is_same(a->function, b->function) || !text_is_same(a->file, b->file))
		return false;
	if (a->function)
		return true;
	return a->at_len == b->at_len && (!a->at_len || !memcmp(a->at, b->at, a->at_len));
}

bool touch_frame_is_own(const struct touch_frames *f, const char *at, size_t len)
{
	const struct record_frame *frame = touch_frame_at(f, at, len);
	const char *module = module_at(f->record, at);

	return module && !symbols_is_system_library(module) && is_own_function(frame);
}

char *touch_frame_name(const struct touch_frames *f, const char *at, size_t len)
{
	const struct record_frame *frame = touch_frame_at(f, at, len);
	const char *module = module_at(f->record, at), *plus = memchr(at, '+', len);

	if (frame && frame->function)
		return xstrdup(frame->function);
	if (!plus || !module)
		return xstrdup("(not known)");
	return text_format("%s+0x%.*s", base_name(module), (int)(at + len - plus - 1), plus + 1);
}

char *touch_place(const struct touch_line *line)
{
	const char *plus = line->at ? memchr(line->at, '+', line->at_len) : NULL;
	int len = plus ? (int)(line->at + line->at_len - plus - 1) : 0;
	const char *file = line->file;
	const char *slash = file ? strrchr(file, '/') : NULL;

	if (line->module && symbols_is_labs_library(line->module))
		return xstrdup("(--preload's own counting)");
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
