/* What was requested, what was touched, and what ps(1) shows of both. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/story.h"

static bool is_eager(const struct record_arena *a)
{
	return a->policy == POLICY_EAGER;
}

/* Quotes an argument for a shell. */
static void quote_argument(struct strbuf *sb, const char *argument)
{
	const char *safe =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,+@%";

	if (*argument && !argument[strspn(argument, safe)]) {
		strbuf_puts(sb, argument);
		return;
	}
	strbuf_putc(sb, '\'');
	for (; *argument; argument++) {
		if (*argument == '\'')
			strbuf_puts(sb, "'\\''");
		else
			strbuf_putc(sb, *argument);
	}
	strbuf_putc(sb, '\'');
}

static void say_command(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < r->argc; i++) {
		strbuf_puts(&sb, i ? " " : "");
		quote_argument(&sb, r->argv[i]);
	}
	doc_sentence(doc, "It was started as:");
	if (is_known(r->target_pid))
		doc_cite(doc, "pid %" PRId64, r->target_pid);
	doc_quote(doc, sb.buf);
}

static void say_reserved(const struct facts *f, struct doc *doc)
{
	const struct record_arena *a = f->arena;

	if (!is_known(a->reserved) || !a->reserved)
		return;
	if (a->source == ORIGIN_MALLOC)
		doc_sentence(
			doc,
			"malloc() was called for %s and returned an address at once: that reserves address space (VSZ) and uses no memory yet.",
			SIZE(a->reserved));
	else if (a->source == ORIGIN_BUFFER)
		doc_sentence(
			doc,
			"The caller brought a buffer of %s and gave it to the arena, which neither takes nor clears it.",
			SIZE(a->reserved));
	else
		doc_sentence(
			doc,
			"%s of address space (VSZ) were reserved, inaccessible at first, and %s of them committed, that is made accessible; neither uses memory yet.",
			SIZE(a->reserved), SIZE(or_zero(a->committed)));
	cite_trace(doc, a);
}

static void cite_ram_and_swap(struct doc *doc, const struct facts *f)
{
	cite_setting(doc, f, "vm.overcommit_memory");
	cite_setting(doc, f, "MemTotal");
	cite_setting(doc, f, "SwapTotal");
}

/* What can explain a refusal that the overcommit rule does not. */
static void say_other_cause(const struct facts *f, struct doc *doc, int mode)
{
	int64_t hits = record_delta(f->own, COUNTER_MAX);

	if (hits > 0) {
		doc_sentence(
			doc,
			"The kernel's overcommit rule (vm.overcommit_memory %d) does not explain the refusal. The memory limit can: it was met %s, and some requests of the kernel fail there instead of killing.",
			mode, TEXT_COUNT(hits, "time"));
		cite_event(doc, f, COUNTER_MAX);
		return;
	}
	doc_sentence(
		doc,
		"The kernel's overcommit rule (vm.overcommit_memory %d) does not explain the refusal; a limit on address space (ulimit -v) can, or a pool of huge pages that is empty (MAP_HUGETLB).",
		mode);
}

static void say_heuristic(const struct facts *f, struct doc *doc, int64_t bytes, bool granted)
{
	int64_t ram = record_setting_number(f->record, "MemTotal");
	int64_t swap = record_setting_number(f->record, "SwapTotal");
	int64_t all = is_known(ram) ? ram + or_zero(swap) : ABSENT;

	if (granted)
		doc_sentence(
			doc,
			"The kernel agreed because its overcommit rule (vm.overcommit_memory 0, heuristic) refuses only a request larger than all RAM and swap%s%s.",
			is_known(all) ? ": here " : "", is_known(all) ? SIZE(all) : "");
	else if (is_known(all) && bytes > all)
		doc_sentence(
			doc,
			"The kernel's overcommit rule (vm.overcommit_memory 0, heuristic) refuses a request larger than all RAM and swap: %s is more than %s.",
			SIZE(bytes), SIZE(all));
	else
		say_other_cause(f, doc, 0);
	cite_ram_and_swap(doc, f);
}

static void say_commit_limit(const struct facts *f, struct doc *doc, int64_t bytes, bool granted)
{
	int64_t limit = record_setting_number(f->record, "CommitLimit");
	int64_t used = record_setting_number(f->record, "Committed_AS");
	const char *ratio = record_setting(f->record, "vm.overcommit_ratio");
	int64_t ram = record_setting_number(f->record, "MemTotal");
	int64_t swap = record_setting_number(f->record, "SwapTotal");

	doc_sentence(
		doc,
		"Overcommit is off (vm.overcommit_memory 2): the kernel promises no more than CommitLimit in all.");
	cite_setting(doc, f, "vm.overcommit_memory");
	if (!is_known(limit))
		return;
	if (ratio && is_known(ram) && is_known(swap)) {
		doc_sentence(doc, "CommitLimit is %s %% of RAM (%s) plus swap (%s): %s.", ratio,
			     SIZE(ram), SIZE(swap), SIZE(limit));
		cite_setting(doc, f, "vm.overcommit_ratio");
		cite_ram_and_swap(doc, f);
	}
	doc_sentence(doc, "%s promised already and %s requested %s.",
		     is_known(used) ? SIZE(used) : "What was", SIZE(bytes),
		     granted ? "are within it" : "are more than that");
	cite_setting(doc, f, "CommitLimit");
	cite_setting(doc, f, "Committed_AS");
}

static void say_overcommit(const struct facts *f, struct doc *doc, int64_t bytes, bool granted)
{
	int64_t mode = record_setting_number(f->record, "vm.overcommit_memory");

	if (!is_known(bytes) || !bytes)
		return;
	if (mode == 0) {
		say_heuristic(f, doc, bytes, granted);
	} else if (mode == 1 && !granted) {
		say_other_cause(f, doc, 1);
		cite_setting(doc, f, "vm.overcommit_memory");
	} else if (mode == 1) {
		doc_sentence(doc,
			     "The kernel agrees to any size: vm.overcommit_memory is 1, always.");
		cite_setting(doc, f, "vm.overcommit_memory");
	} else if (mode == 2) {
		say_commit_limit(f, doc, bytes, granted);
	}
}

static void say_refused(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;

	doc_sentence(doc, "%s of %s failed with errno %" PRId64 "%s.",
		     r->refused_what ? r->refused_what : "An allocation",
		     is_known(r->refused_bytes) ? SIZE(r->refused_bytes) : "memory",
		     r->refused_errno,
		     r->refused_errno == 12 ? " (ENOMEM): an error, not a kill" : "");
	doc_cite(doc, "record line %u", r->refused_line);
	if (r->refused_errno == 12)
		say_overcommit(f, doc, r->refused_bytes, false);
}

/* The kernel counts accessible address space as promised (Committed_AS), not reserved space. */
static int64_t promised(const struct record_arena *a)
{
	return a->source == ORIGIN_RESERVE ? a->committed : a->reserved;
}

void story_requested(const struct facts *f, struct doc *doc)
{
	bool is_refused = is_known(f->record->refused_errno);

	if (f->record->skip || (!is_refused && !f->arena && !f->record->argc))
		return;
	doc_heading(doc, "What was requested");
	if (is_refused) {
		say_refused(f, doc);
	} else if (f->arena) {
		say_reserved(f, doc);
		if (!is_known(f->arena->refused_errno) || !f->arena->refused_errno)
			say_overcommit(f, doc, promised(f->arena), true);
	} else {
		say_command(f, doc);
	}
}

static void say_eager(const struct facts *f, struct doc *doc)
{
	_cleanup_free_ char *clear = site_place(f->clear_site), *init = site_place(f->init_site);

	doc_sentence(
		doc,
		"Memory is charged page by page, at the first write to each page (\"demand paging\"). arena_init() wrote zeroes to every page at once, whether needed or not%s%s%s%s.",
		*clear ? ": the memset() at " : "", clear, *init ? ", called from " : "", init);
	cite_trace(doc, f->arena);
	if (f->clear_site)
		doc_cite(doc, "site 0x%" PRIx64, f->clear_site->address);
}

static void say_progress(const struct facts *f, struct doc *doc)
{
	const struct record_arena *a = f->arena;
	int64_t percent = a->clear_target > 0
				  ? (int64_t)(100.0 * (double)a->cleared / (double)a->clear_target)
				  : 0;
	bool has_rss = f->victim && is_known(f->victim->anon_rss_bytes);

	if (a->cleared >= a->clear_target) {
		doc_sentence(doc, "It came to the end of that: all %s were done.",
			     SIZE(a->clear_target));
		cite_trace(doc, a);
		return;
	}
	doc_sentence(doc,
		     "When it last noted its progress, %s of %s were done (%" PRId64 " %%)%s%s%s.",
		     SIZE(a->cleared), SIZE(a->clear_target), percent,
		     has_rss ? "; the kernel, to the page, counted " : "",
		     has_rss ? SIZE(f->victim->anon_rss_bytes) : "",
		     has_rss ? " of anonymous memory in the process" : "");
	cite_trace(doc, a);
	cite_kmsg(doc, has_rss ? f->kill_line : NULL);
}

static void say_lazy(const struct facts *f, struct doc *doc)
{
	const struct record_arena *a = f->arena;

	if (!is_known(a->touched) || !is_known(a->used))
		return;
	doc_sentence(
		doc,
		"Memory is charged page by page, at the first write to each page (\"demand paging\"). The arena handed out %s and wrote to %s itself%s.",
		SIZE(a->used), SIZE(a->touched),
		is_known(a->reserved) && a->reserved > a->touched
			? "; the rest stayed address space and cost nothing"
			: "");
	cite_trace(doc, a);
}

/* Bars that show that reserved is not touched. */
static void draw_arena(const struct facts *f, struct doc *doc)
{
	const struct record_arena *a = f->arena;
	bool is_noted = is_eager(a) && is_known(a->cleared);
	int64_t touched = is_noted ? a->cleared : a->touched;

	if (!is_known(a->reserved) || !is_known(touched))
		return;
	doc_bars(doc, a->reserved, NULL);
	doc_bar(doc, "reserved", a->reserved);
	if (is_known(a->committed) && a->committed != a->reserved)
		doc_bar(doc, "committed", a->committed);
	doc_bar(doc, is_noted && a->cleared < a->clear_target ? "touched, as noted" : "touched",
		touched);
	if (is_known(f->limit_bytes))
		doc_bar(doc, "limit", f->limit_bytes);
}

static void say_address_space(const struct facts *f, struct doc *doc)
{
	const struct oomlog_victim *v = f->victim;
	int64_t rss;

	if (!v || !is_known(v->total_vm_bytes) || !is_known(v->anon_rss_bytes))
		return;
	rss = v->anon_rss_bytes + or_zero(v->file_rss_bytes) + or_zero(v->shmem_rss_bytes);
	doc_heading(doc, "What was touched");
	doc_sentence(
		doc,
		"%s (pid %" PRId64
		") had %s of address space (total-vm), but only what was written or read is memory: %s (rss), of it %s anonymous (heap, stack).",
		v->comm ? v->comm : "It", v->pid, SIZE(v->total_vm_bytes), SIZE(rss),
		SIZE(v->anon_rss_bytes));
	cite_kmsg(doc, f->kill_line);
	if (!f->record->reservation_count || or_zero(v->shmem_rss_bytes) <= 0)
		return;
	doc_sentence(
		doc,
		"Up to %s of it are oomlab's own, what --preload counts in, and not charged to the limit.",
		SIZE(v->shmem_rss_bytes));
	cite_kmsg(doc, f->kill_line);
}

void story_touched(const struct facts *f, struct doc *doc)
{
	const struct record_arena *a = f->arena;

	if (!a || !is_known(a->reserved) || !a->reserved) {
		say_address_space(f, doc);
		return;
	}
	doc_heading(doc, "What was touched");
	if (is_eager(a)) {
		say_eager(f, doc);
		if (is_known(a->clear_target) && is_known(a->cleared))
			say_progress(f, doc);
	} else {
		say_lazy(f, doc);
	}
	draw_arena(f, doc);
}

static void ps_row(struct doc *doc, const char *name, int64_t vsz, int64_t rss)
{
	_cleanup_free_ char *v = is_known(vsz) ? text_format("%" PRId64, vsz / 1024) : xstrdup("-");
	_cleanup_free_ char *r = is_known(rss) ? text_format("%" PRId64, rss / 1024) : xstrdup("-");

	doc_row(doc, name, v, r);
}

/* The figures to compare with, if they are of the same moment. */
static const struct ps_figures *figures_of(const struct record *r,
					   const struct record_checkpoint *at)
{
	const struct ps_figures *ps = record_ps_figures(r);

	return ps && !strcmp(ps->checkpoint, at->name) ? ps : NULL;
}

void story_ps(const struct facts *f, struct doc *doc)
{
	const struct record *r = f->record;
	const struct record_checkpoint *last;
	const struct ps_figures *ps;

	if (!r->checkpoint_count)
		return;
	last = &r->checkpoints[r->checkpoint_count - 1];
	ps = figures_of(r, last);
	doc_heading(doc, "What ps(1) shows, in KiB");
	doc_table(doc);
	doc_row(doc, "at", "VSZ", "RSS");
	for (size_t i = 0; i < r->checkpoint_count; i++)
		ps_row(doc, r->checkpoints[i].name, r->checkpoints[i].vsz_bytes,
		       r->checkpoints[i].rss_bytes);
	if (ps)
		ps_row(doc, ps->where, (int64_t)ps->vsz_bytes, (int64_t)ps->rss_bytes);
	doc_cite(doc, "record line %u", last->line);
	if (!ps)
		return;
	doc_sentence(doc, "%s", ps->meaning);
	doc_cite(doc, "record line %u", last->line);
}
