/* Files that live in memory, by name: their pages are in no process's memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/invoker.h"
#include "report/json.h"
#include "report/json_put.h"
#include "report/story.h"
#include "report/story_coverage.h"
#include "report/vm_files.h"

enum { ROWS_MAX = 8 };

const struct record_memory_file *story_files_last(const struct facts *f, size_t *count)
{
	const struct record_memory_file *files = f->record->memory_files;
	size_t end = f->record->memory_file_count, first;

	while (end && is_known(f->kill_ns) && files[end - 1].t_ns > f->kill_ns)
		end--;
	end = end ? end : f->record->memory_file_count;
	first = end;
	while (first && files[first - 1].t_ns == files[end - 1].t_ns)
		first--;
	*count = end - first;
	return *count ? &files[first] : NULL;
}

/* The kernel marks each memfd as deleted, as it has no name in a folder: the mark is dropped. */
char *story_file_name(const struct record_memory_file *file)
{
	const char *mark = strstr(file->name, " (deleted)");
	bool is_memfd = text_starts_with(file->name, "/memfd:");

	return is_memfd && mark && !mark[strlen(" (deleted)")]
		       ? xstrndup(file->name, (size_t)(mark - file->name))
		       : xstrdup(file->name);
}

/* Who wrote to a file when the limit was hit; NULL: not known. The caller frees. */
static char *writing(const struct facts *f)
{
	const struct record_invoker *invoker = invoker_of(f);

	return invoker ? invoker_writing(f, invoker) : NULL;
}

char *story_files_more(const struct facts *f, const struct budget *b, bool tells_writer)
{
	_cleanup_free_ char *writer = tells_writer ? writing(f) : NULL;

	return text_format(
		"%s%s%s", writer ? " " : "", writer ? writer : "",
		vm_files_are_tmp(f, b)
			? " In this VM /tmp is memory: where /tmp is on a disk these files are cache, which the kernel can write out and drop, and the program may survive."
			: "");
}

void story_files_cite(const struct facts *f, const char *sentence, struct doc *doc)
{
	_cleanup_free_ char *writer = writing(f);

	if (writer && strstr(sentence, writer))
		doc_cite(doc, "record line %u", invoker_of(f)->line);
	if (strstr(sentence, "In this VM /tmp is memory"))
		vm_files_cite(f, &f->at_kill, doc);
}

static char *holder_of(const struct record_memory_file *file)
{
	if (!is_known(file->pid))
		return xstrdup("no process has it open; written since the run began");
	return text_format("open in %s (pid %" PRId64 ")", file->comm ? file->comm : "a process",
			   file->pid);
}

static char *when_of(const struct facts *f, int64_t t_ns)
{
	int64_t before = is_known(f->kill_ns) ? f->kill_ns - t_ns : -1;

	if (before >= 0)
		return text_format("%s before the kill", TEXT_DURATION((uint64_t)before));
	return xstrdup(is_known(f->kill_ns) ? "after the kill" : "while it ran");
}

static void draw_table(const struct record_memory_file *files, size_t count, struct doc *doc)
{
	doc_table(doc);
	doc_row(doc, "holds, MiB", "file", "");
	for (size_t i = 0; i < count && i < ROWS_MAX; i++) {
		_cleanup_free_ char *name = story_file_name(&files[i]),
				    *holder = holder_of(&files[i]);
		_cleanup_free_ char *holds =
			text_format("%.1f", (double)files[i].resident / (1 << 20));

		doc_row(doc, holds, name, holder);
	}
	cite_lines(doc, files[0].line, files[count - 1].line);
}

static void say_writer(const struct facts *f, struct doc *doc)
{
	_cleanup_free_ char *writer = writing(f);

	if (!writer)
		return;
	doc_sentence(doc, "%s", writer);
	doc_cite(doc, "record line %u", invoker_of(f)->line);
}

void story_files(const struct facts *f, struct doc *doc)
{
	size_t count;
	const struct record_memory_file *files = story_files_last(f, &count);
	_cleanup_free_ char *name = count ? story_file_name(files) : NULL;
	_cleanup_free_ char *holder = count ? holder_of(files) : NULL;
	_cleanup_free_ char *when = count ? when_of(f, files->t_ns) : NULL;

	if (!count || !coverage_is_worth_telling(f, files->resident))
		return;
	doc_heading(doc, "Files in memory");
	doc_sentence(
		doc,
		"At the last sample, %s, %s held %s (%s). A file in memory is charged to who writes it, and stays so until it is removed and nobody has it open.",
		when, name, SIZE(files->resident), holder);
	doc_cite(doc, "record line %u", files->line);
	say_writer(f, doc);
	if (count > 1)
		draw_table(files, count, doc);
}

json_t *memory_files_to_json(const struct facts *f)
{
	size_t count;
	const struct record_memory_file *files = story_files_last(f, &count);
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		_cleanup_free_ char *name = story_file_name(&files[i]);
		json_t *object = json_object();

		json_put_number(object, "t_ns", files[i].t_ns);
		json_put_text(object, "name", name);
		json_put_number(object, "pid", files[i].pid);
		json_put_text(object, "comm", files[i].comm);
		json_put_number(object, "size", files[i].size);
		json_put_number(object, "resident", files[i].resident);
		json_array_append_new(array, object);
	}
	return array;
}
