#include "explain/explain_parts.h"

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
