#include "report/vm_files.h"

#include "base/cleanup.h"
#include "base/text.h"

enum { WORTH_SAYING_PERCENT = 1, EXPLAINS_PERCENT = 95 };
#define SLACK_BYTES (1 << 20) /* between two counters that are not read at once */

static const struct place {
	enum metric metric;
	const char *files, *label;
} places[] = {
	{METRIC_TMP_FILES, "Files in /tmp", "files in /tmp (tmpfs)"},
	{METRIC_SHM_FILES, "Files in /dev/shm", "files in /dev/shm (tmpfs)"},
	{METRIC_OTHER_FILES, "Files elsewhere in the VM", "files written in the VM (tmpfs)"},
};

static int64_t sum_of(const struct record_sample *sample)
{
	int64_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		sum += or_zero(sample->value[places[i].metric]);
	return sum;
}

static const struct record_sample *first_after(const struct record *r, int64_t t_ns)
{
	for (size_t i = 0; i < r->sample_count; i++)
		if (r->samples[i].t_ns > t_ns && is_known(r->samples[i].value[METRIC_TMP_FILES]))
			return &r->samples[i];
	return NULL;
}

/*
 * The sample that has the files at the moment of the budget: the budget's own, else of the two
 * around the kill the one with more. A victim writes until it dies; what it had unlinked goes then.
 */
static const struct record_sample *sample_for(const struct facts *f, const struct budget *b)
{
	const struct record_sample *before, *after;

	if (b->sample)
		return b->sample;
	if (!is_known(f->kill_ns))
		return NULL;
	before = record_sample_before(f->record, f->kill_ns, METRIC_TMP_FILES);
	after = first_after(f->record, f->kill_ns);
	if (!before || (after && sum_of(after) > sum_of(before)))
		return after;
	return before;
}

static struct budget_item *shmem_item(const struct budget *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->items[i].part == BUDGET_SHMEM)
			return (struct budget_item *)&b->items[i];
	return NULL;
}

/* If there are more files than shared memory, they are charged elsewhere. */
static bool fits(const struct record_sample *sample, const struct budget_item *item)
{
	return sample && item && item->bytes > 0 && sum_of(sample) <= item->bytes + SLACK_BYTES;
}

void vm_files_name(const struct facts *f, struct budget *b)
{
	const struct record_sample *sample = sample_for(f, b);
	struct budget_item *item = shmem_item(b);

	if (!fits(sample, item))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (or_zero(sample->value[places[i].metric]) / EXPLAINS_PERCENT >=
		    item->bytes / 100)
			item->label = places[i].label;
}

bool vm_files_are_tmp(const struct facts *f, const struct budget *b)
{
	const struct record_sample *sample = sample_for(f, b);
	const struct budget_item *item = shmem_item(b);

	return fits(sample, item) && or_zero(sample->value[METRIC_TMP_FILES]) >= item->bytes / 2;
}

void vm_files_cite(const struct facts *f, const struct budget *b, struct doc *doc)
{
	doc_cite(doc, "sample %zu", record_sample_number(f->record, sample_for(f, b)));
}

void vm_files_say(const struct facts *f, const struct budget *b, struct doc *doc)
{
	const struct record_sample *sample = sample_for(f, b);

	if (!sample)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int64_t bytes = or_zero(sample->value[places[i].metric]);

		if (bytes <= b->total / 100 * WORTH_SAYING_PERCENT)
			continue;
		doc_sentence(
			doc,
			"%s held %s: in the VM they are memory (tmpfs), charged to whoever writes them.",
			places[i].files, TEXT_SIZE((uint64_t)bytes));
		doc_cite(doc, "sample %zu", record_sample_number(f->record, sample));
	}
}
