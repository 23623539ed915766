#include "oomlog/assemble_parts.h"

/* "init.scope: Failed with result 'oom-kill'.": the unit of an open event's victim, or of another. */
static void take_result(struct assembler *a, const struct message *m)
{
	struct draft *f = &a->draft;
	size_t at = span_find(m->text, SPAN(": Failed with result"));
	struct span unit = span_head(m->text, at == SPAN_NONE ? 0 : at);

	if (span_rfind(unit, SPAN(" ")) != SPAN_NONE)
		unit = span_skip(unit, span_rfind(unit, SPAN(" ")) + 1);
	if (!unit.n || f->event.failed_unit)
		return;
	f->event.failed_unit = pool_text(&f->pool, unit);
	f->event.lines.result = m->line;
}

void assemble_other_take(struct assembler *a, const struct message *m)
{
	const struct oomlog_other other = {m->killer, m->line};

	if (m->killer == KILLER_SYSTEMD_RESULT && a->open && event(a)->victim_count)
		take_result(a, m);
	else if (m->killer != KILLER_SYSTEMD_RESULT && a->options.other)
		a->options.other(&other, a->options.ctx);
}
