#include "oomlog/assemble_parts.h"

/*
 * dump_stack(), dump_header() and oom_kill_process() in this order are a kill's trace, whose first
 * lines are missing; a stall in the middle of a dump does not begin with dump_stack().
 */
static bool is_kill_trace(struct assembler *a, const struct message *m)
{
	struct span name = {NULL, 0};
	unsigned int step = m->kind == KIND_FRAME ? a->header_step : 0;

	if (m->kind == KIND_FRAME || m->kind == KIND_OTHER)
		name = fact_frame_name(m->text);
	if (span_starts(name, SPAN("dump_stack")))
		a->header_step = 1;
	else
		a->header_step = step == 1 && span_starts(name, SPAN("dump_header")) ? 2 : 0;
	return step == 2 && span_starts(name, SPAN("oom_kill_process"));
}

static void begin_at_trace(struct assembler *a, const struct message *m)
{
	if (!a->open || assemble_is_past_dump(a) || event(a)->trace_count)
		assemble_begin(a, m);
	a->certain = a->draft.in_trace = true;
	a->draft.event.lines.trace = m->line;
}

bool assemble_trace_take(struct assembler *a, const struct message *m)
{
	struct draft *f = &a->draft;
	bool kills = is_kill_trace(a, m);

	if (kills && !f->in_trace)
		begin_at_trace(a, m);
	bool dump = a->open && event(a)->lines.invoked && !assemble_is_past_dump(a);

	if (m->kind == KIND_TRACE_HEAD && dump && !f->trace_done) {
		f->in_trace = true;
		f->event.lines.trace = m->line;
		fact_trace_head(f, m->text);
		return true;
	}
	/* ARM and old i386 kernels have no head. */
	if (m->kind == KIND_FRAME && dump && !f->in_trace && !f->trace_done) {
		f->in_trace = true;
		f->event.lines.trace = m->line;
	}
	if (!f->in_trace)
		return false;
	if (m->kind == KIND_FRAME || m->kind == KIND_OTHER || m->kind == KIND_TASK_IN_REST) {
		if (fact_frame(f, m->text) || event(a)->trace_count == 0)
			return true;
		if (m->kind != KIND_FRAME)
			return false;
	}
	/* Registers of a fault that the kernel itself took stand in the middle of the trace. */
	if (m->kind == KIND_REGISTERS && !event(a)->has_registers &&
	    !span_has(m->text, SPAN("RIP: 0033")))
		return false;
	f->in_trace = false;
	f->trace_done = true;
	return false;
}
