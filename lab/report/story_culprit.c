#include "report/story_culprit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/stack.h"
#include "report/shares.h"
#include "report/short_name.h"
#include "report/story.h"
#include "report/touches.h"

enum { CALLERS_MOST = 2 };

/* Of what the victim gained, its anonymous memory at the kill is what was not given back. */
static int64_t given_back(const struct record *r, int64_t pid)
{
	int64_t lost = 0;

	for (size_t i = 0; i < r->touch_count; i++)
		if (r->touches[i].pid == pid)
			lost += or_zero(r->touches[i].anon_lost);
	return lost;
}

/* How the place came to have it; NULL: not as memory of its own. */
static const char *verb_of(enum touch_kind kind)
{
	static const char *const verbs[TOUCH_KIND_COUNT] = {
		[TOUCH_STORE] = "was first written in",
		[TOUCH_ALLOCATOR] = "was first written by the allocator (malloc), called in",
		[TOUCH_CLEAR] = "was cleared by libc (calloc, bzero), called in",
		[TOUCH_MEMSET] = "was written by libc (memset), called in",
		[TOUCH_COPY] = "was written by libc (memcpy), called in",
		[TOUCH_READ] = "was read into by read(2), called in",
		[TOUCH_POPULATE] = "was populated or locked in",
		[TOUCH_SYSCALL] = "was first written by a system call in",
		[TOUCH_STACK] = "is stack, first written in",
	};

	return verbs[kind];
}

int64_t story_swapped(const struct facts *f)
{
	const struct oomlog_event *e = f->kill ? &f->kill->event : NULL;

	for (size_t i = 0; e && f->victim && i < e->task_count; i++)
		if (e->tasks[i].pid == f->victim->pid)
			return or_zero(e->tasks[i].swap_bytes);
	return 0;
}

/* A line of code, in whatever ways it touched memory. */
struct line_sum {
	struct touch_line line; /* that of the largest part, with the bytes of all parts */
	const char *verb;	/* NULL: none was found */
};

static bool is_same_code(const struct touch_line *a, const struct touch_line *b)
{
	struct touch_line alike = *b;

	alike.kind = a->kind;
	return touch_is_same_place(a, &alike);
}

/* The allocator's own few bytes beside what memset wrote do not make another culprit. */
static struct line_sum sum_up(const struct touches *t, const struct touch_line *largest)
{
	struct line_sum sum = {*largest, verb_of(largest->kind)};

	for (size_t i = 0; i < t->count; i++)
		if (&t->lines[i] != largest && verb_of(t->lines[i].kind) &&
		    is_same_code(largest, &t->lines[i]))
			sum.line.bytes += t->lines[i].bytes;
	if (largest->bytes < sum.line.bytes / 10 * 9)
		sum.verb = "was first touched in";
	return sum;
}

/* Less than a sixteenth cannot be the largest of all parts of a half: the kinds are fewer. */
static struct line_sum find_line(const struct facts *f, const struct touches *t)
{
	int64_t held = f->victim->anon_rss_bytes + story_swapped(f);

	for (size_t i = 0; i < t->count && t->lines[i].bytes >= held / 16; i++) {
		const struct touch_line *line = &t->lines[i];
		struct line_sum sum;

		if (!verb_of(line->kind) || (!line->function && !line->module))
			continue;
		sum = sum_up(t, line);
		if (sum.line.bytes >= held / 2 && sum.line.bytes - held <= held / 50)
			return sum;
	}
	return (struct line_sum){0};
}

/* The next function outward that is the program's own; level 0 is the place itself. */
struct walk {
	const struct touch_frames *frames;
	struct stack_frame place;
	size_t level, levels;
	const char *rest;
};

static bool walk_out(struct walk *w)
{
	if (++w->level < w->levels)
		return true;
	while (stack_next(&w->rest, &w->place))
		if (touch_frame_is_own(w->frames, w->place.at, w->place.len)) {
			w->level = 0;
			w->levels = touch_levels(w->frames, w->place.at, w->place.len);
			return true;
		}
	return false;
}

static char *name_of(const struct walk *w)
{
	return touch_level_name(w->frames, w->place.at, w->place.len, w->level);
}

/* An address says nothing to a reader, nor does what calls every main(). */
static bool is_named(const struct walk *w)
{
	const char *function = touch_function(w->frames, w->place.at, w->place.len);

	return w->level || (function && strcmp(function, "_start") != 0);
}

/* ", called by handle, called by main": at most `most` of them. The caller frees. */
static char *callers_of(const struct touch_frames *frames, const struct touch_line *line,
			size_t most)
{
	struct walk w = {.frames = frames,
			 .place = stack_frame(line->at, line->at_len),
			 .levels = touch_levels(frames, line->at, line->at_len),
			 .rest = line->at + line->at_len};
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	bool is_found = false;

	/* A place that is inlined into others stands at the same address as these. */
	for (; !is_found && w.level < w.levels; w.level += !is_found) {
		_cleanup_free_ char *name = name_of(&w);

		is_found = text_is_same(name, line->function);
	}
	if (!is_found)
		w.level = w.levels;
	while (most && walk_out(&w) && is_named(&w)) {
		_cleanup_free_ char *whole = name_of(&w), *name = short_name(whole);

		strbuf_printf(&text, ", called by %s", name);
		most--;
	}
	return strbuf_detach(&text);
}

/* Whether nine tenths of what the line has came by these callers. */
static bool is_by(const struct touch_frames *frames, const struct touch_line *line, int64_t pid,
		  size_t depth, const char *callers)
{
	const struct record *r = frames->record;
	int64_t by = 0;

	for (size_t i = 0; i < r->touch_count; i++) {
		struct touch_line other = {.kind = line->kind};
		_cleanup_free_ char *its = NULL;

		if (r->touches[i].pid != pid || !r->touches[i].stack)
			continue;
		touch_blame(frames, r->touches[i].stack, &other);
		if (!touch_is_same_place(line, &other))
			continue;
		its = callers_of(frames, &other, depth);
		if (!strcmp(its, callers))
			by += or_zero(r->touches[i].anon);
	}
	return by >= line->bytes / 10 * 9;
}

/* The line with the stack that brought the most of it. */
static struct touch_line by_most(const struct touch_frames *frames, const struct touch_line *line,
				 int64_t pid)
{
	const struct record *r = frames->record;
	struct touch_line most = *line;
	int64_t bytes = 0;

	for (size_t i = 0; i < r->touch_count; i++) {
		struct touch_line other = {.kind = line->kind};

		if (r->touches[i].pid != pid || !r->touches[i].stack ||
		    or_zero(r->touches[i].anon) <= bytes)
			continue;
		touch_blame(frames, r->touches[i].stack, &other);
		if (!touch_is_same_place(line, &other))
			continue;
		most = other;
		bytes = or_zero(r->touches[i].anon);
	}
	return most;
}

/* As many as all of it has in common. */
static char *common_callers(const struct record *r, const struct touch_line *line, int64_t pid)
{
	struct touch_frames frames;
	struct touch_line most;
	char *callers = NULL;

	touch_frames_init(&frames, r);
	most = by_most(&frames, line, pid);
	for (size_t depth = CALLERS_MOST; depth && !callers && most.at; depth--) {
		callers = callers_of(&frames, &most, depth);
		if (!is_by(&frames, line, pid, depth, callers)) {
			free(callers);
			callers = NULL;
		}
	}
	touch_frames_release(&frames);
	return callers ? callers : xstrdup("");
}

static char *words(const struct facts *f, const struct line_sum *sum, int64_t pid,
		   const char *whose, bool is_rough)
{
	const struct touch_line *line = &sum->line;
	_cleanup_free_ char *place = touch_place(line);
	_cleanup_free_ char *callers = common_callers(f->record, line, pid);
	int64_t swapped = story_swapped(f), held = f->victim->anon_rss_bytes + swapped;
	_cleanup_free_ char *part = swapped ? text_format(", of these %s in swap", SIZE(swapped))
					    : xstrdup("");
	int64_t bytes = line->bytes < held ? line->bytes : held;
	_cleanup_free_ char *percent = NULL;
	int share;

	share = (int)(1000.0 * (double)bytes / (double)held);
	/* Rounded down: 100 % is all of it, and what is hardly less shows that it is. */
	percent = !is_rough && share > 990 && share < 1000 ? text_format("99.%d", share % 10)
							   : text_format("%d", share / 10);
	return text_format("%s%s %% of %s (%s of %s%s) %s %s%s", is_rough ? "About " : "", percent,
			   whose, SIZE(bytes), SIZE(held), part, sum->verb, place, callers);
}

/* The victim's number in the record: in a pid namespace the kernel log has another. */
static int64_t pid_of_victim(const struct facts *f)
{
	if (!f->victim)
		return ABSENT;
	if (!record_setting(f->record, "pid_namespace"))
		return f->victim->pid;
	return f->kill->is_target ? f->record->target_pid : ABSENT;
}

/*
 * What came while samples were lost stands with whoever touched next, or is missing: where a tenth of
 * them is lost, a line that has four fifths of the memory still is the one, though not to the percent.
 */
static bool is_blurred(const struct facts *f, const struct touches *t, const struct line_sum *sum,
		       bool *is_rough)
{
	int64_t lost = record_lost(f->record, LOSS_SAMPLES);
	int64_t held = f->victim->anon_rss_bytes + story_swapped(f);

	*is_rough = lost > t->samples / 50;
	return *is_rough && (lost > t->samples / 10 || sum->line.bytes < held / 5 * 4);
}

struct culprit story_culprit(const struct facts *f, const char *whose)
{
	struct culprit culprit = {0};
	struct touches touches;
	struct line_sum sum;
	bool is_rough;
	int64_t pid = pid_of_victim(f);

	if (!is_known(pid) || or_zero(f->victim->anon_rss_bytes) <= 0 || touches_lack(f->record) ||
	    given_back(f->record, pid) > story_swapped(f) + f->victim->anon_rss_bytes / 50)
		return culprit;
	touches_gather_of(f->record, pid, &touches);
	sum = find_line(f, &touches);
	if (sum.verb && !is_blurred(f, &touches, &sum, &is_rough))
		culprit.words = words(f, &sum, pid, whose, is_rough);
	touches_release(&touches);
	return culprit;
}

static bool is_there_at_kill(const struct facts *f, int64_t pid)
{
	return f->kill && shares_is_listed(pid, &f->kill->event);
}

/* Whom it shares pages with: what it had at its fork is its parent's, too. NULL: not known. */
static const char *sharer_of(const struct record *r, const struct touch_line *line)
{
	for (size_t i = 0; i < r->resident_count; i++) {
		const struct record_resident *its = &r->residents[i];

		if (its->pid != line->pid)
			continue;
		if (line->processes == 1 && its->has_forked && !or_zero(its->inherited))
			return "a child of it";
		return or_zero(its->inherited) >= line->bytes / line->processes
			       ? line->processes > 1 ? "the process that had started them"
						     : "its parent"
			       : NULL;
	}
	return NULL;
}

/* Of a line of several processes the first and the last were there, if not all others. */
static const struct touch_line *find_copies(const struct facts *f, const struct shares *shares)
{
	const struct touches *t = &shares->there;

	for (size_t i = 0; i < t->count && t->lines[i].bytes >= f->limit_bytes / 4; i++)
		if (t->lines[i].kind == TOUCH_COW &&
		    (shares->table || t->lines[i].processes <= 2) &&
		    is_there_at_kill(f, t->lines[i].pid) &&
		    is_there_at_kill(f, t->lines[i].last_pid) &&
		    given_back(f->record, t->lines[i].pid) <= t->lines[i].bytes / 50)
			return &t->lines[i];
	return NULL;
}

static char *copies_words(const struct facts *f, const struct touch_line *line)
{
	const char *sharer = sharer_of(f->record, line);
	_cleanup_free_ char *place = touch_place(line);
	_cleanup_free_ char *who = line->processes > 1
					   ? text_format("%" PRId64 " processes", line->processes)
				   : line->pid == f->record->target_pid
					   ? xstrdup("the target")
					   : text_format("process %" PRId64, line->pid);

	return sharer ? text_format(
				" About %s were copies: in %s, %s wrote to pages shared with %s since fork(2).",
				SIZE(line->bytes), place, who, sharer)
		      : NULL;
}

struct culprit story_copies(const struct facts *f)
{
	struct culprit culprit = {0};
	const struct touch_line *line;
	struct shares shares;

	if (!is_known(f->limit_bytes) || f->limit_bytes <= 0 || touches_lack(f->record) ||
	    record_setting(f->record, "pid_namespace"))
		return culprit;
	shares_gather(f, &shares);
	line = find_copies(f, &shares);
	if (line && record_lost(f->record, LOSS_SAMPLES) <= shares.there.samples / 50)
		culprit.words = copies_words(f, line);
	shares_release(&shares);
	return culprit;
}

void story_culprit_release(struct culprit *culprit)
{
	free(culprit->words);
	culprit->words = NULL;
}
