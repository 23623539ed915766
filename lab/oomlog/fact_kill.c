#include "oomlog/draft.h"
#include "oomlog/event_fields.h"

static struct span until(struct span s, const char *stop)
{
	size_t n = 0;

	while (n < s.n && !strchr(stop, s.p[n]))
		n++;
	return span_head(s, n);
}

static struct span after(struct span s, struct span label)
{
	size_t at = span_find(s, label);

	return at == SPAN_NONE ? (struct span){s.p, 0} : span_skip(s, at + label.n);
}

/* OpenVZ: "190708 (httpd.itk)". */
static void invoker_with_pid(struct draft *f, struct span who)
{
	int64_t pid;

	if (!span_number(&who, &pid) || !span_eat(&who, SPAN(" (")) || !span_ends(who, SPAN(")")))
		return;
	f->event.invoker_pid = pid;
	f->event.invoker_comm = pool_text(&f->pool, span_head(who, who.n - 1));
}

void fact_invoked(struct draft *f, struct span text, uint64_t line)
{
	size_t at = span_find(text, SPAN("invoked oom-killer"));
	struct span who = span_trim(span_head(text, at == SPAN_NONE ? 0 : at));
	struct span rest = at == SPAN_NONE ? text : span_skip(text, at);
	struct span gfp = after(rest, SPAN("gfp_mask="));

	f->event.lines.invoked = line;
	f->event.invoker_is_unsaid = at == SPAN_NONE &&
				     span_starts(span_ltrim(text), SPAN("oom-killer: "));
	if (who.n)
		f->event.invoker_comm = pool_text(&f->pool, who);
	invoker_with_pid(f, who);
	if (!gfp.n)
		gfp = after(rest, SPAN(" gfp "));
	gfp = until(gfp, ", ");
	if (span_starts(gfp, SPAN("0x")))
		f->event.gfp_mask = pool_text(&f->pool, gfp);
	/* Until 2.6.35 oom_adj shifted points; later kernels print oom_score_adj beside it. */
	f->event.old_score |=
		span_has(rest, SPAN("oomkilladj=")) ||
		(span_has(rest, SPAN("oom_adj=")) && !span_has(rest, SPAN("oom_score_adj=")));
	span_number_after(rest, SPAN("order="), &f->event.order);
	span_number_after(rest, SPAN("oom_score_adj="), &f->event.invoker_oom_score_adj);
	f->event.order = fact_within(f->event.order, -1, OOMLOG_ORDERS - 1);
}

/* The name ends where the taint words begin; they come last, so a name cannot fake them. */
static struct span comm_of_cpu_line(struct span rest, struct span *taint)
{
	static const struct span ends[] = {SPAN(" Kdump: "), SPAN(" Not tainted"),
					   SPAN(" Tainted: ")};
	size_t end = rest.n;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t at = span_rfind(rest, ends[i]);

		if (at != SPAN_NONE && at < end)
			end = at;
	}
	*taint = span_skip(rest, end);
	return span_trim(span_head(rest, end));
}

static void kernel_release(struct draft *f, struct span taint)
{
	if (f->event.kernel)
		return;
	for (struct span word = span_token(&taint); word.n; word = span_token(&taint))
		if (char_is_digit(*word.p) && word.n > 2 && span_has_char(word, '.')) {
			f->event.kernel = pool_text(&f->pool, word);
			return;
		}
}

/*
 * Whether the name of the CPU line is the invoker's. If the invoker's name as read has the rest of
 * an unknown header in front, the name of the CPU line replaces it.
 */
static bool match_invoker(struct draft *f, struct span comm)
{
	const char *invoker = f->event.invoker_comm;

	if (!invoker)
		return true;
	struct span known = {invoker, strlen(invoker)};
	if (span_equal(known, comm))
		return true;
	if (comm.n && span_ends(known, comm) && char_is_blank(known.p[known.n - comm.n - 1])) {
		f->event.invoker_comm = pool_text(&f->pool, comm);
		return true;
	}
	return span_starts(comm, known) && comm.n > known.n && char_is_blank(comm.p[known.n]);
}

void fact_cpu(struct draft *f, struct span text, uint64_t line)
{
	struct span rest = after(text, SPAN("omm: ")), taint; /* "Comm: " or "comm: " */
	struct span head = span_head(text, (size_t)(rest.p - text.p));
	int64_t pid;

	if (!f->event.lines.invoked || f->event.lines.cpu || !rest.n)
		return;
	if (!span_number_after(head, SPAN("PID: "), &pid) &&
	    !span_number_after(head, SPAN("Pid: "), &pid))
		return;
	if (!match_invoker(f, comm_of_cpu_line(rest, &taint)))
		return;
	f->event.lines.cpu = line;
	f->event.invoker_pid = pid;
	span_number_after(head, SPAN("UID: "), &f->event.invoker_uid);
	kernel_release(f, taint);
}

/*
 * Offset of the ")" behind the name in " (name) ...". A name may hold anything, but no more than
 * COMM_MAX bytes; what the kernel prints behind it tells which parenthesis is its own.
 */
static size_t end_of_comm(struct span s)
{
	static const struct span ends[] = {SPAN(") total-vm:"),	 SPAN("), UID "),
					   SPAN(") vsz:"),	 SPAN(") score "),
					   SPAN("), total-vm:"), SPAN(") anon-rss:")};
	struct span head;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t at = span_rfind(span_head(s, 2 + COMM_MAX + ends[i].n), ends[i]);

		if (at != SPAN_NONE)
			return at;
	}
	head = span_head(s, 2 + COMM_MAX + 1);
	return span_rfind(head, SPAN(")"));
}

void fact_chosen(struct draft *f, struct span text, uint64_t line)
{
	struct span rest = after(text, SPAN("ill process "));
	int64_t pid;

	f->event.lines.chosen = line;
	f->chosen_with_children = span_has(text, SPAN(" and children"));
	f->event.old_score |= f->chosen_with_children || span_has(text, SPAN(" or a child"));
	f->kill_says_memcg |= fact_blames_memcg(text);
	f->kill_says_global |= fact_blames_machine(text);
	f->event.allocating_task |= span_has(text, SPAN("(oom_kill_allocating_task)"));
	if (!span_number(&rest, &pid))
		return;
	f->event.chosen_pid = pid;
	size_t end = end_of_comm(rest);
	if (end == SPAN_NONE || end < 2 || !span_eat(&rest, SPAN(" (")))
		return;
	f->event.chosen_comm = pool_text(&f->pool, span_head(rest, end - 2));
	rest = span_skip(rest, end - 2);
	span_number_after(rest, SPAN("score "), &f->event.chosen_score);
}

bool fact_chooses_again(const struct draft *f, struct span text)
{
	struct span rest = after(text, SPAN("ill process "));
	int64_t pid;

	return span_number(&rest, &pid) && pid == f->event.chosen_pid;
}

bool fact_blames_memcg(struct span text)
{
	return span_starts(span_ltrim(text), SPAN("Memory cgroup out of memory"));
}

bool fact_blames_machine(struct span text)
{
	text = span_ltrim(text);
	return span_starts(text, SPAN("Out of memory:")) ||
	       span_starts(text, SPAN("Out of Memory:")) ||
	       span_starts(text, SPAN("Out of memory (oom_kill_allocating_task)"));
}

/* "total-vm:1641388kB": without its unit the number may be cut, and is not taken. */
static void kib_field(struct span s, struct span label, int64_t *bytes)
{
	struct span rest = after(s, label);
	int64_t kib;

	if (span_number(&rest, &kib) && span_starts(rest, SPAN("kB")))
		*bytes = fact_size(kib, 1024);
}

static void victim_sizes(struct span s, struct oomlog_victim *v)
{
	kib_field(s, SPAN("total-vm:"), &v->total_vm_bytes);
	kib_field(s, SPAN(" vsz:"), &v->total_vm_bytes);
	kib_field(s, SPAN(" vm:"), &v->total_vm_bytes);
	kib_field(s, SPAN("anon-rss:"), &v->anon_rss_bytes);
	kib_field(s, SPAN("file-rss:"), &v->file_rss_bytes);
	kib_field(s, SPAN("shmem-rss:"), &v->shmem_rss_bytes);
	kib_field(s, SPAN("pgtables:"), &v->pgtables_bytes);
	span_number_after(s, SPAN("oom_score_adj:"), &v->oom_score_adj);
	v->oom_score_adj = fact_within(v->oom_score_adj, -1000, 1000);
	if (!span_number_after(s, SPAN(", UID:"), &v->uid))
		span_number_after(s, SPAN("UID "), &v->uid);
}

bool fact_parse_killed(struct draft *f, struct span text, struct oomlog_victim *v)
{
	struct span rest = after(text, SPAN("illed process "));

	event_fields_reset(event_fields_victim, v);
	if (!span_number(&rest, &v->pid))
		return false;
	if (span_eat(&rest, SPAN(", UID "))) {
		span_number(&rest, &v->uid);
		span_eat(&rest, SPAN(","));
	}
	size_t end = end_of_comm(rest);
	if (!span_eat(&rest, SPAN(" (")) || end == SPAN_NONE || end < 2)
		return true;
	v->comm = pool_text(&f->pool, span_head(rest, end - 2));
	f->event.old_score |= span_starts(span_skip(rest, end - 2), SPAN(") vsz:"));
	span_number_after(text, SPAN("Out of memory in UB "), &f->event.beancounter);
	victim_sizes(span_skip(rest, end - 2), v);
	return true;
}

void fact_victim(struct draft *f, const struct oomlog_victim *victim)
{
	struct oomlog_event *ev = &f->event;

	for (size_t i = 0; i < ev->victim_count; i++)
		if (ev->victims[i].pid == victim->pid) {
			if (!ev->duplicate_kills++)
				ev->lines.duplicate = victim->line;
			return;
		}
	if (!ev->victim_count)
		ev->lines.killed = victim->line;
	*ARRAY_PUSH(ev->victims, ev->victim_count, f->victim_capacity) = *victim;
}

void fact_group(struct draft *f, struct span text, uint64_t line)
{
	struct span path = after(text, SPAN("Tasks in "));
	size_t end = span_rfind(path, SPAN(" are going to be killed"));

	f->event.lines.group = line;
	if (end != SPAN_NONE && end)
		f->event.group_memcg = pool_text(&f->pool, span_head(path, end));
}

void fact_reaped(struct draft *f, struct span text, uint64_t line)
{
	struct span rest = after(text, SPAN("reaped process "));
	int64_t pid;

	f->event.reaped_count++;
	if (f->reaped_line || !span_number(&rest, &pid) || !span_eat(&rest, SPAN(" (")))
		return;
	size_t end = span_rfind(rest, SPAN("), now"));
	if (end == SPAN_NONE)
		return;
	f->reaped_line = line;
	f->reaped_pid = pid;
	f->reaped_comm = pool_text(&f->pool, span_head(rest, end));
}
