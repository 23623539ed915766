#include "oomlog/draft.h"

#include <string.h>

/* Whether `path` is `top` or below it. */
static bool path_within(struct span path, struct span top)
{
	if (!path.n || !top.n || *path.p != '/' || *top.p != '/')
		return false;
	if (top.n == 1)
		return true;
	return span_starts(path, top) && (path.n == top.n || path.p[top.n] == '/');
}

static bool row_has_comm(const struct oomlog_event *ev, int64_t pid, struct span comm)
{
	for (size_t i = 0; i < ev->task_count; i++)
		if (ev->tasks[i].pid == pid && strlen(ev->tasks[i].comm) == comm.n &&
		    memcmp(ev->tasks[i].comm, comm.p, comm.n) == 0)
			return true;
	return false;
}

/*
 * Cuts ",task=NAME" off the end of s. Where ",task=" comes twice within a name's length the table
 * row of that pid decides; without one the last counts.
 */
static struct span cut_task(const struct oomlog_event *ev, struct span *s, int64_t pid)
{
	size_t at = span_rfind(*s, SPAN(",task=")), best = at;
	struct span comm = {s->p, 0};

	while (at != SPAN_NONE && s->n - at - 6 <= COMM_MAX) {
		if (row_has_comm(ev, pid, span_skip(*s, at + 6)))
			best = at;
		at = span_rfind(span_head(*s, at), SPAN(",task="));
	}
	if (best == SPAN_NONE)
		return comm;
	comm = span_skip(*s, best + 6);
	*s = span_head(*s, best);
	return comm;
}

/* Cuts ",pid=202,uid=0" off the end; mangled logs have "pid=108,uid0", or the uid alone. */
static bool cut_numbers(struct draft *f, struct span *s)
{
	size_t uid_at = span_rfind(*s, SPAN(",uid=")), pid_at;
	struct span digits = uid_at == SPAN_NONE ? (struct span){NULL, 0}
						 : span_skip(*s, uid_at + 5);
	int64_t uid = 0, pid;
	/* Behind the uid may stand what ends a quotation. */
	bool uid_whole = digits.n && span_number(&digits, &uid) &&
			 (span_rtrim(digits).n == 0 || memchr("\"'`;,.)|\\<", *digits.p, 10));

	pid_at = span_rfind(uid_whole ? span_head(*s, uid_at) : *s, SPAN(",pid="));
	if (pid_at == SPAN_NONE)
		return false;
	digits = span_skip(*s, pid_at + 5);
	if (!span_number(&digits, &pid) || !span_starts(digits, SPAN(",")))
		return false;
	f->event.summary_pid = pid;
	if (uid_whole)
		f->event.summary_uid = uid;
	*s = span_head(*s, pid_at);
	return true;
}

static void keep(struct draft *f, const char **field, struct span value)
{
	if (value.n)
		*field = pool_text(&f->pool, value);
}

/*
 * Reads "A,task_memcg=B". Paths may hold the separator: the first split where B lies within A
 * counts, and if there is none the first split.
 */
static void memcg_paths(struct draft *f, struct span s)
{
	size_t first = span_find(s, SPAN(",task_memcg=/")), at = first;

	if (first == SPAN_NONE) {
		size_t garbled = span_find(s, SPAN(",task_memcg="));

		keep(f, &f->event.oom_memcg, span_head(s, garbled));
		return;
	}
	for (size_t skip = first; skip != SPAN_NONE;) {
		if (path_within(span_skip(s, skip + 12), span_head(s, skip))) {
			at = skip;
			break;
		}
		size_t next = span_find(span_skip(s, skip + 1), SPAN(",task_memcg=/"));
		skip = next == SPAN_NONE ? SPAN_NONE : skip + 1 + next;
	}
	keep(f, &f->event.oom_memcg, span_head(s, at));
	keep(f, &f->event.task_memcg, span_skip(s, at + 12));
}

/* Reads both cgroups by the path that the statistics named; false where that does not fit. */
static bool known_path(struct draft *f, struct span s)
{
	const char *path = f->event.stats_memcg;

	if (!path)
		return false;
	struct span label = SPAN(",oom_memcg="), next = SPAN(",task_memcg=/");
	size_t n = strlen(path);
	for (size_t at = span_find(s, label); at != SPAN_NONE;) {
		struct span rest = span_skip(s, at + label.n);

		if (span_starts(rest, (struct span){path, n}) &&
		    span_starts(span_skip(rest, n), next)) {
			f->event.oom_memcg = path;
			keep(f, &f->event.task_memcg, span_skip(rest, n + next.n - 1));
			return true;
		}
		size_t more = span_find(rest, label);
		at = more == SPAN_NONE ? SPAN_NONE : at + label.n + more;
	}
	return false;
}

/* The part in front of ",task=": the cgroup that ran out, if any, and the victim's cgroup. */
static void cgroups(struct draft *f, struct span s)
{
	size_t global = span_find(s, SPAN(",global_oom")),
	       memcg = span_find(s, SPAN(",oom_memcg=/"));

	bool by_memcg = f->event.lines.limit ||
			(f->event.constraint && strcmp(f->event.constraint, "MEMCG") == 0);

	if (known_path(f, s))
		return;
	if (memcg != SPAN_NONE && (by_memcg || global == SPAN_NONE)) {
		memcg_paths(f, span_skip(s, memcg + 11));
	} else if (global != SPAN_NONE) {
		struct span rest = span_skip(s, global + 11);

		f->kill_says_global = true;
		if (span_eat(&rest, SPAN(",task_memcg=")))
			keep(f, &f->event.task_memcg, rest);
	}
}

/* Of a summary that ends early the last field counts only if a comma follows it. */
static struct span cut_back(struct span s)
{
	while (s.n && s.p[s.n - 1] != ',')
		s.n--;
	s = s.n ? span_head(s, s.n - 1) : s;
	size_t task = span_rfind(s, SPAN(",task="));
	return task == SPAN_NONE ? s : span_head(s, task);
}

/* "0-1,3": ends with a digit, so that it needs no comma behind it. */
static bool is_list(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!char_is_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != ',')
			return false;
	return s.n > 0 && char_is_digit(s.p[s.n - 1]);
}

static struct span field(struct span s, struct span label, const struct span *stops, size_t count)
{
	size_t at = span_find(s, label), end = SPAN_NONE;

	if (at == SPAN_NONE)
		return (struct span){NULL, 0};
	s = span_skip(s, at + label.n);
	for (size_t i = 0; i < count; i++) {
		size_t stop = span_find(s, stops[i]);

		if (stop < end)
			end = stop;
	}
	if (end == SPAN_NONE && span_equal(label, SPAN(",mems_allowed=")) && is_list(s))
		return s;
	return end == SPAN_NONE ? (struct span){NULL, 0} : span_head(s, end);
}

static void node_fields(struct draft *f, struct span s)
{
	static const struct span comma[] = {SPAN(",")};
	static const struct span mems[] = {SPAN(",mems_allowed=")};
	static const struct span next[] = {SPAN(",oom_memcg="), SPAN(",global_oom"),
					   SPAN(",task_memcg="), SPAN(",task=")};

	keep(f, &f->event.nodemask, field(s, SPAN(",nodemask="), comma, 1));
	keep(f, &f->event.cpuset, field(s, SPAN(",cpuset="), mems, 1));
	keep(f, &f->event.mems_allowed, field(s, SPAN(",mems_allowed="), next, 4));
}

static void constraint(struct draft *f, struct span s)
{
	static const struct span whole[] = {SPAN("NONE"), SPAN("CPUSET"), SPAN("MEMORY_POLICY"),
					    SPAN("MEMCG")};
	struct span word;
	size_t n = 0;
	bool known;

	if (!span_eat(&s, SPAN("CONSTRAINT_")))
		return;
	while (n < s.n && ((s.p[n] >= 'A' && s.p[n] <= 'Z') || s.p[n] == '_'))
		n++;
	word = span_head(s, n);
	known = n && n < s.n;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		known |= span_equal(word, whole[i]);
	if (known)
		keep(f, &f->event.constraint, word);
}

static void read_summary(struct draft *f, struct span text)
{
	constraint(f, span_skip(text, sizeof("oom-kill:constraint=") - 1));
	node_fields(f, text);
	f->summary_cut = !cut_numbers(f, &text);
	if (f->summary_cut)
		text = cut_back(text);
	else
		keep(f, &f->event.summary_comm, cut_task(&f->event, &text, f->event.summary_pid));
	cgroups(f, text);
}

/* "..., task=hog, pid=202, uid=0": people put blanks behind commas; the kernel never does. */
static struct span without_blanks(struct draft *f, struct span text)
{
	static const struct span keys[] = {
		SPAN("nodemask="),  SPAN("cpuset="),	SPAN("mems_allowed="),
		SPAN("oom_memcg="), SPAN("global_oom"), SPAN("task_memcg="),
		SPAN("task="),	    SPAN("pid="),	SPAN("uid=")};
	char *copy, *to;

	if (span_has(text, SPAN(",pid=")) || !span_has(text, SPAN(", pid=")))
		return text;
	copy = to = pool_alloc(&f->pool, text.n + 1);
	for (struct span s = text; s.n; s = span_skip(s, 1)) {
		bool is_gap = *s.p == ' ' && s.p > text.p && s.p[-1] == ',';

		for (size_t i = 0; is_gap && i < sizeof(keys) / sizeof(keys[0]); i++)
			if (span_starts(span_skip(s, 1), keys[i]))
				is_gap = false;
		if (*s.p != ' ' || s.p == text.p || s.p[-1] != ',' || is_gap)
			*to++ = *s.p;
	}
	return (struct span){copy, (size_t)(to - copy)};
}

void fact_summary(struct draft *f, struct span text, uint64_t line)
{
	text = without_blanks(f, span_trim(text));
	f->event.lines.summary = line;
	read_summary(f, text);
	f->summary_text = f->summary_cut ? pool_text(&f->pool, text) : NULL;
}

void fact_summary_rest(struct draft *f, struct span text)
{
	if (!f->summary_text)
		return;
	text = span_trim(text);
	f->summary_text = pool_format(&f->pool, "%s%.*s", f->summary_text, (int)text.n, text.p);
	read_summary(f, (struct span){f->summary_text, strlen(f->summary_text)});
	if (!f->summary_cut)
		f->summary_text = NULL;
}
