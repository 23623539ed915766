#include "report/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/touches.h"
#include "report/words.h"

/* In a folded line ';' separates frames and a blank the number: a name may have neither. */
static void append_name(struct strbuf *out, char *name)
{
	text_neutralise(name);
	for (char *c = name; *c; c++)
		if (*c == ';' || *c == ' ')
			*c = *c == ';' ? ':' : '_';
	strbuf_puts(out, name);
}

static void append_frame(const struct touch_frames *frames, const char *at, size_t len,
			 struct strbuf *out)
{
	for (size_t level = touch_levels(frames, at, len); level-- > 0;) {
		_cleanup_free_ char *name = touch_level_name(frames, at, len, level);

		append_name(out, name);
		strbuf_puts(out, level ? ";" : "");
	}
}

static void append_stack(const struct touch_frames *frames, const char *stack, struct strbuf *out)
{
	const char *end = stack + strlen(stack);

	while (end > stack) {
		const char *at = end;

		while (at > stack && at[-1] != ' ')
			at--;
		append_frame(frames, at, (size_t)(end - at), out);
		end = at > stack ? at - 1 : at;
		strbuf_puts(out, end > stack ? ";" : "");
	}
}

void export_folded(const struct facts *f, struct strbuf *out)
{
	const struct record *r = f->record;
	struct touch_frames frames;

	touch_frames_init(&frames, r);
	for (size_t i = 0; i < r->touch_count; i++) {
		const struct record_touch *t = &r->touches[i];
		int64_t bytes = touch_bytes(&frames, i);

		if (!bytes || !t->stack || !*t->stack)
			continue;
		append_stack(&frames, t->stack, out);
		strbuf_printf(out, " %" PRId64 "\n", bytes);
	}
	touch_frames_release(&frames);
}

static json_t *event(const struct facts *f, const char *name, const char *phase, int64_t t_ns)
{
	int64_t origin = or_zero(f->record->gate_ns);
	json_t *object = json_object();

	json_object_set_new(object, "name", record_string(name));
	json_object_set_new(object, "ph", json_string(phase));
	json_object_set_new(object, "ts", json_real((double)(t_ns - origin) / 1000));
	json_object_set_new(object, "pid", json_integer(or_zero(f->record->target_pid)));
	json_object_set_new(object, "tid", json_integer(or_zero(f->record->target_pid)));
	return object;
}

static void add_sample(const struct facts *f, const struct record_sample *s, json_t *events)
{
	static const enum metric shown[] = {METRIC_CURRENT, METRIC_ANON, METRIC_FILE,
					    METRIC_KERNEL,  METRIC_SWAP, METRIC_RSS};
	json_t *counter = event(f, "memory", "C", s->t_ns), *values = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		if (is_known(s->value[shown[i]]))
			json_object_set_new(values, record_metric_names[shown[i]],
					    json_integer(s->value[shown[i]]));
	json_object_set_new(counter, "args", values);
	json_array_append_new(events, counter);
}

static void add_mark(const struct facts *f, const char *name, int64_t t_ns, json_t *events)
{
	json_t *mark;

	if (!is_known(t_ns))
		return;
	mark = event(f, name, "i", t_ns);
	json_object_set_new(mark, "s", json_string("g"));
	json_array_append_new(events, mark);
}

json_t *export_trace_events(const struct facts *f)
{
	const struct record *r = f->record;
	json_t *events = json_array();

	if (is_known(r->gate_ns) && is_known(facts_duration_ns(f))) {
		json_t *run = event(f, facts_target_name(f), "X", r->gate_ns);

		json_object_set_new(run, "dur", json_real((double)facts_duration_ns(f) / 1000));
		json_array_append_new(events, run);
	}
	for (size_t i = 0; i < r->sample_count; i++)
		add_sample(f, &r->samples[i], events);
	for (size_t i = 0; i < r->mark_count; i++) {
		_cleanup_free_ char *mark = words_mark(&r->marks[i]);

		add_mark(f, mark, r->marks[i].t_ns, events);
	}
	for (size_t i = 0; i < r->checkpoint_count; i++)
		add_mark(f, r->checkpoints[i].name, r->checkpoints[i].t_ns, events);
	if (f->kill)
		add_mark(f, "killed", f->kill_ns, events);
	return json_pack("{s:o, s:s}", "traceEvents", events, "displayTimeUnit", "ms");
}
