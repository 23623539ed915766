#include "oomlog/draft.h"
#include "oomlog/event_fields.h"

/* Above this many kB the kernel means "no limit": it prints 2^53 less a page, or more. */
#define UNLIMITED_KIB (FACT_SIZE_MAX / 1024)

static bool kib_after(struct span s, struct span label, int64_t *kib)
{
	size_t at = span_find(s, label);

	if (at == SPAN_NONE)
		return false;
	s = span_skip(s, at + label.n);
	return span_number(&s, kib) && (span_starts(s, SPAN("kB")) || span_starts(s, SPAN("KB")));
}

static void bytes_after(struct span s, struct span label, int64_t *bytes)
{
	int64_t kib;

	if (kib_after(s, label, &kib))
		*bytes = fact_size(kib, 1024);
}

/* The two paths of "Task in A killed as a result of limit of B"; B is A or above it. */
static void both_paths(struct draft *f, struct span text)
{
	static const struct span middle = SPAN(" killed as a result of limit of ");
	size_t at = span_find(text, middle);
	struct span top = {text.p, 0};

	if (at == SPAN_NONE) {
		f->path_wanted = &f->event.oom_memcg;
		at = span_find(text, SPAN(" killed as"));
	} else {
		top = span_skip(text, at + middle.n);
	}
	if (at == SPAN_NONE)
		at = text.n;
	if (at && *text.p == '/')
		f->event.task_memcg = pool_text(&f->pool, span_rtrim(span_head(text, at)));
	if (top.n && *top.p == '/')
		f->event.oom_memcg = pool_text(&f->pool, top);
}

void fact_task_in(struct draft *f, struct span text, uint64_t line)
{
	text = span_trim(text);
	f->event.lines.task_in = line;
	if (span_eat(&text, SPAN("Memory limit reached of cgroup ")))
		f->event.oom_memcg = pool_text(&f->pool, text);
	else if (span_eat(&text, SPAN("Task in ")))
		both_paths(f, text);
}

/* Pieces: "Task in", "/a", "killed as a result of limit of", "/b", each perhaps with the next. */
void fact_task_in_rest(struct draft *f, struct span text)
{
	text = span_trim(text);
	if (span_equal(text, SPAN("Task in"))) {
		f->path_wanted = &f->event.task_memcg;
		return;
	}
	if (span_eat(&text, SPAN("killed as a result of limit of"))) {
		text = span_ltrim(text);
		f->path_wanted = &f->event.oom_memcg;
	}
	if (text.n && *text.p == '/' && f->path_wanted && !*f->path_wanted) {
		*f->path_wanted = pool_text(&f->pool, text);
		f->path_wanted = NULL;
	}
}

static void usage_pair(struct span s, int64_t *usage, int64_t *limit)
{
	int64_t kib;

	bytes_after(s, SPAN("usage "), usage);
	if (kib_after(s, SPAN("limit "), &kib) && kib >= 0 && kib <= INT64_MAX / 1024)
		*limit = kib * 1024;
}

void fact_usage(struct draft *f, struct span text, uint64_t line)
{
	struct oomlog_event *ev = &f->event;
	int64_t kib;

	text = span_ltrim(text);
	if (span_eat(&text, SPAN("memory: "))) {
		ev->lines.limit = line;
		usage_pair(text, &ev->usage_bytes, &ev->limit_bytes);
		span_number_after(text, SPAN("failcnt "), &ev->failcnt);
		ev->limit_is_max = span_has(text, SPAN("limit 18014398509481983kB")) ||
				   (kib_after(text, SPAN("limit "), &kib) && kib > UNLIMITED_KIB);
	} else if (span_eat(&text, SPAN("swap: "))) {
		ev->lines.swap_limit = line;
		usage_pair(text, &ev->swap_usage_bytes, &ev->swap_limit_bytes);
	} else if (span_eat(&text, SPAN("memory+swap: "))) {
		ev->lines.swap_limit = line;
		usage_pair(text, &ev->memsw_usage_bytes, &ev->memsw_limit_bytes);
	} else {
		usage_pair(text, &ev->kmem_usage_bytes, &ev->kmem_limit_bytes);
	}
}

/* The word and bit of the filter for a name: if the bit is 0, no such name was added. */
static uint64_t *stat_bit(struct draft *f, struct span name, uint64_t *bit)
{
	const unsigned char *p = (const unsigned char *)name.p;
	size_t hash = name.n ? name.n * 31 + p[0] * 7U + p[name.n / 2] * 13U + p[name.n - 1] : 0;

	*bit = UINT64_C(1) << (hash & 63);
	return &f->stat_names[hash / 64 % (sizeof(f->stat_names) / sizeof(f->stat_names[0]))];
}

static struct oomlog_stat *find_stat(struct oomlog_stat *stats, size_t count, struct span name)
{
	for (size_t i = 0; i < count; i++)
		if (*stats[i].name == *name.p && strlen(stats[i].name) == name.n &&
		    memcmp(stats[i].name, name.p, name.n) == 0)
			return &stats[i];
	return NULL;
}

int64_t oomlog_stat_value(const struct oomlog_stat *stats, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (stats[i].name[0] == name[0] && stats[i].name[1] == name[1] &&
		    strcmp(stats[i].name, name) == 0)
			return stats[i].value;
	return ABSENT;
}

static void add_stat(struct draft *f, struct span name, int64_t value, bool sum)
{
	struct oomlog_event *ev = &f->event;
	uint64_t bit, *bits = stat_bit(f, name, &bit);
	struct oomlog_stat *stat = *bits & bit ? find_stat(ev->stats, ev->stat_count, name) : NULL;

	if (stat) {
		if (sum)
			stat->value = fact_size(stat->value + value, 1);
		return;
	}
	if (value == ABSENT || ev->stat_count == 1024)
		return;
	*bits |= bit;
	stat = ARRAY_PUSH(ev->stats, ev->stat_count, f->stat_capacity);
	stat->name = pool_text(&f->pool, name);
	stat->value = value;
}

/* "cache:188KB rss:1048388KB ...": a line for each cgroup of the subtree; they are summed. */
static void stats_in_line(struct draft *f, struct span s)
{
	for (struct span word = span_token(&s); word.n; word = span_token(&s)) {
		size_t colon = span_find(word, SPAN(":"));
		int64_t kib;
		struct span value = span_skip(word, colon == SPAN_NONE ? word.n : colon + 1);

		if (span_number(&value, &kib) && span_equal(value, SPAN("KB")))
			add_stat(f, span_head(word, colon), fact_size(kib, 1024), true);
	}
}

void fact_stats(struct draft *f, struct span text, uint64_t line)
{
	size_t cache, end;
	struct span path, rest;

	text = span_trim(text);
	cache = span_rfind(text, SPAN("cache:"));
	end = cache != SPAN_NONE ? cache : span_rfind(text, SPAN(":"));
	if (end == SPAN_NONE)
		return;
	path = span_trim(span_head(text, end));
	if (span_ends(path, SPAN(":")))
		path.n--;
	rest = span_skip(text, cache != SPAN_NONE ? cache : end + 1);
	span_eat(&path, SPAN("Memory cgroup stats for "));
	if (!f->event.lines.stats) {
		f->event.lines.stats = line;
		if (path.n && *path.p == '/')
			f->event.stats_memcg = pool_text(&f->pool, path);
	}
	f->stats_are_listed |= cache == SPAN_NONE;
	if (cache != SPAN_NONE)
		stats_in_line(f, rest);
	else
		fact_stat(f, rest, line);
}

void fact_stat(struct draft *f, struct span text, uint64_t line)
{
	struct span name = span_token(&text);
	int64_t value;

	text = span_ltrim(text);
	if (name.n && span_number(&text, &value)) {
		add_stat(f, name, fact_size(value, 1), false);
		f->stat_line = line;
	}
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* "Active_anon" of 2.6 is later kernels' "active_anon". */
static const char *lower_text(struct pool *pool, struct span name)
{
	char *copy = pool_alloc(pool, name.n + 1);

	memcpy(copy, name.p, name.n);
	*copy = lower(*copy);
	return copy;
}

static bool has_counter(const struct oomlog_event *ev, struct span name)
{
	char first = lower(name.n ? *name.p : '\0');

	for (size_t i = 0; i < ev->meminfo_count; i++) {
		const char *known = ev->meminfo[i].name;

		if (*known == first && strlen(known) == name.n &&
		    (!name.n || memcmp(known + 1, name.p + 1, name.n - 1) == 0))
			return true;
	}
	return false;
}

static void add_counter(struct draft *f, struct span name, int64_t pages)
{
	struct oomlog_event *ev = &f->event;

	if (ev->meminfo_count == 256 || has_counter(ev, name))
		return;
	struct oomlog_stat *stat = ARRAY_PUSH(ev->meminfo, ev->meminfo_count, f->meminfo_capacity);
	stat->name = lower_text(&f->pool, name);
	stat->value = pages;
}

void fact_counters(struct draft *f, struct span text, uint64_t line)
{
	if (!f->event.lines.meminfo)
		f->event.lines.meminfo = line;
	for (struct span word = span_token(&text); word.n; word = span_token(&text)) {
		size_t colon = span_find(word, SPAN(":"));
		int64_t pages;
		struct span value = span_skip(word, colon == SPAN_NONE ? word.n : colon + 1);

		if (span_number(&value, &pages) && value.n == 0)
			add_counter(f, span_head(word, colon), pages);
	}
}

static struct oomlog_zone *zone_named(struct draft *f, struct span name)
{
	struct oomlog_event *ev = &f->event;

	for (size_t i = 0; i < ev->zone_count; i++)
		if (strlen(ev->zones[i].name) == name.n &&
		    memcmp(ev->zones[i].name, name.p, name.n) == 0)
			return &ev->zones[i];
	if (ev->zone_count == 256)
		return NULL;
	struct oomlog_zone *zone = ARRAY_PUSH(ev->zones, ev->zone_count, f->zone_capacity);
	event_fields_reset(event_fields_zone, zone);
	zone->name = pool_text(&f->pool, name);
	for (size_t i = 0; i < OOMLOG_ORDERS; i++)
		zone->blocks[i] = ABSENT;
	return zone;
}

/* Adds a figure that each node or zone has to their sum. */
static bool add_after(struct span s, struct span label, int64_t *sum)
{
	int64_t bytes = ABSENT;

	bytes_after(s, label, &bytes);
	if (bytes == ABSENT)
		return false;
	*sum = fact_size(or_zero(*sum) + bytes, 1);
	return true;
}

void fact_node(struct draft *f, struct span text, uint64_t line)
{
	struct oomlog_event *ev = &f->event;

	add_after(text, SPAN(" kernel_stack:"), &ev->kernel_stack_bytes);
	if (add_after(text, SPAN(" Balloon:"), &ev->balloon_bytes) && !ev->lines.balloon)
		ev->lines.balloon = line;
	if (add_after(text, SPAN(" zspages:"), &ev->zspages_bytes) && !ev->lines.zspages)
		ev->lines.zspages = line;
}

bool fact_has_zone(const struct draft *f, struct span text)
{
	struct span name = span_trim(span_head(text, span_find(text, SPAN(" free:"))));

	for (size_t i = 0; i < f->event.zone_count; i++)
		if (f->event.zones[i].line && strlen(f->event.zones[i].name) == name.n &&
		    memcmp(f->event.zones[i].name, name.p, name.n) == 0)
			return true;
	return false;
}

void fact_zone(struct draft *f, struct span text, uint64_t line)
{
	size_t at = span_find(text, SPAN(" free:"));
	struct oomlog_zone *zone;

	if (at == SPAN_NONE)
		return;
	zone = zone_named(f, span_trim(span_head(text, at)));
	if (!zone || zone->line)
		return;
	zone->line = line;
	text = span_skip(text, at);
	bytes_after(text, SPAN(" free:"), &zone->free_bytes);
	bytes_after(text, SPAN(" min:"), &zone->min_bytes);
	bytes_after(text, SPAN(" low:"), &zone->low_bytes);
	bytes_after(text, SPAN(" high:"), &zone->high_bytes);
	bytes_after(text, SPAN(" present:"), &zone->managed_bytes);
	bytes_after(text, SPAN(" managed:"), &zone->managed_bytes);
	bytes_after(text, SPAN(" free_cma:"), &zone->free_cma_bytes);
	bytes_after(text, SPAN(" reserved_highatomic:"), &zone->highatomic_bytes);
	fact_node(f, text, line);
}

void fact_reserve(struct draft *f, struct span text)
{
	struct oomlog_event *ev = &f->event;
	struct oomlog_zone *zone = ev->zone_count ? &ev->zones[ev->zone_count - 1] : NULL;
	int64_t pages;

	text = span_ltrim(text);
	span_token(&text);
	if (!zone || !zone->line || zone->reserve_bytes != ABSENT)
		return;
	for (text = span_ltrim(text); span_number(&text, &pages); text = span_ltrim(text))
		if (pages > 0) {
			if (zone->low_reserve_bytes == ABSENT || pages < zone->low_reserve_bytes)
				zone->low_reserve_bytes = pages;
			if (zone->reserve_bytes == ABSENT || pages > zone->reserve_bytes)
				zone->reserve_bytes = pages;
		}
}

void fact_cpuset(struct draft *f, struct span text)
{
	size_t at = span_rfind(text, SPAN(" mems_allowed="));
	struct span mems = span_skip(text, at == SPAN_NONE ? text.n : at + 14);

	mems = span_token(&mems);
	if (mems.n && !f->event.mems_allowed)
		f->event.mems_allowed = pool_text(&f->pool, mems);
}

/* "19*4kB", at most "(UMEC)" in between, until "=". */
static bool next_blocks(struct span *s, int64_t *blocks, int64_t *kib)
{
	struct span word = span_token(s);

	while (word.n && *word.p == '(')
		word = span_token(s);
	return span_number(&word, blocks) && span_eat(&word, SPAN("*")) &&
	       span_number(&word, kib) && span_equal(word, SPAN("kB")) && *kib > 0 &&
	       *kib <= 1 << 20;
}

void fact_buddy(struct draft *f, struct span text, uint64_t line)
{
	size_t colon = span_find(text, SPAN(": "));
	int64_t blocks, kib;
	struct oomlog_zone *zone;

	if (colon == SPAN_NONE)
		return;
	zone = zone_named(f, span_trim(span_head(text, colon)));
	if (!zone || zone->buddy_line)
		return;
	zone->buddy_line = line;
	text = span_skip(text, colon + 1);
	for (size_t order = 0; order < OOMLOG_ORDERS && next_blocks(&text, &blocks, &kib);
	     order++) {
		zone->blocks[order] = blocks;
		zone->only_cma[order] = span_starts(span_ltrim(text), SPAN("(C)"));
		if (order == 0)
			f->buddy_page_size = kib * 1024;
	}
}

void fact_swap(struct draft *f, struct span text, uint64_t line)
{
	text = span_ltrim(text);
	size_t equal = span_find(text, SPAN("="));
	int64_t *field = *text.p == 'T' ? &f->event.swap_total_bytes : &f->event.swap_free_bytes;
	struct span value = span_ltrim(span_skip(text, equal == SPAN_NONE ? 10 : equal + 1));
	int64_t kib;

	if (!f->event.lines.swap)
		f->event.lines.swap = line;
	if (*field == ABSENT && span_number(&value, &kib) && span_starts(value, SPAN("kB")))
		*field = fact_size(kib, 1024);
}

void fact_pages(struct draft *f, struct span text)
{
	int64_t pages;

	text = span_ltrim(text);
	if (!span_number(&text, &pages))
		return;
	if ((span_starts(text, SPAN(" pages RAM")) || span_starts(text, SPAN(" pages of RAM"))) &&
	    f->ram_pages == ABSENT)
		f->ram_pages = pages;
	else if ((span_starts(text, SPAN(" pages reserved")) ||
		  span_starts(text, SPAN(" reserved pages"))) &&
		 f->reserved_pages == ABSENT)
		f->reserved_pages = pages;
}
