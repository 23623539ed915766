#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "record/lines.h"

void record_writer_init(struct record_writer *w, int fd)
{
	*w = (struct record_writer){.fd = fd};
}

static int write_whole(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n ? errno : ENOSPC;
			return -1;
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static void write_line(struct record_writer *w, const char *text, size_t len)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	strbuf_append(&sb, text, len);
	strbuf_putc(&sb, '\n');
	if (write_whole(w->fd, sb.buf, sb.len)) {
		w->failed = true;
		err_errno(&w->err, EXIT_LAB_BROKEN, "cannot write the record");
	}
	w->lines++;
}

void record_put(struct record_writer *w, const char *ev, json_t *line)
{
	json_t *object = json_pack("{ss}", "ev", ev);
	_cleanup_free_ char *text = NULL;

	if (!w->failed) {
		json_object_update(object, line);
		text = json_dumps(object, JSON_COMPACT);
		if (text) {
			write_line(w, text, strlen(text));
		} else {
			w->failed = true;
			err_set(&w->err, EXIT_LAB_BROKEN,
				"cannot write the record: out of memory for a line of kind %s", ev);
		}
	}
	json_decref(object);
	json_decref(line);
}

int record_put_raw(struct record_writer *w, const char *text, size_t len)
{
	json_t *object = memchr(text, '\n', len) ? NULL : json_loadb(text, len, 0, NULL);
	bool is_line = json_is_string(json_object_get(object, "ev"));

	json_decref(object);
	if (!is_line)
		return -1;
	if (!w->failed)
		write_line(w, text, len);
	return 0;
}

static void put_struct(struct record_writer *w, const char *ev, const struct field *fields,
		       const void *from)
{
	record_put(w, ev, fields_to_json(fields, from));
}

void record_put_run(struct record_writer *w, const struct record_run *run)
{
	json_t *line = fields_to_json(fields_run, run);
	json_t *argv = run->argv ? json_array() : NULL;

	for (char *const *arg = run->argv; arg && *arg; arg++)
		json_array_append_new(argv, fields_string(*arg, strlen(*arg)));
	json_object_set_new(line, "schema", json_string(RECORD_SCHEMA));
	if (argv)
		json_object_set_new(line, "argv", argv);
	record_put(w, "run", line);
}

void record_put_spec(struct record_writer *w, const struct spec *spec)
{
	record_put(w, "spec", spec_to_json(spec));
}

void record_put_setting(struct record_writer *w, const char *name, const char *value)
{
	put_struct(w, "setting", fields_setting, &(struct line_setting){name, value});
}

void record_put_cgroup(struct record_writer *w, int level, const char *path,
		       const struct cgroup_limits *limits)
{
	struct record_cgroup cgroup = {
		.level = level,
		.path = path,
		.memory_max = limits->memory_max,
		.memory_high = limits->memory_high,
		.memory_swap_max = limits->memory_swap_max,
		.oom_group = limits->oom_group,
	};

	put_struct(w, "cgroup", fields_cgroup, &cgroup);
}

void record_put_counters(struct record_writer *w, int64_t t_ns, int level, enum moment when,
			 const struct record_counters *all, const struct record_counters *local)
{
	struct line_counters line = {.t_ns = t_ns, .level = level, .when = when, .all = *all};

	for (int i = 0; i < COUNTER_COUNT; i++)
		line.local.value[i] = local ? local->value[i] : ABSENT;
	put_struct(w, "counters", fields_counters, &line);
}

void record_put_source(struct record_writer *w, const char *name, bool is_open, const char *why)
{
	struct record_source source = {.name = name, .is_open = is_open, .why = why};

	put_struct(w, "source", fields_source, &source);
}

void record_put_needless(struct record_writer *w, const char *name, const char *why)
{
	struct record_source source = {.name = name, .is_needless = true, .why = why};

	put_struct(w, "source", fields_source, &source);
}

void record_put_start(struct record_writer *w, int64_t t_ns, int64_t pid, const char *cgroup_path)
{
	put_struct(w, "start", fields_start, &(struct line_start){t_ns, pid, cgroup_path});
}

void record_put_gate(struct record_writer *w, int64_t t_ns)
{
	put_struct(w, "gate", fields_gate, &(struct record_note){.t_ns = t_ns});
}

void record_put_sample(struct record_writer *w, const struct record_sample *sample)
{
	put_struct(w, "sample", fields_sample, sample);
}

void record_put_kmsg(struct record_writer *w, int64_t t_ns, uint64_t seq, int priority,
		     const char *text, size_t len)
{
	const char *newline = memchr(text, '\n', len);
	struct record_kmsg head = {.t_ns = t_ns, .seq = seq, .priority = priority};
	json_t *line = fields_to_json(fields_kmsg, &head);

	json_object_set_new(line, "text",
			    fields_string(text, newline ? (size_t)(newline - text) : len));
	record_put(w, "kmsg", line);
}

void record_put_checkpoint(struct record_writer *w, const struct record_checkpoint *c)
{
	put_struct(w, "checkpoint", fields_checkpoint, c);
}

void record_put_refused(struct record_writer *w, int64_t t_ns, int64_t errno_value, int64_t bytes,
			const char *what)
{
	struct line_refused line = {t_ns, errno_value, bytes, what};

	put_struct(w, "refused", fields_refused, &line);
}

void record_put_exit(struct record_writer *w, const struct record_process_end *e)
{
	put_struct(w, "exit", fields_exit, e);
}

void record_put_process(struct record_writer *w, const struct record_process *process)
{
	put_struct(w, "run_process", fields_run_process, process);
}

void record_put_cgroup_seen(struct record_writer *w, const struct record_cgroup_seen *cgroup)
{
	put_struct(w, "cgroup_seen", fields_cgroup_seen, cgroup);
}

void record_put_mark(struct record_writer *w, int64_t t_ns, enum mark what, int64_t value)
{
	put_struct(w, "mark", fields_mark, &(struct record_mark){t_ns, what, value, 0});
}

void record_put_mark_victim(struct record_writer *w, int64_t t_ns, int64_t pid, const char *comm)
{
	struct record_note note = {.t_ns = t_ns, .count = pid, .text = comm};

	put_struct(w, "mark_victim", fields_mark_victim, &note);
}

void record_put_watchdog(struct record_writer *w, int64_t t_ns, enum watchdog why)
{
	put_struct(w, "watchdog", fields_watchdog, &(struct line_watchdog){t_ns, why});
}

int record_guardian_line(const struct record_guardian *guardian, char *text, size_t size)
{
	int len = snprintf(text, size,
			   "{\"ev\":\"guardian\",\"t\":%" PRId64
			   ",\"why\":\"%s\",\"ended\":%" PRId64 ",\"left\":%" PRId64,
			   guardian->t_ns, record_guardian_names[guardian->why], guardian->ended,
			   guardian->left);

	if ((size_t)len < size && guardian->oom_kill != ABSENT)
		len += snprintf(text + len, size - (size_t)len, ",\"oom_kill\":%" PRId64,
				guardian->oom_kill);
	if ((size_t)len < size)
		len += snprintf(text + len, size - (size_t)len, "}\n");
	return (size_t)len < size ? len : 0;
}

void record_put_residue(struct record_writer *w, int64_t bytes)
{
	put_struct(w, "residue", fields_residue, &(struct record_note){.count = bytes});
}

void record_put_lost(struct record_writer *w, enum loss what, int64_t count)
{
	put_struct(w, "lost", fields_lost, &(struct record_loss){.what = what, .count = count});
}

void record_put_note(struct record_writer *w, const char *text)
{
	put_struct(w, "note", fields_note, &(struct record_note){.text = text});
}

void record_put_twin(struct record_writer *w, const struct record_twin *twin)
{
	put_struct(w, "twin", fields_twin, twin);
}

void record_put_isolation(struct record_writer *w, enum isolation files)
{
	put_struct(w, "isolation", fields_isolation, &(struct record_isolation){.files = files});
}

void record_put_maps(struct record_writer *w, int64_t pid, const char *exe, const char *maps)
{
	struct record_maps line = {.pid = pid, .exe = exe, .maps = maps};

	put_struct(w, "maps", fields_maps, &line);
}

void record_put_arena(struct record_writer *w, const struct record_arena *arena)
{
	put_struct(w, "arena", fields_arena, arena);
}

void record_put_site(struct record_writer *w, const struct record_site *site)
{
	put_struct(w, "site", fields_site, site);
}

void record_put_module(struct record_writer *w, int64_t id, const char *path)
{
	put_struct(w, "module", fields_module, &(struct record_module){.id = id, .path = path});
}

void record_put_touch(struct record_writer *w, const struct record_touch *touch)
{
	put_struct(w, "touch", fields_touch, touch);
}

void record_put_mapping(struct record_writer *w, const struct record_mapping *mapping)
{
	put_struct(w, "mapping", fields_mapping, mapping);
}

void record_put_invoker(struct record_writer *w, const struct record_invoker *invoker)
{
	put_struct(w, "invoker", fields_invoker, invoker);
}

void record_put_memory_file(struct record_writer *w, const struct record_memory_file *file)
{
	put_struct(w, "memory_file", fields_memory_file, file);
}

void record_put_resident(struct record_writer *w, const struct record_resident *resident)
{
	put_struct(w, "resident", fields_resident, resident);
}

void record_put_frame(struct record_writer *w, const struct record_frame *frame)
{
	put_struct(w, "frame", fields_frame, frame);
}

void record_put_tail_call(struct record_writer *w, const struct record_tail_call *tail_call)
{
	put_struct(w, "tail_call", fields_tail_call, tail_call);
}

void record_put_reservation(struct record_writer *w, const struct record_reservation *reservation)
{
	put_struct(w, "reservation", fields_reservation, reservation);
}

void record_put_range(struct record_writer *w, const struct record_range *range)
{
	put_struct(w, "range", fields_range, range);
}

void record_put_engine(struct record_writer *w, const struct record_engine *engine)
{
	put_struct(w, "engine", fields_engine, engine);
}

void record_put_engine_end(struct record_writer *w, const struct record_engine *engine)
{
	put_struct(w, "engine_end", fields_engine_end, engine);
}

void record_put_error(struct record_writer *w, const char *text)
{
	put_struct(w, "error", fields_note, &(struct record_note){.text = text});
}

void record_put_panic(struct record_writer *w, const char *text)
{
	put_struct(w, "panic", fields_note, &(struct record_note){.text = text});
}

void record_put_skip(struct record_writer *w, const char *why)
{
	put_struct(w, "skip", fields_note, &(struct record_note){.text = why});
}

void record_put_end(struct record_writer *w, int64_t t_ns)
{
	put_struct(w, "end", fields_end, &(struct record_note){.t_ns = t_ns});
}

void record_put_closed(struct record_writer *w)
{
	put_struct(w, RECORD_CLOSED, fields_closed, &(struct record_note){.count = w->lines});
}
