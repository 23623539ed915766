#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/touches_parts.h"
#include "symbols/symbols.h"

/* Pages of files of one process: all that ever came, and what is there. */
struct process_files {
	int64_t pid;
	double came, resident;
};

static int by_pid(const void *a, const void *b)
{
	const struct process_files *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static struct process_files *find(struct process_files *all, size_t count, int64_t pid)
{
	const struct process_files key = {.pid = pid};

	return count ? bsearch(&key, all, count, sizeof(*all), by_pid) : NULL;
}

static struct process_files *gather(const struct record *r)
{
	struct process_files *all = xcalloc(r->resident_count + 1, sizeof(*all)), *found;

	for (size_t i = 0; i < r->resident_count; i++)
		all[i] = (struct process_files){.pid = r->residents[i].pid,
						.resident = (double)r->residents[i].file};
	for (size_t i = 0; i < r->resident_count; i++)
		if (!is_known(r->residents[i].file))
			all[i].resident = -1;
	if (r->resident_count)
		qsort(all, r->resident_count, sizeof(*all), by_pid);
	for (size_t i = 0; i < r->touch_count; i++) {
		found = find(all, r->resident_count, r->touches[i].pid);
		if (found)
			found->came += (double)or_zero(r->touches[i].file);
	}
	return all;
}

int64_t *touch_files(const struct record *r)
{
	_cleanup_free_ struct process_files *all = gather(r);
	int64_t *files = xcalloc(r->touch_count + 1, sizeof(*files));

	for (size_t i = 0; i < r->touch_count; i++) {
		const struct process_files *of = find(all, r->resident_count, r->touches[i].pid);

		files[i] = or_zero(r->touches[i].file);
		if (of && of->resident >= 0 && of->resident < of->came)
			files[i] = (int64_t)((double)files[i] * of->resident / of->came);
	}
	return files;
}

static bool is_in_labs(const struct record *r, const struct record_touch *touch)
{
	for (size_t i = 0; is_known(touch->mapping) && i < r->mapping_count; i++)
		if (r->mappings[i].id == touch->mapping)
			return !strcmp(r->mappings[i].what, "labs");
	return false;
}

bool touch_is_labs(const struct touch_frames *frames, const struct record_touch *touch)
{
	const char *stack = touch->stack;

	if (is_in_labs(frames->record, touch))
		return true;
	/* Where in memory is not always known. */
	if (!is_known(touch->shmem) || is_known(touch->mapping))
		return false;
	for (const char *at = stack ? stack : ""; *at; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");
		struct touch_line line = {0};

		touch_locate(frames, at, len, &line);
		if (!line.module || !symbols_is_system_library(line.module))
			return false;
		if (symbols_is_labs_library(line.module))
			return true;
		at += len;
	}
	return false;
}
