#include "run/run_preload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/preload.h"
#include "record/stack.h"

/*
 * The largest sites and ranges get a line of the record each; the other sites are summed up. Ids of
 * modules start behind those of the touch profile.
 */
enum { SITES_MAX = 512, RANGES_MAX = 256, FIRST_MODULE = 1 << 20 };

/* The limit is divided by this. glibc's malloc takes 32 bytes at least for an allocation. */
enum { BYTES_A_POINTER = 64 };
#define FOLLOW_UNLIMITED ((size_t)1 << 20)

size_t run_preload_follow(const struct run *run)
{
	const struct amount *max = &run->spec.memory_max;

	return max->is_set && !max->is_max ? (size_t)(max->bytes / BYTES_A_POINTER)
					   : FOLLOW_UNLIMITED;
}

static int check_backend(const struct run *run, struct err *err)
{
	if (run->spec.name)
		return err_set(err, EXIT_USAGE,
			       "--preload is for commands: a scenario writes its trace itself");
	if (run->plan.backend == BACKEND_CURRENT)
		return err_set(
			err, EXIT_USAGE,
			"--preload is not for --backend=current: what it counts with would be charged to the limit under study");
	return 0;
}

int run_preload_prepare(struct run *run, struct err *err)
{
	_cleanup_free_ char *library = NULL;

	if (!run->options->preload || run->preload)
		return 0;
	if (run->options->inside_guest) {
		run->preload = xstrdup(run->options->preload_library);
		return 0;
	}
	if (check_backend(run, err) < 0)
		return -1;
	library = io_installed_file(PRELOAD_NAME);
	if (!library)
		return err_set(
			err, EXIT_LAB_BROKEN,
			"--preload: '" PRELOAD_NAME
			"' is neither beside this program nor in ../lib/oomlab; 'make all' builds it");
	run->preload = realpath(library, NULL);
	if (!run->preload || preload_check_library(run->preload, err) < 0)
		return run->preload ? -1 : err_errno(err, EXIT_LAB_BROKEN, "'%s'", library);
	/* A program in an image cannot be checked here; run_preload_write() tells afterwards. */
	return backend_is_container(run->plan.backend) ? 0 : preload_check(run->path, err);
}

/* Values of the ring's enum are cast to the record's, so they must be equal. */
#define IS_SAME(a, b) _Static_assert((int)(a) == (int)(b), #a " is " #b)
IS_SAME(TRACE_TAKEN_NONE, TAKEN_UNKNOWN);
IS_SAME(TRACE_TAKEN_MALLOC, TAKEN_MALLOC);
IS_SAME(TRACE_TAKEN_MMAP, TAKEN_MMAP);
IS_SAME(TRACE_TAKEN_FILE, TAKEN_FILE);
IS_SAME(TRACE_TAKEN_BRK, TAKEN_BRK);
IS_SAME(TRACE_TAKEN_COUNT, TAKEN_COUNT);

static void put_modules(struct record_writer *w, const struct trace_sites *asked)
{
	for (size_t i = 0; i < asked->module_count; i++)
		if (asked->modules[i][0])
			record_put_module(w, FIRST_MODULE + (int64_t)i + 1, asked->modules[i]);
}

static enum program_end ending(const struct trace_log_process *process)
{
	if (!process || process->state == TRACE_PROCESS_LIVE)
		return PROGRAM_END_NONE;
	return process->state == TRACE_PROCESS_EXITED ? PROGRAM_END_EXIT : PROGRAM_END_EXEC;
}

static int64_t pid_of(const struct trace_log_process *process)
{
	return process ? (int64_t)process->pid : ABSENT;
}

static void put_site(struct record_writer *w, const struct trace_sites *asked,
		     const struct trace_log_site *s)
{
	const struct trace_log_process *process = trace_sites_process(asked, s->process);
	_cleanup_strbuf_ struct strbuf at = STRBUF_INIT;

	if (s->module)
		stack_put(&at, FIRST_MODULE + (int64_t)s->module_id, s->offset - 1);
	record_put_reservation(
		w, &(struct record_reservation){
			   .pid = pid_of(process),
			   .what = (enum taken)s->what,
			   .site = s->address,
			   .at = at.len ? at.buf : NULL,
			   .calls = (int64_t)s->calls,
			   .refused = (int64_t)s->refused,
			   .refused_bytes = s->refused ? (int64_t)s->refused_most : ABSENT,
			   .frees = (int64_t)s->frees,
			   .asked = (int64_t)s->asked,
			   .live = (int64_t)s->live,
			   .peak = (int64_t)s->peak,
			   .ended = ending(process),
		   });
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a + b < TRACE_SITES_MAX_BYTES ? a + b : TRACE_SITES_MAX_BYTES;
}

/* The peaks were at different moments, so their sum is no peak: the live bytes are taken for it. */
static void fold(struct trace_log_site *rest, const struct trace_log_site *s)
{
	rest->calls = sum(rest->calls, s->calls);
	rest->refused = sum(rest->refused, s->refused);
	rest->refused_most = s->refused_most > rest->refused_most ? s->refused_most
								  : rest->refused_most;
	rest->frees = sum(rest->frees, s->frees);
	rest->asked = sum(rest->asked, s->asked);
	rest->live = sum(rest->live, s->live);
	rest->peak = rest->live;
}

static int by_peak(const void *va, const void *vb)
{
	const struct trace_log_site *a = va, *b = vb;

	if (a->peak != b->peak)
		return a->peak < b->peak ? 1 : -1;
	return a->asked != b->asked	 ? a->asked < b->asked ? 1 : -1
	       : a->address < b->address ? -1
					 : a->address > b->address;
}

static void put_sites(struct record_writer *w, const struct trace_sites *asked)
{
	struct trace_log_site rest[TRACE_TAKEN_COUNT] = {{0}};

	if (asked->site_count)
		qsort(asked->sites, asked->site_count, sizeof(*asked->sites), by_peak);
	for (size_t i = 0; i < asked->site_count; i++) {
		if (i < SITES_MAX)
			put_site(w, asked, &asked->sites[i]);
		else
			fold(&rest[asked->sites[i].what], &asked->sites[i]);
	}
	for (int i = 0; i < TRACE_TAKEN_COUNT; i++) {
		rest[i].what = (enum trace_taken)i;
		if (rest[i].calls || rest[i].refused)
			put_site(w, asked, &rest[i]);
	}
}

static int by_size(const void *va, const void *vb)
{
	const struct trace_log_range *a = va, *b = vb;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return a->start < b->start ? -1 : a->start > b->start;
}

static void put_ranges(struct record_writer *w, const struct trace_sites *asked)
{
	if (asked->range_count)
		qsort(asked->ranges, asked->range_count, sizeof(*asked->ranges), by_size);
	for (size_t i = 0; i < asked->range_count && i < RANGES_MAX; i++) {
		const struct trace_log_range *r = &asked->ranges[i];

		record_put_range(w, &(struct record_range){
					    .pid = pid_of(trace_sites_process(asked, r->process)),
					    .what = (enum taken)r->what,
					    .site = r->address,
					    .start = r->start,
					    .bytes = (int64_t)r->bytes,
				    });
	}
}

static void put_losses(struct record_writer *w, const struct trace_sites *asked)
{
	uint64_t count = 0, bytes = 0;
	_cleanup_free_ char *note = NULL;

	for (size_t i = 0; i < asked->process_count; i++) {
		count = sum(count, asked->processes[i].not_followed);
		bytes = sum(bytes, asked->processes[i].not_followed_bytes);
	}
	if (asked->processes_lost) {
		record_put_lost(w, LOSS_PROCESSES, (int64_t)asked->processes_lost);
		record_put_note(
			w,
			"More processes than the preload library has room for: the last ones' allocation calls were not counted");
	}
	if (!count)
		return;
	record_put_lost(w, LOSS_ALLOCATIONS, (int64_t)count);
	note = text_format(
		"%s of %s in all %s counted but could not be followed: what is called live is too much by what was given back of %s",
		TEXT_COUNT(count, "allocation"), TEXT_SIZE(bytes), count == 1 ? "was" : "were",
		count == 1 ? "it" : "them");
	record_put_note(w, note);
}

void run_preload_write(struct run *run, const struct trace_sites *asked)
{
	struct record_writer *w = &run->writer;

	if (!run->preload)
		return;
	if (!asked->process_count && asked->is_damaged) {
		record_put_source(w, "preload", false,
				  "the program wrote over what the library counts in");
		return;
	}
	if (!asked->process_count) {
		record_put_source(
			w, "preload", false,
			"no process loaded the library: a static program, another C library than glibc or an older one, another machine's program, a program that is more privileged than its user, or one whose descriptors were closed");
		return;
	}
	record_put_source(w, "preload", true, NULL);
	put_modules(w, asked);
	put_sites(w, asked);
	put_ranges(w, asked);
	put_losses(w, asked);
}
