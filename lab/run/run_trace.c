#include "run/run_trace.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "record/kills.h"
#include "record/premortem_lines.h"
#include "run/run_frames.h"
#include "run/run_preload.h"
#include "run/run_symbols.h"
#include "symbols/symbols.h"

/* Some debug information is gigabytes, and is read from one end to the other. */
#define SYMBOLS_PATIENCE_NS INT64_C(120000000000)

enum { INVOKERS_MAX = 16, UNKNOWN_MAX = 60 };

static void write_arena(struct run *run, const struct trace_summary *s)
{
	struct record_arena arena;

	trace_summary_to_record(s, &arena);
	record_put_arena(&run->writer, &arena);
}

/* Turns a pid inside the container into the one on this host; collects those that are not known. */
static void translate(const struct pid_map *pid_map, uint32_t *pid, struct strbuf *unknown)
{
	pid_t here = pid_map_here(pid_map, (pid_t)*pid);
	_cleanup_free_ char *word = text_format(" %u,", *pid);

	if (here)
		*pid = (uint32_t)here;
	else if (!strstr(unknown->buf, word) && unknown->len < UNKNOWN_MAX)
		strbuf_puts(unknown, word);
}

static void translate_all(struct run *run, struct trace_log *log)
{
	_cleanup_strbuf_ struct strbuf unknown = STRBUF_INIT;
	_cleanup_free_ char *note = NULL;

	for (size_t i = 0; i < log->arena_count; i++)
		translate(&run->pid_map, &log->arenas[i].pid, &unknown);
	for (size_t i = 0; i < log->asked.process_count; i++)
		translate(&run->pid_map, &log->asked.processes[i].pid, &unknown);
	if (!unknown.len)
		return;
	note = text_format(
		"Some processes had ended before their pids on this host were read; told are those inside the container:%.*s%s",
		(int)unknown.len - 1, unknown.buf, unknown.len < UNKNOWN_MAX ? "" : ", ...");
	record_put_note(&run->writer, note);
}

static int write_raw(const struct run *run, const struct trace_ring *ring, struct err *err)
{
	_cleanup_close_ int file = -1;

	if (run->options->inside_guest)
		return run->trace_port < 0 ? 0 : trace_ring_dump(ring, run->trace_port, err);
	file = folder_create(&run->folder, "trace.bin", err);
	return file < 0 ? -1 : trace_ring_dump(ring, file, err);
}

static bool has_losses(const struct trace_log *log)
{
	return log->lost || log->arenas_lost || log->blocks_damaged || log->is_header_damaged;
}

static void write_losses(struct record_writer *w, const struct trace_log *log)
{
	const struct {
		enum loss what;
		uint64_t count;
	} losses[] = {
		{LOSS_RING, log->lost},
		{LOSS_ARENAS, log->arenas_lost},
		{LOSS_RING_BLOCKS, log->blocks_damaged},
		{LOSS_RING_HEADER, log->is_header_damaged},
	};

	for (size_t i = 0; i < ARRAY_SIZE(losses); i++)
		if (losses[i].count)
			record_put_lost(w, losses[i].what, (int64_t)losses[i].count);
}

int run_trace_write(struct run *run, const struct trace_ring *ring, struct err *err)
{
	_cleanup_(trace_log_release) struct trace_log log = {0};
	_cleanup_free_ struct trace_summary *summary = NULL;

	if (trace_ring_read(ring, &log, err) < 0)
		return -1;
	translate_all(run, &log);
	run_preload_write(run, &log.asked);
	if (log.event_count == 0 && log.arena_count == 0 && !has_losses(&log))
		return 0;
	summary = trace_log_summary(&log);
	for (size_t i = 0; i < log.arena_count; i++)
		write_arena(run, &summary[i]);
	write_losses(&run->writer, &log);
	if (!log.is_clock_sound)
		record_put_note(&run->writer, "the times of the arena trace cannot be used");
	return write_raw(run, ring, err);
}

/* Writes the site of `address`; `at` is the address inside the instruction, to look up. */
static void resolve(struct record_writer *w, struct symbols *symbols, uint64_t address, uint64_t at)
{
	struct record_site site = {.address = address};
	struct symbol symbol;

	if (!symbols || !address || !symbols_find(symbols, at, &symbol))
		return;
	site.function = symbol.function;
	site.file = symbol.file;
	site.line_number = symbol.line;
	record_put_site(w, &site);
	free(symbol.function);
	free(symbol.file);
}

/* A record has return addresses. One byte before that is inside the call instruction. */
static void resolve_call(struct record_writer *w, struct symbols *symbols, uint64_t address)
{
	resolve(w, symbols, address, address - 1);
}

/* The last maps of a process, which include what it loaded meanwhile. */
static const struct record_maps *maps_of(const struct record *record, int64_t pid)
{
	for (size_t i = record->maps_count; i-- > 0;)
		if (record->maps[i].pid == pid)
			return &record->maps[i];
	return NULL;
}

static struct symbols *open_maps(struct run_symbols_steps *steps, const struct record_maps *maps)
{
	_cleanup_free_ char *what =
		maps ? text_format("what process %" PRId64 " had mapped", maps->pid) : NULL;

	return maps && run_symbols_step(steps, what) ? symbols_open(maps->maps) : NULL;
}

/* Without maps of its own a process is taken for a forked child, which has the target's code. */
static const struct record_maps *maps_of_fork(const struct record *record, int64_t pid)
{
	const struct record_maps *maps = maps_of(record, pid);

	return maps || !record->maps_count ? maps : &record->maps[0];
}

/* comm is the first 15 bytes of the program's name (proc(5)), unless the thread was renamed. */
static bool is_called(const char *comm, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	path = slash ? slash + 1 : path;
	return comm && path && *path && !strncmp(comm, path, 15);
}

/*
 * The kernel log has the tid of the invoker. It is looked for among processes, then among the
 * threads of the snapshot. An unknown one is taken for a fork of the target only if it has the
 * target's name.
 */
static const struct record_maps *maps_of_invoker(const struct record *record,
						 const struct oomlog_event *event)
{
	const struct record_maps *maps = maps_of(record, event->invoker_pid);
	const struct record_premortem *p = record->premortem;
	const struct record_maps *target = maps_of(record, record->target_pid);

	for (size_t i = 0; !maps && p && i < p->thread_count; i++)
		if (p->threads[i].tid == event->invoker_pid)
			maps = maps_of(record, p->threads[i].pid);
	if (!maps && target &&
	    is_called(event->invoker_comm, target->exe	  ? target->exe
					   : record->argc ? record->argv[0]
							  : NULL))
		maps = target;
	return maps;
}

static void write_arena_sites(struct run_symbols_steps *steps, const struct record *record)
{
	for (size_t i = 0; i < record->arena_count; i++) {
		const struct record_arena *arena = &record->arenas[i];
		struct symbols *symbols = open_maps(steps, maps_of_fork(record, arena->pid));

		resolve_call(&steps->w, symbols, arena->init_site);
		resolve_call(&steps->w, symbols, arena->clear_site);
		symbols_close(symbols);
	}
}

/* Resolves the user-space RIP that the kernel log has of an invoker. */
static void write_invoker_sites(struct run_symbols_steps *steps, const struct record *record)
{
	struct kills *kills = kills_find(record);

	for (size_t i = 0; i < kills->count && i < INVOKERS_MAX; i++) {
		const struct oomlog_event *event = &kills->items[i].event;
		struct symbols *symbols = event->has_registers
						  ? open_maps(steps, maps_of_invoker(record, event))
						  : NULL;

		resolve(&steps->w, symbols, event->user_rip, event->user_rip);
		symbols_close(symbols);
	}
	kills_free(kills);
}

static void write_all(struct run_symbols_steps *steps, void *ctx)
{
	const struct record *record = ctx;

	write_arena_sites(steps, record);
	write_invoker_sites(steps, record);
	run_frames_write(steps, record);
}

/* Without any of these there is nothing to resolve, and no process is started. */
static bool has_addresses(const struct record *record)
{
	return record->arena_count || record->module_count || record->kmsg_count;
}

int run_trace_write_sites(struct run *run, struct err *err)
{
	_cleanup_(record_release) struct record record = {0};
	const struct timespec at_once = {0};

	if (record_load_in(&run->folder, &record, err) < 0)
		return -1;
	/*
	 * A path in a container may be another file here, but a scenario is bound at its own path.
	 */
	if (backend_is_container(run->plan.backend) && !run->spec.name)
		symbols_use_files(&run->modules);
	if (has_addresses(&record) &&
	    !run_symbols(&run->writer, write_all, &record, SYMBOLS_PATIENCE_NS, &run->signals))
		run->signal = sigtimedwait(&run->signals, NULL, &at_once);
	return 0;
}
