#include "record/lines.h"

#define AT(of, member, json_name, kind, ...)                                               \
	{                                                                                  \
		.name = (json_name), .type = FIELD_##kind, .offset = offsetof(of, member), \
		__VA_ARGS__                                                                \
	}
#define REQUIRED .is_required = true
#define END                       \
	{                         \
		.type = FIELD_END \
	}

const struct field fields_run[] = {
	AT(struct record_run, id, "id", STRING),
	AT(struct record_run, backend, "backend", STRING),
	AT(struct record_run, kernel, "kernel", STRING),
	AT(struct record_run, machine, "machine", STRING),
	AT(struct record_run, started_at, "started_at", STRING),
	AT(struct record_run, accelerator, "accelerator", STRING),
	AT(struct record_run, page_size, "page_size", I64),
	AT(struct record_run, cgroup_version, "cgroup_version", I64),
	END,
};

const struct field fields_setting[] = {
	AT(struct line_setting, name, "name", STRING, REQUIRED),
	AT(struct line_setting, value, "value", STRING, REQUIRED),
	END,
};

const struct field fields_cgroup[] = {
	AT(struct record_cgroup, level, "level", INT, REQUIRED),
	AT(struct record_cgroup, path, "path", STRING),
	AT(struct record_cgroup, memory_max, "memory_max", AMOUNT),
	AT(struct record_cgroup, memory_high, "memory_high", AMOUNT),
	AT(struct record_cgroup, memory_swap_max, "memory_swap_max", AMOUNT),
	AT(struct record_cgroup, oom_group, "oom_group", I64),
	END,
};

const struct field fields_counters[] = {
	AT(struct line_counters, t_ns, "t", I64),
	AT(struct line_counters, level, "level", INT, REQUIRED),
	AT(struct line_counters, when, "when", STRING, REQUIRED),
	AT(struct line_counters, all, "events", COUNTERS),
	AT(struct line_counters, local, "local", COUNTERS),
	END,
};

const struct field fields_source[] = {
	AT(struct record_source, name, "name", STRING, REQUIRED),
	AT(struct record_source, is_open, "open", BOOL, REQUIRED),
	AT(struct record_source, why, "why", STRING),
	END,
};

const struct field fields_start[] = {
	AT(struct line_start, t_ns, "t", I64),
	AT(struct line_start, pid, "pid", I64),
	AT(struct line_start, cgroup_path, "cgroup", STRING),
	END,
};

const struct field fields_sample[] = {
	AT(struct record_sample, t_ns, "t", I64, REQUIRED),
	AT(struct record_sample, value, NULL, METRICS),
	END,
};

const struct field fields_kmsg[] = {
	AT(struct record_kmsg, t_ns, "t", I64),
	AT(struct record_kmsg, seq, "seq", U64, REQUIRED),
	AT(struct record_kmsg, priority, "pri", INT),
	AT(struct record_kmsg, text, "text", STRING, REQUIRED),
	END,
};

const struct field fields_checkpoint[] = {
	AT(struct record_checkpoint, t_ns, "t", I64),
	AT(struct record_checkpoint, name, "name", STRING, REQUIRED),
	AT(struct record_checkpoint, vsz_bytes, "vsz", I64),
	AT(struct record_checkpoint, rss_bytes, "rss", I64),
	END,
};

const struct field fields_refused[] = {
	AT(struct line_refused, t_ns, "t", I64),
	AT(struct line_refused, errno_value, "errno", I64, REQUIRED),
	AT(struct line_refused, bytes, "bytes", I64),
	AT(struct line_refused, what, "what", STRING),
	END,
};

const struct field fields_exit[] = {
	AT(struct record_process_end, t_ns, "t", I64),
	AT(struct record_process_end, pid, "pid", I64),
	AT(struct record_process_end, is_target, "target", BOOL, REQUIRED),
	AT(struct record_process_end, is_engines_word, "engine", BOOL),
	AT(struct record_process_end, exit_status, "status", I64),
	AT(struct record_process_end, signal, "signal", I64),
	END,
};

const struct field fields_arena[] = {
	AT(struct record_arena, id, "id", I64, REQUIRED),
	AT(struct record_arena, pid, "pid", I64),
	AT(struct record_arena, name, "name", STRING),
	AT(struct record_arena, policy, "policy", STRING),
	AT(struct record_arena, source, "source", STRING),
	AT(struct record_arena, reserved, "reserved", I64),
	AT(struct record_arena, committed, "committed", I64),
	AT(struct record_arena, touched, "touched", I64),
	AT(struct record_arena, used, "used", I64),
	AT(struct record_arena, peak, "peak", I64),
	AT(struct record_arena, clear_target, "clear_target", I64),
	AT(struct record_arena, cleared, "cleared", I64),
	AT(struct record_arena, init_site, "init_site", ADDRESS),
	AT(struct record_arena, clear_site, "clear_site", ADDRESS),
	AT(struct record_arena, base, "base", ADDRESS),
	AT(struct record_arena, refused_errno, "refused_errno", I64),
	AT(struct record_arena, first_record, "first", I64),
	AT(struct record_arena, last_record, "last", I64),
	END,
};

const struct field fields_site[] = {
	AT(struct record_site, address, "address", ADDRESS, REQUIRED),
	AT(struct record_site, function, "function", STRING),
	AT(struct record_site, file, "file", STRING),
	AT(struct record_site, line_number, "line", INT),
	END,
};

const struct field fields_engine[] = {
	AT(struct record_engine, name, "name", STRING, REQUIRED),
	AT(struct record_engine, version, "version", STRING),
	AT(struct record_engine, image, "image", STRING),
	AT(struct record_engine, container, "container", STRING),
	END,
};

const struct field fields_engine_end[] = {
	AT(struct record_engine, oom_killed, "oom_killed", I64),
	AT(struct record_engine, exit_status, "status", I64),
	AT(struct record_engine, error, "error", STRING),
	END,
};

const struct field fields_maps[] = {
	AT(struct record_maps, pid, "pid", I64, REQUIRED),
	AT(struct record_maps, exe, "exe", STRING),
	AT(struct record_maps, maps, "maps", STRING),
	END,
};

const struct field fields_module[] = {
	AT(struct record_module, id, "id", I64, REQUIRED),
	AT(struct record_module, path, "path", STRING, REQUIRED),
	END,
};

const struct field fields_touch[] = {
	AT(struct record_touch, pid, "pid", I64, REQUIRED),
	AT(struct record_touch, is_syscall, "syscall", BOOL),
	AT(struct record_touch, anon, "anon", I64),
	AT(struct record_touch, anon_lost, "anon_lost", I64),
	AT(struct record_touch, file, "file", I64),
	AT(struct record_touch, shmem, "shmem", I64),
	AT(struct record_touch, faults, "faults", I64),
	AT(struct record_touch, lone, "lone", I64),
	AT(struct record_touch, samples, "samples", I64),
	AT(struct record_touch, mapping, "mapping", I64),
	AT(struct record_touch, is_on_stack, "on_stack", BOOL),
	AT(struct record_touch, stack, "stack", STRING),
	END,
};

const struct field fields_mapping[] = {
	AT(struct record_mapping, id, "id", I64, REQUIRED),
	AT(struct record_mapping, pid, "pid", I64, REQUIRED),
	AT(struct record_mapping, what, "what", STRING, REQUIRED),
	AT(struct record_mapping, start, "start", ADDRESS),
	AT(struct record_mapping, bytes, "bytes", I64),
	AT(struct record_mapping, calls, "calls", I64),
	AT(struct record_mapping, t_ns, "t", I64),
	AT(struct record_mapping, first_ns, "first", I64),
	AT(struct record_mapping, last_ns, "last", I64),
	AT(struct record_mapping, stack, "stack", STRING),
	END,
};

const struct field fields_resident[] = {
	AT(struct record_resident, pid, "pid", I64, REQUIRED),
	AT(struct record_resident, anon, "anon", I64),
	AT(struct record_resident, file, "file", I64),
	AT(struct record_resident, shmem, "shmem", I64),
	AT(struct record_resident, inherited, "inherited", I64),
	AT(struct record_resident, has_forked, "forked", BOOL),
	END,
};

const struct field fields_frame[] = {
	AT(struct record_frame, at, "at", STRING, REQUIRED),
	AT(struct record_frame, function, "function", STRING),
	AT(struct record_frame, file, "file", STRING),
	AT(struct record_frame, line_number, "line", INT),
	END,
};

const struct field fields_reservation[] = {
	AT(struct record_reservation, pid, "pid", I64),
	AT(struct record_reservation, what, "what", STRING, REQUIRED),
	AT(struct record_reservation, site, "site", ADDRESS),
	AT(struct record_reservation, at, "at", STRING),
	AT(struct record_reservation, calls, "calls", I64, REQUIRED),
	AT(struct record_reservation, refused, "refused", I64, REQUIRED),
	AT(struct record_reservation, frees, "frees", I64, REQUIRED),
	AT(struct record_reservation, asked, "asked", I64, REQUIRED),
	AT(struct record_reservation, live, "live", I64, REQUIRED),
	AT(struct record_reservation, peak, "peak", I64, REQUIRED),
	AT(struct record_reservation, ended, "ended", STRING),
	END,
};

const struct field fields_range[] = {
	AT(struct record_range, pid, "pid", I64),
	AT(struct record_range, what, "what", STRING, REQUIRED),
	AT(struct record_range, site, "site", ADDRESS),
	AT(struct record_range, start, "start", ADDRESS, REQUIRED),
	AT(struct record_range, bytes, "bytes", I64, REQUIRED),
	END,
};

const struct field fields_gate[] = {
	AT(struct record_note, t_ns, "t", I64, REQUIRED),
	END,
};

const struct field fields_end[] = {
	AT(struct record_note, t_ns, "t", I64),
	END,
};

const struct field fields_mark[] = {
	AT(struct record_note, t_ns, "t", I64),
	AT(struct record_note, name, "name", STRING, REQUIRED),
	END,
};

const struct field fields_mark_victim[] = {
	AT(struct record_note, t_ns, "t", I64),
	AT(struct record_note, count, "pid", I64, REQUIRED),
	AT(struct record_note, text, "comm", STRING),
	END,
};

const struct field fields_watchdog[] = {
	AT(struct record_note, t_ns, "t", I64),
	AT(struct record_note, text, "why", STRING, REQUIRED),
	END,
};

const struct field fields_residue[] = {
	AT(struct record_note, count, "bytes", I64, REQUIRED),
	END,
};

const struct field fields_lost[] = {
	AT(struct record_note, name, "name", STRING, REQUIRED),
	AT(struct record_note, count, "count", I64, REQUIRED),
	END,
};

const struct field fields_note[] = {
	AT(struct record_note, text, "text", STRING, REQUIRED),
	END,
};
