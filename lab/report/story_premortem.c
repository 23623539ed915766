/* The snapshot just before the kill: where each thread was, and where resident memory was. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/premortem_view.h"
#include "report/story.h"

enum {
	GROUPS_SHOWN = 10,
	MAPPINGS_SHOWN = 8,
	FILES_SHOWN = 8,
	ARENAS_SHOWN = 4,
	MAPPING_LEAST = 64 << 10
};

/* ", at 95.4 % of the limit (488.2 MiB of 512 MiB)", or nothing. The caller frees. */
static char *share_words(const struct record_premortem *p)
{
	int64_t current = p->value[METRIC_CURRENT];

	if (!is_known(current) || !is_known(p->limit) || p->limit <= 0)
		return xstrdup("");
	return text_format(", at %.1f %% of the limit (%s of %s)",
			   100.0 * (double)current / (double)p->limit, SIZE(current),
			   SIZE(p->limit));
}

static void say_moment(const struct facts *f, const struct record_premortem *p, struct doc *doc)
{
	int64_t lead = premortem_lead_ns(f);
	int64_t held = is_known(p->thaw_ns) ? p->thaw_ns - p->t_ns : 0;
	_cleanup_free_ char *share = share_words(p);
	/* The lead counts from when it went on. */
	_cleanup_free_ char *when =
		is_known(lead) ? text_format("%s before the kill",
					     TEXT_DURATION((uint64_t)(f->kill_ns - p->t_ns)))
			       : xstrdup("While it ran");

	if (p->is_frozen)
		doc_sentence(doc, "%s%s, oomlab froze it for %s and took a snapshot.", when, share,
			     TEXT_DURATION((uint64_t)(held < 0 ? 0 : held)));
	else
		doc_sentence(doc,
			     "%s%s, oomlab took a snapshot, but did not see it stand still: %s.",
			     when, share, p->why ? p->why : "no reason was recorded");
	doc_cite(doc, "record line %u", p->look_line);
	cite_kmsg(doc, is_known(lead) ? f->kill_line : NULL);
}

/* Threads of one process that were at the same line. */
struct thread_group {
	char *where;
	const struct premortem_thread *first;
	size_t count;
};

static size_t group_threads(const struct record *r, struct thread_group *groups)
{
	const struct record_premortem *p = r->premortem;
	struct touch_frames frames;
	size_t count = 0;

	touch_frames_init(&frames, r);
	for (size_t i = 0; i < p->thread_count; i++) {
		_cleanup_free_ char *where = premortem_where(&frames, &p->threads[i]);
		size_t j = 0;

		while (j < count && (groups[j].first->pid != p->threads[i].pid ||
				     strcmp(groups[j].where, where) != 0))
			j++;
		if (j == count)
			groups[count++] = (struct thread_group){STEAL(where), &p->threads[i], 0};
		groups[j].count++;
	}
	touch_frames_release(&frames);
	return count;
}

static const char *comm_of(const struct premortem_thread *thread)
{
	return thread->comm ? thread->comm : "?";
}

static void say_one_thread(const struct thread_group *group, struct doc *doc)
{
	doc_sentence(doc, "Its one thread, %s (pid %" PRId64 "), was in %s.", comm_of(group->first),
		     group->first->pid, group->where);
	doc_cite(doc, "record line %u", group->first->line);
}

static void add_group(const struct thread_group *group, struct doc *doc)
{
	_cleanup_free_ char *who =
		group->count == 1
			? text_format("%s (%" PRId64 ")", comm_of(group->first), group->first->tid)
			: text_format("%zu threads of pid %" PRId64, group->count,
				      group->first->pid);

	doc_row(doc, who, group->where);
}

static void say_threads(const struct record *r, struct doc *doc)
{
	const struct record_premortem *p = r->premortem;
	_cleanup_free_ struct thread_group *groups = xcalloc(p->thread_count + 1, sizeof(*groups));
	size_t count = group_threads(r, groups);

	if (p->thread_count == 1) {
		say_one_thread(groups, doc);
	} else if (count) {
		doc_table(doc);
		doc_row(doc, "thread", "where it was");
		for (size_t i = 0; i < count && i < GROUPS_SHOWN; i++)
			add_group(&groups[i], doc);
		if (count > GROUPS_SHOWN) {
			_cleanup_free_ char *more = text_format("%zu more", count - GROUPS_SHOWN);

			doc_row(doc, more, "see premortem in report.json");
		}
		cite_lines(doc, p->threads[0].line, p->threads[p->thread_count - 1].line);
	}
	for (size_t i = 0; i < count; i++)
		free(groups[i].where);
}

/* The process with the most memory. Its mappings are shown; report.json has all others'. */
static int64_t largest_process(const struct record_premortem *p)
{
	int64_t best = ABSENT, best_rss = -1;

	for (size_t i = 0; i < p->process_count; i++) {
		int64_t rss = 0;

		for (size_t j = 0; j < p->mapping_count; j++)
			if (p->mappings[j].pid == p->processes[i].pid)
				rss += p->mappings[j].rss / 1024;
		if (rss > best_rss) {
			best_rss = rss;
			best = p->processes[i].pid;
		}
	}
	return best;
}

static void add_mapping(const char *name, int64_t rss, int64_t size, struct doc *doc)
{
	_cleanup_free_ char *resident = text_format("%.1f", (double)rss / (1 << 20));
	_cleanup_free_ char *mapped = text_format("%.1f", (double)size / (1 << 20));

	doc_row(doc, resident, mapped, name);
}

/* Values are bounded (FIELD_I64_MAX), their number is not: sums may overflow. */
static void add_to(int64_t *sum, int64_t more)
{
	if (__builtin_add_overflow(*sum, or_zero(more), sum))
		*sum = INT64_MAX;
}

static void say_mappings(const struct record_premortem *p, struct doc *doc)
{
	int64_t pid = largest_process(p), rest_rss = 0, rest_size = 0, rest = 0, least = 0;
	unsigned int first = 0, last = 0;
	size_t shown = 0;

	for (size_t i = 0; i < p->mapping_count; i++) {
		const struct premortem_mapping *m = &p->mappings[i];
		_cleanup_free_ char *name = premortem_mapping_name(m);

		if (m->pid != pid)
			continue;
		if (!first) {
			doc_table(doc);
			doc_row(doc, "resident, MiB", "mapped, MiB", "mapping");
		}
		/* The largest comes first; less than a hundredth of it is noise. */
		least = first ? least : m->rss / 100;
		first = first ? first : m->line;
		last = m->line;
		if (shown < MAPPINGS_SHOWN && !m->is_rest && (!shown || m->rss >= least)) {
			add_mapping(name, m->rss, m->size, doc);
			shown++;
		} else {
			add_to(&rest_rss, m->rss);
			add_to(&rest_size, m->size);
			add_to(&rest, m->mappings);
		}
	}
	if (rest) {
		add_mapping(TEXT_COUNT(rest, "other mapping"), rest_rss, rest_size, doc);
	}
	if (first)
		cite_lines(doc, first, last);
}

static void say_arenas(const struct record_premortem *p, struct doc *doc)
{
	for (size_t i = 0; i < p->arena_count && i < ARENAS_SHOWN; i++) {
		const struct record_arena *a = &p->arenas[i];

		if (!is_known(a->reserved) || !is_known(a->touched) || !a->reserved)
			continue;
		if (is_known(a->clear_target) && is_known(a->cleared) &&
		    a->cleared < a->clear_target)
			doc_sentence(doc, "The arena \"%s\" had noted %s of %s cleared by then.",
				     a->name ? a->name : "?", SIZE(a->cleared),
				     SIZE(a->clear_target));
		else
			doc_sentence(
				doc,
				"The arena \"%s\" had %s reserved, %s handed out, and had written to %s itself.",
				a->name ? a->name : "?", SIZE(a->reserved), SIZE(or_zero(a->used)),
				SIZE(a->touched));
		doc_cite(doc, "record line %u", a->line);
	}
}

static void say_files(const struct record_premortem *p, struct doc *doc)
{
	if (!p->file_count)
		return;
	doc_table(doc);
	doc_row(doc, "holds, MiB", "size, MiB", "open file that lives in memory");
	for (size_t i = 0; i < p->file_count && i < FILES_SHOWN; i++)
		add_mapping(p->files[i].name, p->files[i].resident, or_zero(p->files[i].size), doc);
	if (p->file_count > FILES_SHOWN)
		doc_row(doc, "", "", "and others: see premortem in report.json");
	cite_lines(doc, p->files[0].line, p->files[p->file_count - 1].line);
}

static void say_left(const struct record_premortem *p, struct doc *doc)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	for (size_t i = 0; i < p->left_count; i++)
		strbuf_printf(&sb, "%s%" PRId64 " %s", i ? ", " : "", p->left[i].count,
			      record_part_names[p->left[i].what]);
	if (!sb.len)
		return;
	doc_sentence(doc, "Left out of the snapshot, to keep it short: %s.", sb.buf);
	doc_cite(doc, "record line %u", p->left[0].line);
}

static void say_core(const struct record_premortem *p, struct doc *doc)
{
	if (!p->core_line)
		return;
	if (p->core)
		doc_sentence(doc, "A core file of that moment: %s (%s).", p->core,
			     SIZE(or_zero(p->core_bytes)));
	else
		doc_sentence(doc, "No core file: %s.",
			     p->core_why ? p->core_why : "no reason was recorded");
	doc_cite(doc, "record line %u", p->core_line);
}

/* The report has the kernel's `high` counter: it must say that oomlab made it rise. */
static void say_high(const struct facts *f, const struct record_premortem *p, struct doc *doc)
{
	if (!is_known(p->high_events) || !p->high_events)
		return;
	doc_sentence(
		doc,
		"To notice that moment, oomlab had set memory.high to %s, and set it back to max then: the high events in memory.events are its doing.",
		SIZE(p->high));
	doc_cite(doc, "record line %u", p->armed_line);
	cite_event(doc, f, COUNTER_HIGH);
}

static bool was_killed(const struct facts *f)
{
	return f->conclusion->outcome == OUTCOME_OOM_KILLED ||
	       f->conclusion->outcome == OUTCOME_CHILD_OOM_KILLED;
}

/* Below its limit stands memory.high, which it has passed then. */
static bool has_reached_own_limit(const struct facts *f, const struct record_premortem *p)
{
	const struct amount *max = f->own ? &f->own->memory_max : NULL;

	return max && max->is_set && !max->is_max && is_known(p->limit) &&
	       max->bytes == (uint64_t)p->limit && record_delta_local(f->own, COUNTER_OOM) > 0;
}

static void say_missed(const struct facts *f, const struct record_premortem *p, struct doc *doc)
{
	if (!was_killed(f) || !p->armed_line || !is_known(p->high))
		return;
	doc_heading(doc, "Just before the kill");
	if (p->look_line && p->why)
		doc_sentence(doc, "Nothing was seen: %s.", p->why);
	else if (!has_reached_own_limit(f, p))
		doc_sentence(
			doc,
			"Nothing was seen: the kernel killed a process before oomlab took a snapshot.");
	else
		doc_sentence(
			doc,
			"Nothing was seen: memory went past %s, where oomlab waited for it, and past the limit before oomlab could take a snapshot.",
			SIZE(p->high));
	doc_cite(doc, "record line %u", p->look_line ? p->look_line : p->armed_line);
}

/* Where it could reclaim there it never came to the limit: the run was not as it is without. */
static void say_passed(const struct facts *f, const struct record_premortem *p, struct doc *doc)
{
	if (was_killed(f) || !p->armed_line || !is_known(p->high) || or_zero(p->high_events) <= 0)
		return;
	doc_heading(doc, "Near its limit");
	doc_sentence(
		doc,
		"oomlab had set memory.high to %s, to notice a kill before it comes. The kernel reclaimed there already, %s; without it (--premortem=off) only at the limit.",
		SIZE(p->high), TEXT_COUNT(p->high_events, "time"));
	doc_cite(doc, "record line %u", p->armed_line);
	cite_event(doc, f, COUNTER_HIGH);
}

/* What went past memory.high may be given back before the snapshot. */
static bool was_near(const struct record_premortem *p)
{
	return !is_known(p->value[METRIC_CURRENT]) || p->value[METRIC_CURRENT] >= p->high / 2;
}

void story_premortem(const struct facts *f, struct doc *doc)
{
	const struct record_premortem *p = f->record->premortem;

	if (!p)
		return;
	if (!premortem_was_taken(f->record)) {
		say_missed(f, p, doc);
		say_passed(f, p, doc);
		return;
	}
	doc_heading(doc, was_killed(f) ? "Just before the kill"
			 : was_near(p) ? "Near its limit"
				       : "A snapshot while it ran");
	say_moment(f, p, doc);
	say_threads(f->record, doc);
	say_arenas(p, doc);
	say_mappings(p, doc);
	say_files(p, doc);
	say_left(p, doc);
	say_core(p, doc);
	say_high(f, p, doc);
}
