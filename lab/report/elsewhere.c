#include "report/elsewhere.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/premortem_lines.h"
#include "report/premortem_view.h"
#include "report/story.h"
#include "report/touches.h"

/* Of mapped pages of files the largest, if it has half of them. */
static const struct premortem_mapping *largest_mapping(const struct facts *f, int64_t bytes)
{
	const struct record_premortem *p = f->record->premortem;
	const struct premortem_mapping *largest = NULL;

	for (size_t i = 0; p && premortem_was_taken(f->record) && i < p->mapping_count; i++) {
		const struct premortem_mapping *m = &p->mappings[i];

		if (!m->is_rest && m->name && *m->name == '/' &&
		    (!largest || m->rss - or_zero(m->anon) > largest->rss - or_zero(largest->anon)))
			largest = m;
	}
	return largest && largest->rss - or_zero(largest->anon) >= bytes / 2 ? largest : NULL;
}

/* " (/dev/shm/x had 60 MiB when last seen)"; "" where none had half of it. The caller frees. */
static char *file_words(const struct facts *f, int64_t bytes, bool is_in_memory,
			struct elsewhere *told)
{
	size_t count = 0;
	const struct record_memory_file *files = is_in_memory ? story_files_last(f, &count) : NULL;
	_cleanup_free_ char *name = count ? story_file_name(files) : NULL;

	if (count && files->resident >= bytes / 2)
		return text_format(" (%s had %s when last seen)", name, SIZE(files->resident));
	told->map = largest_mapping(f, bytes);
	if (!told->map)
		return xstrdup("");
	return text_format(" (%s had %s of them mapped when last seen)", told->map->name,
			   SIZE(told->map->rss - or_zero(told->map->anon)));
}

/*
 * Of the kinds that are pages of files: the line that brought half of `bytes` and more; NULL: none
 * that is known. Lines of several processes are left out, as they may count a page twice.
 */
static char *line_words(const struct record *r, int64_t bytes)
{
	struct touches touches;
	char *words = NULL;

	if (touches_lack(r))
		return NULL;
	touches_gather(r, &touches);
	for (size_t i = 0; i < touches.count && !words; i++) {
		const struct touch_line *line = &touches.lines[i];
		_cleanup_free_ char *place = touch_place(line);

		if ((line->kind == TOUCH_FILE || line->kind == TOUCH_SHMEM) &&
		    line->processes == 1 && (line->function || line->module) &&
		    line->bytes >= bytes / 2)
			words = text_format(" Most of them came in %s.", place);
	}
	touches_release(&touches);
	return words;
}

/* The task that had half of `bytes` mapped as shared memory; NULL: none is known. */
static const struct oomlog_task *largest_sharer(const struct facts *f, int64_t bytes)
{
	const struct oomlog_task *largest = NULL;

	for (size_t i = 0; f->kill && i < f->kill->event.task_count; i++) {
		const struct oomlog_task *task = &f->kill->event.tasks[i];

		if (is_known(task->rss_shmem_bytes) && task->rss_shmem_bytes >= bytes / 2 &&
		    (!largest || task->rss_shmem_bytes > largest->rss_shmem_bytes))
			largest = task;
	}
	return largest;
}

/* Only of another than the victim: that a neighbour has it is what a reader would not look for. */
static char *sharer_words(const struct facts *f, int64_t bytes)
{
	const struct oomlog_task *task = largest_sharer(f, bytes);

	if (!task || !f->victim || task->pid == f->victim->pid ||
	    or_zero(f->victim->shmem_rss_bytes) >= bytes / 2)
		return xstrdup("");
	return text_format(" %s (pid %" PRId64 ") had %s of them mapped.",
			   task->comm ? task->comm : "?", task->pid, SIZE(task->rss_shmem_bytes));
}

/*
 * Of what an ancestor was charged: that it is a neighbour's, where the run's own cgroup never had
 * half of that, as the kernel counted; the highest sample would not show it.
 */
static char *neighbour_words(const struct facts *f, const struct budget *b, int64_t bytes)
{
	bool is_sampled = false;
	int64_t peak = record_peak(f->record, &is_sampled);

	if (f->conclusion->scope != SCOPE_ANCESTOR || !b->kmsg || !is_known(peak) || is_sampled ||
	    peak > bytes / 2)
		return xstrdup("");
	return text_format(
		" The cgroup of this run was charged %s at most, of everything: the rest is charged to others under the same ancestor.",
		SIZE(peak));
}

static char *in_memory(const struct facts *f, const struct budget *b, int64_t bytes,
		       bool was_killed, struct elsewhere *told)
{
	_cleanup_free_ char *file = file_words(f, bytes, true, told);
	_cleanup_free_ char *line = line_words(f->record, bytes), *who = sharer_words(f, bytes);
	_cleanup_free_ char *whose = neighbour_words(f, b, bytes);
	_cleanup_free_ char *more = was_killed ? story_files_more(f, b, !line) : NULL;

	told->is_profiled = line != NULL;
	return text_format(
		" %s were files in tmpfs or shared memory%s, which stay as long as anything refers to them, whoever is killed.%s%s%s%s",
		SIZE(bytes), file, line ? line : "", who, whose, more ? more : "");
}

static char *cached(const struct facts *f, const struct budget *b, int64_t bytes,
		    struct elsewhere *told)
{
	_cleanup_free_ char *file = file_words(f, bytes, false, told);
	_cleanup_free_ char *line = line_words(f->record, bytes);
	_cleanup_free_ char *whose = neighbour_words(f, b, bytes);

	told->is_profiled = line != NULL;
	return text_format(
		" %s were pages of files%s, which the kernel had not dropped by then.%s%s",
		SIZE(bytes), file, line ? line : "", whose);
}

/* " (slab)", or its large parts with their sizes where there are several. */
static void add_kernel_parts(const struct budget *b, int64_t sum, struct strbuf *words)
{
	const struct budget_item *parts[BUDGET_MAX];
	size_t count = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->items[i].is_kernel && b->items[i].bytes >= sum / 20)
			parts[count++] = &b->items[i];
	if (count == 1)
		strbuf_printf(words, " (%s)", parts[0]->label);
	for (size_t i = 0; count > 1 && i < count; i++)
		strbuf_printf(words, "%s%s %s%s", i ? ", " : " (", parts[i]->label,
			      SIZE(parts[i]->bytes), i == count - 1 ? ")" : "");
}

/* Nothing where it is less than half of what was charged. */
static char *kernel_words(const struct facts *f, const struct budget *b)
{
	bool is_of_many = f->kill && f->kill->event.task_count > 1;
	_cleanup_strbuf_ struct strbuf words = STRBUF_INIT;
	int64_t sum = 0;

	for (size_t i = 0; i < b->count; i++)
		if (b->items[i].is_kernel)
			sum += b->items[i].bytes;
	if (sum <= 0 || sum < b->total / 2)
		return xstrdup("");
	strbuf_printf(&words, " %s were the kernel's own on %s behalf", SIZE(sum),
		      is_of_many ? "their" : "its");
	add_kernel_parts(b, sum, &words);
	strbuf_puts(&words, ".");
	return xstrdup(words.buf);
}

static char *words_of(const struct facts *f, const struct budget *b, bool was_killed,
		      struct elsewhere *told)
{
	for (size_t i = 0; i < b->count; i++) {
		const struct budget_item *item = &b->items[i];

		if (item->is_kernel || item->bytes < b->total / 2)
			continue;
		if (item->part == BUDGET_SHMEM)
			return in_memory(f, b, item->bytes, was_killed, told);
		if (item->part == BUDGET_SOCK)
			return text_format(
				" %s were socket buffers: data of network connections that nobody has read yet.",
				SIZE(item->bytes));
		if (item->part == BUDGET_FILE && was_killed)
			return cached(f, b, item->bytes, told);
		if (item->part == BUDGET_FILE && is_known(b->limit) && b->total >= b->limit / 2)
			return text_format(
				" %s were file cache, which the kernel drops when it is needed.",
				SIZE(item->bytes));
	}
	return kernel_words(f, b);
}

struct elsewhere elsewhere_tell(const struct facts *f, const struct budget *b, bool was_killed)
{
	struct elsewhere told = {.budget = b};

	told.words = words_of(f, b, was_killed, &told);
	return told;
}

void elsewhere_cite(const struct facts *f, const struct elsewhere *e, struct doc *doc)
{
	if (!*e->words)
		return;
	if (e->budget->kmsg)
		cite_kmsg(doc, e->budget->kmsg);
	else if (e->budget->sample)
		doc_cite(doc, "sample %zu", e->budget->sample_number);
	if (e->map)
		doc_cite(doc, "record line %u", e->map->line);
	if (e->is_profiled)
		cite_profile(doc);
	if (e->budget == &f->at_kill)
		story_files_cite(f, e->words, doc);
}

void elsewhere_release(struct elsewhere *e)
{
	free(e->words);
	*e = (struct elsewhere){0};
}

char *elsewhere_largest(const struct facts *f)
{
	const struct oomlog_task *largest = NULL;

	for (size_t i = 0; f->kill && i < f->kill->event.task_count; i++) {
		const struct oomlog_task *task = &f->kill->event.tasks[i];

		if (is_known(task->rss_anon_bytes) && task->pid != f->victim->pid &&
		    (!largest || task->rss_anon_bytes > largest->rss_anon_bytes))
			largest = task;
	}
	if (!largest || !is_known(f->limit_bytes) || largest->rss_anon_bytes < f->limit_bytes / 2)
		return xstrdup("");
	return text_format(" %s (pid %" PRId64 ") held %s.", largest->comm ? largest->comm : "?",
			   largest->pid, SIZE(largest->rss_anon_bytes));
}
