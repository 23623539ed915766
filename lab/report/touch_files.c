#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "report/touches_parts.h"
#include "symbols/origin.h"
#include "symbols/symbols.h"

/* Bytes of file pages of one process: all that came / resident at the end, -1: not known. */
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
