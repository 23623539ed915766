#include "record/lines.h"

/* A page fault is taken for up to twice a huge page of 2 MiB. */
enum { PAGE_FAULT_SHIFT = 22 };

const struct field fields_run[] = {
	FIELD(struct record_run, id, "id", STRING),
	FIELD(struct record_run, backend, "backend", STRING),
	FIELD(struct record_run, kernel, "kernel", STRING),
	FIELD(struct record_run, machine, "machine", STRING),
	FIELD(struct record_run, started_at, "started_at", STRING),
	FIELD(struct record_run, accelerator, "accelerator", STRING),
	FIELD(struct record_run, page_size, "page_size", I64),
	FIELD(struct record_run, cgroup_version, "cgroup_version", I64),
	FIELD(struct record_run, last_line, "last_line", STRING),
	FIELDS_END,
};

const struct field fields_setting[] = {
	FIELD(struct line_setting, name, "name", STRING, REQUIRED),
	FIELD(struct line_setting, value, "value", STRING, REQUIRED),
	FIELDS_END,
};

const struct field fields_cgroup[] = {
	FIELD(struct record_cgroup, level, "level", INT, REQUIRED),
	FIELD(struct record_cgroup, path, "path", STRING),
	FIELD(struct record_cgroup, memory_max, "memory_max", AMOUNT),
	FIELD(struct record_cgroup, memory_high, "memory_high", AMOUNT),
	FIELD(struct record_cgroup, memory_swap_max, "memory_swap_max", AMOUNT),
	FIELD(struct record_cgroup, oom_group, "oom_group", I64),
	FIELDS_END,
};

const struct field fields_counters[] = {
	FIELD(struct line_counters, t_ns, "t", I64),
	FIELD(struct line_counters, level, "level", INT, REQUIRED),
	FIELD(struct line_counters, when, "when", ENUM, WORDS(record_moment_names), REQUIRED),
	FIELD(struct line_counters, all, "events", COUNTERS),
	FIELD(struct line_counters, local, "local", COUNTERS),
	FIELDS_END,
};

const struct field fields_source[] = {
	FIELD(struct record_source, name, "name", STRING, REQUIRED),
	FIELD(struct record_source, is_open, "open", BOOL, REQUIRED),
	FIELD(struct record_source, is_needless, "needless", FLAG),
	FIELD(struct record_source, why, "why", STRING),
	FIELDS_END,
};

const struct field fields_start[] = {
	FIELD(struct line_start, t_ns, "t", I64),
	FIELD(struct line_start, pid, "pid", I64),
	FIELD(struct line_start, cgroup_path, "cgroup", STRING),
	FIELDS_END,
};

const struct field fields_sample[] = {
	FIELD(struct record_sample, t_ns, "t", I64, REQUIRED),
	FIELD(struct record_sample, value, NULL, METRICS),
	FIELDS_END,
};

const struct field fields_kmsg[] = {
	FIELD(struct record_kmsg, t_ns, "t", I64),
	FIELD(struct record_kmsg, seq, "seq", U64, REQUIRED),
	FIELD(struct record_kmsg, priority, "pri", INT),
	FIELD(struct record_kmsg, text, "text", STRING, REQUIRED),
	FIELDS_END,
};

const struct field fields_checkpoint[] = {
	FIELD(struct record_checkpoint, t_ns, "t", I64),
	FIELD(struct record_checkpoint, name, "name", STRING, REQUIRED),
	FIELD(struct record_checkpoint, vsz_bytes, "vsz", I64),
	FIELD(struct record_checkpoint, rss_bytes, "rss", I64),
	FIELDS_END,
};

const struct field fields_refused[] = {
	FIELD(struct line_refused, t_ns, "t", I64),
	FIELD(struct line_refused, errno_value, "errno", I64, REQUIRED),
	FIELD(struct line_refused, bytes, "bytes", I64),
	FIELD(struct line_refused, what, "what", STRING),
	FIELDS_END,
};

const struct field fields_exit[] = {
	FIELD(struct record_process_end, t_ns, "t", I64),
	FIELD(struct record_process_end, pid, "pid", I64),
	FIELD(struct record_process_end, is_target, "target", BOOL, REQUIRED),
	FIELD(struct record_process_end, is_engines_word, "engine", BOOL),
	FIELD(struct record_process_end, exit_status, "status", I64),
	FIELD(struct record_process_end, signal, "signal", I64),
	FIELDS_END,
};

const struct field fields_run_process[] = {
	FIELD(struct record_process, t_ns, "t", I64),
	FIELD(struct record_process, pid, "pid", I64, REQUIRED),
	FIELD(struct record_process, parent, "parent", I64),
	FIELD(struct record_process, comm, "comm", STRING),
	FIELD(struct record_process, parent_comm, "parent_comm", STRING),
	FIELD(struct record_process, cgroup, "cgroup", STRING),
	FIELDS_END,
};

const struct field fields_cgroup_seen[] = {
	FIELD(struct record_cgroup_seen, t_ns, "t", I64),
	FIELD(struct record_cgroup_seen, path, "path", STRING, REQUIRED),
	FIELD(struct record_cgroup_seen, memory_max, "memory_max", AMOUNT),
	FIELD(struct record_cgroup_seen, oom_group, "oom_group", I64),
	FIELD(struct record_cgroup_seen, all, "events", COUNTERS),
	FIELD(struct record_cgroup_seen, local, "local", COUNTERS),
	FIELDS_END,
};

const struct field fields_arena[] = {
	FIELD(struct record_arena, id, "id", I64, REQUIRED),
	FIELD(struct record_arena, pid, "pid", I64),
	FIELD(struct record_arena, name, "name", STRING),
	FIELD(struct record_arena, policy, "policy", ENUM, WORDS(record_policy_names)),
	FIELD(struct record_arena, source, "source", ENUM, WORDS(record_origin_names)),
	FIELD(struct record_arena, reserved, "reserved", I64),
	FIELD(struct record_arena, committed, "committed", I64),
	FIELD(struct record_arena, touched, "touched", I64),
	FIELD(struct record_arena, used, "used", I64),
	FIELD(struct record_arena, peak, "peak", I64),
	FIELD(struct record_arena, clear_target, "clear_target", I64),
	FIELD(struct record_arena, cleared, "cleared", I64),
	FIELD(struct record_arena, init_site, "init_site", ADDRESS),
	FIELD(struct record_arena, clear_site, "clear_site", ADDRESS),
	FIELD(struct record_arena, base, "base", ADDRESS),
	FIELD(struct record_arena, refused_errno, "refused_errno", I64),
	FIELD(struct record_arena, first_record, "first", I64),
	FIELD(struct record_arena, last_record, "last", I64),
	FIELDS_END,
};

const struct field fields_site[] = {
	FIELD(struct record_site, address, "address", ADDRESS, REQUIRED),
	FIELD(struct record_site, function, "function", STRING),
	FIELD(struct record_site, file, "file", STRING),
	FIELD(struct record_site, line_number, "line", INT),
	FIELDS_END,
};

const struct field fields_engine[] = {
	FIELD(struct record_engine, name, "name", STRING, REQUIRED),
	FIELD(struct record_engine, version, "version", STRING),
	FIELD(struct record_engine, image, "image", STRING),
	FIELD(struct record_engine, container, "container", STRING),
	FIELDS_END,
};

const struct field fields_engine_end[] = {
	FIELD(struct record_engine, oom_killed, "oom_killed", I64),
	FIELD(struct record_engine, exit_status, "status", I64),
	FIELD(struct record_engine, error, "error", STRING),
	FIELDS_END,
};

const struct field fields_maps[] = {
	FIELD(struct record_maps, pid, "pid", I64, REQUIRED),
	FIELD(struct record_maps, exe, "exe", STRING),
	FIELD(struct record_maps, maps, "maps", STRING),
	FIELDS_END,
};

const struct field fields_module[] = {
	FIELD(struct record_module, id, "id", I64, REQUIRED),
	FIELD(struct record_module, path, "path", STRING, REQUIRED),
	FIELDS_END,
};

const struct field fields_touch[] = {
	FIELD(struct record_touch, pid, "pid", I64, REQUIRED),
	FIELD(struct record_touch, is_syscall, "syscall", BOOL),
	FIELD(struct record_touch, anon, "anon", I64, SUMMED(0)),
	FIELD(struct record_touch, anon_lost, "anon_lost", I64, SUMMED(0)),
	FIELD(struct record_touch, swapped_in, "swapped_in", I64, SUMMED(0)),
	FIELD(struct record_touch, file, "file", I64, SUMMED(0)),
	FIELD(struct record_touch, shmem, "shmem", I64, SUMMED(0)),
	FIELD(struct record_touch, faults, "faults", I64, SUMMED(PAGE_FAULT_SHIFT)),
	FIELD(struct record_touch, lone, "lone", I64),
	FIELD(struct record_touch, samples, "samples", I64, SUMMED(0)),
	FIELD(struct record_touch, mapping, "mapping", I64),
	FIELD(struct record_touch, is_on_stack, "on_stack", BOOL),
	FIELD(struct record_touch, stack, "stack", STRING),
	FIELDS_END,
};

const struct field fields_mapping[] = {
	FIELD(struct record_mapping, id, "id", I64, REQUIRED),
	FIELD(struct record_mapping, pid, "pid", I64, REQUIRED),
	FIELD(struct record_mapping, what, "what", ENUM, WORDS(record_mapping_names), REQUIRED),
	FIELD(struct record_mapping, is_requested, "requested", BOOL),
	FIELD(struct record_mapping, start, "start", ADDRESS),
	FIELD(struct record_mapping, bytes, "bytes", I64, SUMMED(0)),
	FIELD(struct record_mapping, calls, "calls", I64, SUMMED(0)),
	FIELD(struct record_mapping, returned, "returned", I64, SUMMED(0)),
	FIELD(struct record_mapping, t_ns, "t", I64),
	FIELD(struct record_mapping, first_ns, "first", I64),
	FIELD(struct record_mapping, last_ns, "last", I64),
	FIELD(struct record_mapping, stack, "stack", STRING),
	FIELDS_END,
};

const struct field fields_invoker[] = {
	FIELD(struct record_invoker, t_ns, "t", I64, REQUIRED),
	FIELD(struct record_invoker, pid, "pid", I64, REQUIRED),
	FIELD(struct record_invoker, tid, "tid", I64, REQUIRED),
	FIELD(struct record_invoker, victim, "victim", I64, REQUIRED),
	FIELD(struct record_invoker, stack, "stack", STRING, REQUIRED),
	FIELDS_END,
};

const struct field fields_memory_file[] = {
	FIELD(struct record_memory_file, t_ns, "t", I64, REQUIRED),
	FIELD(struct record_memory_file, name, "name", STRING, REQUIRED),
	FIELD(struct record_memory_file, pid, "pid", I64),
	FIELD(struct record_memory_file, comm, "comm", STRING),
	FIELD(struct record_memory_file, size, "size", I64),
	FIELD(struct record_memory_file, resident, "resident", I64, REQUIRED),
	FIELDS_END,
};

const struct field fields_resident[] = {
	FIELD(struct record_resident, pid, "pid", I64, REQUIRED),
	FIELD(struct record_resident, anon, "anon", I64, SUMMED(0)),
	FIELD(struct record_resident, file, "file", I64, SUMMED(0)),
	FIELD(struct record_resident, shmem, "shmem", I64, SUMMED(0)),
	FIELD(struct record_resident, inherited, "inherited", I64, SUMMED(0)),
	FIELD(struct record_resident, has_forked, "forked", BOOL),
	FIELDS_END,
};

const struct field fields_frame[] = {
	FIELD(struct record_frame, at, "at", STRING, REQUIRED),
	FIELD(struct record_frame, function, "function", STRING),
	FIELD(struct record_frame, file, "file", STRING),
	FIELD(struct record_frame, line_number, "line", INT),
	FIELD(struct record_frame, calls, "calls", STRING),
	FIELD(struct record_frame, level, "level", I64),
	FIELDS_END,
};

const struct field fields_tail_call[] = {
	FIELD(struct record_tail_call, inner, "inner", STRING, REQUIRED),
	FIELD(struct record_tail_call, outer, "outer", STRING, REQUIRED),
	FIELD(struct record_tail_call, jumps, "jumps", STRING, REQUIRED),
	FIELDS_END,
};

const struct field fields_reservation[] = {
	FIELD(struct record_reservation, pid, "pid", I64),
	FIELD(struct record_reservation, what, "what", ENUM, WORDS(record_taken_names), REQUIRED),
	FIELD(struct record_reservation, site, "site", ADDRESS),
	FIELD(struct record_reservation, at, "at", STRING),
	FIELD(struct record_reservation, calls, "calls", I64, REQUIRED),
	FIELD(struct record_reservation, refused, "refused", I64, REQUIRED),
	FIELD(struct record_reservation, refused_bytes, "refused_bytes", I64),
	FIELD(struct record_reservation, frees, "frees", I64, REQUIRED),
	FIELD(struct record_reservation, asked, "asked", I64, REQUIRED),
	FIELD(struct record_reservation, live, "live", I64, REQUIRED),
	FIELD(struct record_reservation, peak, "peak", I64, REQUIRED),
	FIELD(struct record_reservation, ended, "ended", ENUM, WORDS(record_program_end_names)),
	FIELDS_END,
};

const struct field fields_range[] = {
	FIELD(struct record_range, pid, "pid", I64),
	FIELD(struct record_range, what, "what", ENUM, WORDS(record_taken_names), REQUIRED),
	FIELD(struct record_range, site, "site", ADDRESS),
	FIELD(struct record_range, start, "start", ADDRESS, REQUIRED),
	FIELD(struct record_range, bytes, "bytes", I64, REQUIRED),
	FIELDS_END,
};

const struct field fields_gate[] = {
	FIELD(struct record_note, t_ns, "t", I64, REQUIRED),
	FIELDS_END,
};

const struct field fields_end[] = {
	FIELD(struct record_note, t_ns, "t", I64),
	FIELDS_END,
};

const struct field fields_mark[] = {
	FIELD(struct record_mark, t_ns, "t", I64),
	FIELD(struct record_mark, what, "what", ENUM, WORDS(record_mark_names), REQUIRED),
	FIELD(struct record_mark, value, "value", I64),
	FIELDS_END,
};

const struct field fields_mark_victim[] = {
	FIELD(struct record_note, t_ns, "t", I64),
	FIELD(struct record_note, count, "pid", I64, REQUIRED),
	FIELD(struct record_note, text, "comm", STRING),
	FIELDS_END,
};

const struct field fields_watchdog[] = {
	FIELD(struct line_watchdog, t_ns, "t", I64),
	FIELD(struct line_watchdog, why, "why", ENUM, WORDS(record_watchdog_names), REQUIRED),
	FIELDS_END,
};

const struct field fields_guardian[] = {
	FIELD(struct record_guardian, t_ns, "t", I64),
	FIELD(struct record_guardian, why, "why", ENUM, WORDS(record_guardian_names), REQUIRED),
	FIELD(struct record_guardian, ended, "ended", I64, REQUIRED),
	FIELD(struct record_guardian, left, "left", I64, REQUIRED),
	FIELD(struct record_guardian, oom_kill, "oom_kill", I64),
	FIELDS_END,
};

const struct field fields_residue[] = {
	FIELD(struct record_note, count, "bytes", I64, REQUIRED),
	FIELDS_END,
};

const struct field fields_closed[] = {
	FIELD(struct record_note, count, "lines", I64, REQUIRED),
	FIELDS_END,
};

const struct field fields_lost[] = {
	FIELD(struct record_loss, what, "name", ENUM, WORDS(record_loss_names), REQUIRED),
	FIELD(struct record_loss, count, "count", I64, REQUIRED),
	FIELDS_END,
};

const struct field fields_twin[] = {
	FIELD(struct record_twin, name, "name", STRING, REQUIRED),
	FIELD(struct record_twin, outcome, "outcome", ENUM, WORDS(spec_outcome_names), REQUIRED),
	FIELD(struct record_twin, peak, "peak", I64, REQUIRED),
	FIELDS_END,
};

const struct field fields_isolation[] = {
	FIELD(struct record_isolation, files, "files", ENUM, WORDS(record_isolation_names),
	      REQUIRED),
	FIELD(struct record_isolation, note, "note", STRING),
	FIELDS_END,
};

const struct field fields_note[] = {
	FIELD(struct record_note, text, "text", STRING, REQUIRED),
	FIELDS_END,
};
