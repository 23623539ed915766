#include "report/compare.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

/* A line that has more than that of others is not looked for. */
enum { LINES_MAX = 1024, GROUP_MAX = 32 };

#define NOISE_BYTES	     (2 << 20)
#define NOISE_ESTIMATE_BYTES (4 << 20)

const char *compare_outcome(const struct compare_side *side)
{
	enum outcome outcome = side->conclusion->outcome;

	return outcome ? spec_outcome_names[outcome] : "not run";
}

int64_t compare_duration(const struct compare_side *side)
{
	const struct record *r = side->record;
	const struct record_process_end *end = record_target_end(r);

	return end && is_known(end->t_ns) && is_known(r->gate_ns) && end->t_ns >= r->gate_ns
		       ? end->t_ns - r->gate_ns
		       : ABSENT;
}

/* A twentieth of the larger, or a tenth where sizes are estimates, and not below a fixed amount. */
int64_t compare_noise(const struct comparison *c, int64_t a, int64_t b)
{
	bool is_estimate = touches_lack(c->a.record) || touches_lack(c->b.record);
	int64_t larger = a > b ? a : b, share = larger / (is_estimate ? 10 : 20);
	int64_t least = is_estimate ? NOISE_ESTIMATE_BYTES : NOISE_BYTES;

	return share > least ? share : least;
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

/* Of one function in one file, which may have been edited; without a function of one module. */
static bool is_alike(const struct touch_line *a, const struct touch_line *b)
{
	if (!a->function || !b->function)
		return !a->function && !b->function && a->at_len == b->at_len &&
		       text_is_same(base_name(a->module), base_name(b->module)) &&
		       !memcmp(a->at, b->at, a->at_len);
	return !strcmp(a->function, b->function) &&
	       text_is_same(base_name(a->file), base_name(b->file));
}

static bool is_same_line(const struct touch_line *a, const struct touch_line *b)
{
	return a->line_number == b->line_number && is_alike(a, b);
}

/* The entry of a line of one side, made where there is none; kinds of touch are added up. */
static struct compare_line *entry(struct comparison *c, size_t from, const struct touch_line *line,
				  bool is_a)
{
	struct compare_line *added;

	for (size_t i = from; i < c->line_count; i++) {
		const struct touch_line *at = is_a ? c->lines[i].at_a : c->lines[i].at_b;

		if (at && is_same_line(at, line))
			return &c->lines[i];
	}
	added = &c->lines[c->line_count++];
	*added = (struct compare_line){.match = is_a ? COMPARE_ONLY_A : COMPARE_ONLY_B};
	return added;
}

static void add_side(struct comparison *c, const struct touches *t, bool is_a)
{
	size_t from = c->line_count, count = t->count < LINES_MAX ? t->count : LINES_MAX;

	for (size_t i = 0; i < count; i++) {
		struct compare_line *line = entry(c, from, &t->lines[i], is_a);

		if (is_a) {
			line->at_a = line->at_a ? line->at_a : &t->lines[i];
			line->bytes_a += t->lines[i].bytes;
		} else {
			line->at_b = line->at_b ? line->at_b : &t->lines[i];
			line->bytes_b += t->lines[i].bytes;
		}
	}
}

/* The lines of one function, or of one address, that have no partner yet; the largest of each. */
struct group {
	size_t a[GROUP_MAX], b[GROUP_MAX];
	size_t count_a, count_b;
	int64_t shift; /* how far the lines with most memory moved from A to B */
};

static const struct touch_line *at_of(const struct compare_line *line)
{
	return line->at_a ? line->at_a : line->at_b;
}

static void collect(const struct comparison *c, const struct touch_line *like, struct group *g)
{
	*g = (struct group){0};
	for (size_t i = 0; i < c->line_count; i++) {
		const struct compare_line *line = &c->lines[i];

		if (line->match == COMPARE_BOTH || !is_alike(at_of(line), like))
			continue;
		if (line->match == COMPARE_ONLY_A && g->count_a < GROUP_MAX)
			g->a[g->count_a++] = i;
		if (line->match == COMPARE_ONLY_B && g->count_b < GROUP_MAX)
			g->b[g->count_b++] = i;
	}
}

static int64_t line_a(const struct comparison *c, const struct group *g, size_t i)
{
	return c->lines[g->a[i]].at_a->line_number;
}

static int64_t line_b(const struct comparison *c, const struct group *g, size_t i)
{
	return c->lines[g->b[i]].at_b->line_number;
}

/* How much memory of both runs stands at lines that this shift brings together. */
static int64_t fit_of(const struct comparison *c, const struct group *g, int64_t shift)
{
	int64_t fit = 0;

	for (size_t i = 0; i < g->count_a; i++)
		for (size_t k = 0; k < g->count_b; k++) {
			int64_t a = c->lines[g->a[i]].bytes_a, b = c->lines[g->b[k]].bytes_b;

			if (line_a(c, g, i) + shift == line_b(c, g, k))
				fit += a < b ? a : b;
		}
	return fit;
}

/* The shift that most memory fits; of several the smallest. */
static void find_shift(const struct comparison *c, struct group *g)
{
	int64_t best = -1;

	for (size_t i = 0; i < g->count_a; i++)
		for (size_t k = 0; k < g->count_b; k++) {
			int64_t shift = line_b(c, g, k) - line_a(c, g, i);
			int64_t fit = fit_of(c, g, shift);

			if (fit < best || (fit == best && llabs(shift) >= llabs(g->shift)))
				continue;
			best = fit;
			g->shift = shift;
		}
}

/* The pair that is nearest once A's line is moved by the shift; false: one side has none left. */
static bool find_pair(const struct comparison *c, const struct group *g, size_t *a, size_t *b)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < g->count_a; i++)
		for (size_t k = 0; k < g->count_b; k++) {
			int64_t away = llabs(line_a(c, g, i) + g->shift - line_b(c, g, k));

			if (away >= least)
				continue;
			least = away;
			*a = i;
			*b = k;
		}
	return least < INT64_MAX;
}

static void join(struct comparison *c, struct group *g, size_t i, size_t k)
{
	struct compare_line *a = &c->lines[g->a[i]], *b = &c->lines[g->b[k]];

	a->match = COMPARE_BOTH;
	a->at_b = b->at_b;
	a->bytes_b = b->bytes_b;
	b->match = COMPARE_BOTH;
	b->at_a = b->at_b = NULL; /* it is in the other entry now */
	g->a[i] = g->a[--g->count_a];
	g->b[k] = g->b[--g->count_b];
}

static void pair_group(struct comparison *c, const struct touch_line *like)
{
	struct group g;
	size_t i, k;

	collect(c, like, &g);
	find_shift(c, &g);
	while (find_pair(c, &g, &i, &k))
		join(c, &g, i, k);
}

static void pair_all(struct comparison *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->line_count; i++)
		if (c->lines[i].match == COMPARE_ONLY_A)
			pair_group(c, c->lines[i].at_a);
	for (size_t i = 0; i < c->line_count; i++)
		if (c->lines[i].at_a || c->lines[i].at_b)
			c->lines[kept++] = c->lines[i];
	c->line_count = kept;
}

static int64_t change_of(const struct compare_line *line)
{
	return line->bytes_b - line->bytes_a;
}

static int by_change(const void *x, const void *y)
{
	const struct compare_line *a = x, *b = y;
	int64_t one = llabs(change_of(a)), other = llabs(change_of(b));

	return (one < other) - (one > other);
}

static void match_lines(struct comparison *c)
{
	const size_t most = 2 * LINES_MAX;
	size_t count = c->a.touches.count + c->b.touches.count;

	c->lines = xcalloc(count < most ? count + 1 : most, sizeof(*c->lines));
	add_side(c, &c->a.touches, true);
	add_side(c, &c->b.touches, false);
	pair_all(c);
	if (c->line_count)
		qsort(c->lines, c->line_count, sizeof(*c->lines), by_change);
}

/* Takes both texts; drops them where they are the same. */
static void put_setting(struct comparison *c, const char *name, char *a, char *b)
{
	if (text_is_same(a, b)) {
		free(a);
		free(b);
		return;
	}
	c->settings = xrealloc(c->settings, c->setting_count + 1, sizeof(*c->settings));
	c->settings[c->setting_count++] = (struct compare_setting){name, a, b};
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static char *amount_text(const struct amount *amount)
{
	if (!amount->is_set)
		return NULL;
	return xstrdup(amount->is_max ? "max" : TEXT_SIZE(amount->bytes));
}

static char *number_text(int64_t number)
{
	return is_known(number) ? text_format("%" PRId64, number) : NULL;
}

/* Of one machine it differs by some pages from boot to boot. */
static char *size_text(const struct record *r, const char *setting)
{
	int64_t bytes = record_setting_number(r, setting);

	return is_known(bytes) ? xstrdup(TEXT_SIZE((uint64_t)bytes)) : NULL;
}

static char *argv_text(const struct record *r)
{
	struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < r->argc; i++)
		strbuf_printf(&text, "%s%s", i ? " " : "", r->argv[i]);
	return strbuf_detach(&text);
}

/* As they were in force; what was only asked for is not told. */
static void compare_limits(struct comparison *c)
{
	static const struct cgroup_limits none;
	const struct record_cgroup *a = record_own_cgroup(c->a.record),
				   *b = record_own_cgroup(c->b.record);

	put_setting(c, "memory.max", amount_text(a ? &a->memory_max : &none.memory_max),
		    amount_text(b ? &b->memory_max : &none.memory_max));
	put_setting(c, "memory.high", amount_text(a ? &a->memory_high : &none.memory_high),
		    amount_text(b ? &b->memory_high : &none.memory_high));
	put_setting(c, "memory.swap.max",
		    amount_text(a ? &a->memory_swap_max : &none.memory_swap_max),
		    amount_text(b ? &b->memory_swap_max : &none.memory_swap_max));
	put_setting(c, "memory.oom.group", number_text(a ? a->oom_group : ABSENT),
		    number_text(b ? b->oom_group : ABSENT));
}

static void compare_settings(struct comparison *c)
{
	static const char *const names[] = {
		"vm.overcommit_memory", "vm.overcommit_ratio",	       "thp",	    "vm.swappiness",
		"vm.panic_on_oom",	"vm.oom_kill_allocating_task", "numa_nodes"};
	const struct record *a = c->a.record, *b = c->b.record;

	put_setting(c, "command", argv_text(a), argv_text(b));
	compare_limits(c);
	put_setting(c, "backend", copy(a->backend), copy(b->backend));
	put_setting(c, "accelerator", copy(a->accelerator), copy(b->accelerator));
	put_setting(c, "kernel", copy(a->kernel), copy(b->kernel));
	put_setting(c, "machine", copy(a->machine), copy(b->machine));
	put_setting(c, "cgroup version", number_text(a->cgroup_version),
		    number_text(b->cgroup_version));
	put_setting(c, "MemTotal", size_text(a, "MemTotal"), size_text(b, "MemTotal"));
	put_setting(c, "SwapTotal", size_text(a, "SwapTotal"), size_text(b, "SwapTotal"));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		put_setting(c, names[i], copy(record_setting(a, names[i])),
			    copy(record_setting(b, names[i])));
}

static const char *program_of(const struct record *r)
{
	return r->spec.name ? r->spec.name : r->argc ? base_name(r->argv[0]) : NULL;
}

static void gather_side(struct compare_side *side)
{
	facts_gather(side->record, side->conclusion, &side->facts);
	touches_gather(side->record, &side->touches);
}

void compare_gather(const struct compare_side *a, const struct compare_side *b,
		    struct comparison *c)
{
	*c = (struct comparison){.a = *a, .b = *b};
	gather_side(&c->a);
	gather_side(&c->b);
	c->is_one_program = program_of(a->record) &&
			    text_is_same(program_of(a->record), program_of(b->record));
	c->is_profiled = c->a.touches.count && c->b.touches.count;
	compare_settings(c);
	match_lines(c);
}

void compare_release(struct comparison *c)
{
	touches_release(&c->a.touches);
	touches_release(&c->b.touches);
	for (size_t i = 0; i < c->setting_count; i++) {
		free(c->settings[i].a);
		free(c->settings[i].b);
	}
	free(c->settings);
	free(c->lines);
	*c = (struct comparison){0};
}
