#include "replay/replay_source.h"

#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "replay/replay_parts.h"

/* In the order of the enums of scenarios/stage.h. */
static const char *const way_names[] = {
	"STAGE_TOUCH", "STAGE_TOUCH_FILE",  "STAGE_WRITE_FILE", "STAGE_WRITE_TMPFS", "STAGE_PIPE",
	"STAGE_FORK",  "STAGE_LOWER_LIMIT", "STAGE_SYSRQ",	"STAGE_MIN_TTL",
};
static const char *const bound_names[STAGE_BOUND_COUNT] = {"STAGE_MACHINE", "STAGE_CGROUP",
							   "STAGE_CPUSET", "STAGE_POLICY"};
static const char *const constraint_names[STAGE_BOUND_COUNT] = {
	"CONSTRAINT_NONE", "CONSTRAINT_MEMCG", "CONSTRAINT_CPUSET", "CONSTRAINT_MEMORY_POLICY"};

/* A string of C; whatever could mean something else in one is octal. */
static void put_string(struct strbuf *out, const char *text)
{
	strbuf_putc(out, '"');
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\' || *c == '?')
			strbuf_printf(out, "\\%03o", *c);
		else
			strbuf_putc(out, (char)*c);
	strbuf_putc(out, '"');
}

/* Text of a comment, 90 columns wide; no character of it can end one. */
static void put_comment(struct strbuf *out, const char *text)
{
	const char *end = text + strlen(text);

	for (const char *line = text, *stop; line < end; line = stop + (*stop == ' ')) {
		stop = text_line_end(line, end, 90);
		strbuf_puts(out, line == text ? " * " : " *   ");
		for (const char *c = line; c < stop; c++)
			strbuf_putc(out,
				    *c < ' ' || *c > '~' || *c == '*' || *c == '\\' || *c == '?'
					    ? '_'
					    : *c);
		strbuf_putc(out, '\n');
	}
}

static void put_processes(const struct replay_plan *plan, struct strbuf *out)
{
	strbuf_puts(out, "/* comm, pid, uid, oom_score_adj; private, tmpfs, file, page tables in "
			 "bytes; place */\n"
			 "static const struct stage_process processes[] = {\n");
	for (size_t i = 0; i < plan->row_count; i++) {
		const struct replay_row *row = &plan->rows[i];

		strbuf_puts(out, "\t{");
		put_string(out, row->comm);
		strbuf_printf(
			out,
			", %d, %u, %d, %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64 ", %zu},\n",
			row->pid, row->uid, row->oom_score_adj,
			replay_scaled(plan, row->private_bytes),
			replay_scaled(plan, row->tmpfs_bytes), replay_scaled(plan, row->file_bytes),
			replay_scaled(plan, row->pgtables_bytes), row->place);
	}
	strbuf_puts(out, "};\n\n");
}

static void put_index(struct strbuf *out, const char *member, size_t index)
{
	if (index == SIZE_MAX)
		strbuf_printf(out, "\t.%s = SIZE_MAX,\n", member);
	else
		strbuf_printf(out, "\t.%s = %zu,\n", member, index);
}

static void put_stage(const struct replay_plan *plan, struct strbuf *out)
{
	strbuf_puts(out, "static const char *const places[] = {\n");
	for (size_t i = 0; i < plan->places.count; i++) {
		strbuf_putc(out, '\t');
		put_string(out, plan->places.list[i]);
		strbuf_puts(out, ",\n");
	}
	strbuf_puts(out, "};\n\n");
	put_processes(plan, out);
	strbuf_printf(out,
		      "static const struct stage stage = {\n"
		      "\t.places = places,\n"
		      "\t.place_count = %zu,\n",
		      plan->places.count);
	put_index(out, "limited", plan->limited);
	strbuf_printf(out, "\t.limit_bytes = %" PRId64 ",\n", plan->limit_bytes);
	put_index(out, "grouped", plan->grouped);
	strbuf_printf(out,
		      "\t.bound = %s,\n"
		      "\t.way = %s,\n"
		      "\t.kills_invoker = %s,\n"
		      "\t.may_grow = %s,\n"
		      "\t.panic_on_oom = %d,\n"
		      "\t.slab_bytes = %" PRId64 ",\n"
		      "\t.processes = processes,\n"
		      "\t.process_count = %zu,\n"
		      "\t.invoker = %zu,\n"
		      "};\n\n",
		      bound_names[plan->bound], way_names[plan->way],
		      plan->kills_invoker ? "true" : "false",
		      plan->rows[plan->invoker].is_victim ? "true" : "false", plan->panic_on_oom,
		      replay_scaled(plan, plan->slab_bytes), plan->row_count, plan->invoker);
}

static const char *first_victim(const struct replay_plan *plan)
{
	for (size_t i = 0; i < plan->row_count; i++)
		if (plan->rows[i].is_victim)
			return plan->rows[i].comm;
	return "?";
}

void replay_source(const struct replay_plan *plan, const char *name, const char *log,
		   struct strbuf *out)
{
	_cleanup_free_ char *head = text_format(
		"The OOM kill of %s, as oomlab replay makes it happen again: %zu processes, sizes "
		"%.4g times those of the log, in which %s was killed. Chosen was:",
		log, plan->row_count, plan->factor, first_victim(plan));

	strbuf_puts(out, "/*\n");
	put_comment(out, head);
	for (size_t i = 0; i < plan->choices.count; i++)
		put_comment(out, plan->choices.list[i]);
	strbuf_puts(out, " */\n#include \"stage.h\"\n\n#include <stdlib.h>\n\n"
			 "#include \"scenario.h\"\n\n");
	put_stage(plan, out);
	strbuf_printf(
		out,
		"static void replay(struct scenario_env *env)\n"
		"{\n"
		"\t(void)env;\n"
		"\texit((int)stage_run(&stage));\n"
		"}\n\n"
		"const struct scenario scenario = {\n"
		"\t.name = \"%s\",\n"
		"\t.summary = \"the OOM kill of a log, with %zu processes\",\n"
		"\t.run = replay,\n"
		"\t.vm = {.overcommit_memory = OVERCOMMIT_ALWAYS, .ram_bytes = %" PRId64 "%s},\n"
		"\t.timeout_sec = 300,\n"
		"\t.ceiling_bytes = %" PRId64 ",\n"
		"\t.expect =\n"
		"\t\t{\n"
		"\t\t\t.outcome = OUTCOME_CHILD_OOM_KILLED,\n"
		"\t\t\t.constraint = %s,\n"
		"\t\t\t.victim = VICTIM_CHILD,\n"
		"\t\t\t.oom_kill = AT_LEAST(1),\n"
		"\t\t},\n"
		"};\n",
		name, plan->row_count, plan->ram_bytes, plan->nodes > 1 ? ", .numa_nodes = 2" : "",
		plan->ram_bytes, constraint_names[plan->bound]);
}
