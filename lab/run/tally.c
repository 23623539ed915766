#include "run/tally.h"

#include <inttypes.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/query.h"

static void add(struct tally_range *range, int64_t value)
{
	if (!is_known(value) || value < 0)
		return;
	range->least = !range->count || value < range->least ? value : range->least;
	range->most = !range->count || value > range->most ? value : range->most;
	range->sum += (double)value;
	range->count++;
}

int64_t tally_duration(const struct record *r)
{
	const struct record_process_end *end = record_target_end(r);

	return end && is_known(end->t_ns) && is_known(r->gate_ns) && end->t_ns >= r->gate_ns
		       ? end->t_ns - r->gate_ns
		       : ABSENT;
}

void tally_add(struct tally *tally, const struct record *record, const struct conclusion *c)
{
	bool is_sampled = false;
	int64_t peak = record_peak(record, &is_sampled);

	tally->runs++;
	tally->outcomes[c->outcome]++;
	tally->verdicts[c->verdict]++;
	add(&tally->peak_bytes, peak);
	add(&tally->duration_ns, tally_duration(record));
	tally->is_peak_sampled |= is_known(peak) && is_sampled;
}

static void put_counts(const size_t *counts, size_t count, const char *const *names, size_t all,
		       struct strbuf *out)
{
	const char *between = "";

	for (size_t i = 0; i < count; i++) {
		if (!counts[i])
			continue;
		strbuf_printf(out, "%s%s %zu of %zu", between, names[i], counts[i], all);
		between = ", ";
	}
}

typedef char *value_words(char *buf, uint64_t value);

static void print_range(const struct tally_range *range, const char *name, value_words *words,
			size_t runs, const char *remark, FILE *to)
{
	char least[TEXT_SIZE_MAX], most[TEXT_SIZE_MAX], mean[TEXT_SIZE_MAX];

	if (!range->count)
		return;
	words(least, (uint64_t)range->least);
	words(most, (uint64_t)range->most);
	words(mean, (uint64_t)(range->sum / (double)range->count));
	fprintf(to, "  %-18s %s to %s, mean %s", name, least, most, mean);
	if (range->count < runs)
		fprintf(to, " (known in %zu)", range->count);
	fprintf(to, "%s\n", remark);
}

void tally_print_run(const struct tally *t, long runs, const char *outcome,
		     const struct record *record, const char *folder, FILE *to)
{
	int64_t peak, duration = tally_duration(record);
	bool is_sampled = false;

	peak = record_peak(record, &is_sampled);
	fprintf(to, "%zu of %ld: %s", t->runs, runs, outcome);
	if (is_known(peak))
		fprintf(to, "; %s %s", is_sampled ? "highest sample" : "peak",
			TEXT_SIZE((uint64_t)peak));
	if (is_known(duration))
		fprintf(to, "; %s", TEXT_DURATION((uint64_t)duration));
	fprintf(to, "; %s\n", folder);
}

void tally_print(const struct tally *t, const char *name, FILE *to)
{
	_cleanup_strbuf_ struct strbuf outcomes = STRBUF_INIT, verdicts = STRBUF_INIT;
	_cleanup_free_ char *plain = xstrdup(name);

	if (t->runs < 2)
		return;
	text_neutralise(plain);
	put_counts(t->outcomes, OUTCOME_COUNT, spec_outcome_names, t->runs, &outcomes);
	fprintf(to, "\n%s, %zu runs: %s\n", plain, t->runs, outcomes.buf);
	put_counts(t->verdicts + 1, VERDICT_SKIP, verdict_names + 1, t->runs, &verdicts);
	if (verdicts.len)
		fprintf(to, "  %-18s %s\n", "verdict", verdicts.buf);
	print_range(&t->peak_bytes, "peak", text_size, t->runs,
		    t->is_peak_sampled ? "; some are the highest sample" : "", to);
	print_range(&t->duration_ns,
		    t->outcomes[OUTCOME_OOM_KILLED] == t->runs ? "start to kill" : "start to end",
		    text_duration, t->runs, "", to);
}
