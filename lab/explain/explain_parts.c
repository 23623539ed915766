#include "explain/explain_parts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *explain_name(struct explanation *x, const char *text)
{
	if (!text)
		return "?";
	const struct span all = {text, strlen(text)};
	char *copy = (char *)pool_text(&x->pool, all);
	if (!text_is_plain(all.p, all.n))
		text_neutralise(copy);
	return copy;
}

const char *explain_process(struct explanation *x, const char *comm, int64_t pid)
{
	const char *name = explain_name(x, comm), *sign = pid < 0 ? "-" : "";
	char number[TEXT_NUMBER_MAX];

	if (!is_known(pid))
		return name;
	text_number(number, pid < 0 ? -(uint64_t)pid : (uint64_t)pid);
	return pool_format(&x->pool, "%s (pid %s%s)", name, sign, number);
}

void explain_say(struct explanation *x, enum topic topic, uint64_t line, uint64_t other_line,
		 const char *fmt, ...)
{
	struct sentence *s = ARRAY_PUSH(x->sentences, x->sentence_count, x->sentence_capacity);
	va_list args;

	s->topic = topic;
	va_start(args, fmt);
	s->text = pool_vformat(&x->pool, fmt, args);
	va_end(args);
	if (line)
		s->lines[s->line_count++] = line;
	if (other_line && other_line != line)
		s->lines[s->line_count++] = other_line;
}

int64_t explain_stat(const struct oomlog_event *ev, const char *name)
{
	return oomlog_stat_value(ev->stats, ev->stat_count, name);
}

int64_t explain_counter(const struct oomlog_event *ev, const char *name)
{
	return oomlog_stat_value(ev->meminfo, ev->meminfo_count, name);
}

bool explain_is_memcg(const struct oomlog_event *ev)
{
	return ev->scope == SCOPE_OWN || ev->scope == SCOPE_ANCESTOR || ev->scope == SCOPE_MEMCG;
}

bool explain_is_machine(const struct oomlog_event *ev)
{
	return ev->scope == SCOPE_GLOBAL || ev->scope == SCOPE_CPUSET ||
	       ev->scope == SCOPE_MEMPOLICY;
}

bool explain_memsw_is_full(const struct oomlog_event *ev)
{
	return is_known(ev->memsw_limit_bytes) && is_known(ev->memsw_usage_bytes) &&
	       is_known(ev->usage_bytes) && is_known(ev->limit_bytes) &&
	       ev->memsw_usage_bytes >= ev->memsw_limit_bytes && ev->usage_bytes < ev->limit_bytes;
}

bool explain_is_listed(const struct oomlog_event *ev, int64_t pid)
{
	for (size_t i = 0; i < ev->task_count; i++)
		if (ev->tasks[i].pid == pid)
			return true;
	return false;
}

bool explain_traced(const struct oomlog_event *ev, const char *pattern)
{
	return mechanism_has_frame((const char *const *)ev->trace, ev->trace_count, pattern);
}

bool explain_request_is_lost(const struct oomlog_event *ev)
{
	return ev->gfp_mask &&
	       (strcmp(ev->gfp_mask, "0x0()") == 0 || strcmp(ev->gfp_mask, "0x0") == 0);
}

/* Functions that only a process in user mode, or in a system call, comes from. */
static bool comes_from_user(const struct oomlog_event *ev)
{
	static const char *const frames[] = {"do_syscall*",   "entry_SYSCALL*", "system_call*",
					     "page_fault",    "asm_exc*",	"async_page_fault",
					     "do_page_fault", "el0_*",		"handle_mm_fault"};

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (explain_traced(ev, frames[i]))
			return true;
	return false;
}

static bool is_kswapd_name(const char *comm)
{
	return comm && text_starts_with(comm, "kswapd") && comm[6] >= '0' && comm[6] <= '9' &&
	       strlen(comm) < 10;
}

bool explain_is_kernel_thread(const struct oomlog_event *ev)
{
	if (explain_traced(ev, "kthread") || ev->invoker_pid == 2)
		return true;
	return ev->invoker_comm && !comes_from_user(ev) &&
	       (is_kswapd_name(ev->invoker_comm) || text_starts_with(ev->invoker_comm, "kworker/"));
}

bool explain_is_kswapd(const struct oomlog_event *ev)
{
	if (ev->mechanism == MECHANISM_MIN_TTL)
		return true;
	return ev->mechanism == MECHANISM_NONE && is_kswapd_name(ev->invoker_comm) &&
	       ev->gfp_mask && text_starts_with(ev->gfp_mask, "0xcc0") && ev->order == 0 &&
	       !comes_from_user(ev);
}

bool explain_is_kill(const struct oomlog_event *ev)
{
	return ev->victim_count || explain_traced(ev, "oom_kill_process");
}

int64_t explain_freed(const struct oomlog_event *ev)
{
	const struct oomlog_victim *v = ev->victims;

	if (ev->victim_count != 1 || !is_known(v->anon_rss_bytes))
		return ABSENT;
	return v->anon_rss_bytes + or_zero(v->pgtables_bytes);
}

bool explain_is_tiny(const struct oomlog_event *ev)
{
	int64_t freed = explain_freed(ev),
		all = or_zero(ev->ram_bytes) + or_zero(ev->swap_total_bytes);

	for (size_t i = 0; i < ev->task_count; i++)
		if (is_known(freed) && ev->tasks[i].pid == ev->victims[0].pid)
			freed += or_zero(ev->tasks[i].swap_bytes);
	return is_known(freed) && (freed < 32 << 20 || freed < all / 100);
}
