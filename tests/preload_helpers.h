/*
 * preload_helpers.h - runs the helper preload_calls under the preload library and adds up what was
 * counted, for the tests of it. Not for anything else: static functions that assert.
 */
#ifndef OOMLAB_TESTS_PRELOAD_HELPERS_H
#define OOMLAB_TESTS_PRELOAD_HELPERS_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "launch/preload.h"
#include "trace/trace_ring.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

static __attribute__((unused)) struct err err;

static inline char *beside(const char *name)
{
	_cleanup_free_ char *here = io_program_dir();

	return text_format("%s/%s", here, name);
}

static inline void exec_traced(const struct trace_ring *ring, char *const *argv)
{
	_cleanup_free_ char *library = beside("../" PRELOAD_NAME);
	_cleanup_free_ char *fd = text_format("%d", trace_ring_fd(ring));

	trace_ring_hand_over(ring);
	setenv(TRACE_FD_ENV, fd, 1);
	setenv("LD_PRELOAD", library, 1);
	execv(argv[0], argv);
	_exit(127);
}

/* Runs it to its end; its wait status. */
static inline int run_argv(const struct trace_ring *ring, char *const *argv)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		exec_traced(ring, argv);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

static inline int run_mode(const struct trace_ring *ring, const char *mode)
{
	_cleanup_free_ char *program = beside("helpers/preload_calls");
	char *argv[] = {program, (char *)mode, NULL};

	return run_argv(ring, argv);
}

struct tally {
	uint64_t calls, refused, refused_most, frees, asked, live, peak, unknown, not_followed;
};

/* Of the sites in the helper itself; process id 0: of all processes. */
static inline struct tally tally_of(const struct trace_log *log, uint32_t process,
				    enum trace_taken what)
{
	struct tally t = {0};

	for (size_t i = 0; i < log->asked.site_count; i++) {
		const struct trace_log_site *s = &log->asked.sites[i];

		if ((process && s->process != process) || s->what != what || !s->module ||
		    !text_ends_with(s->module, "/preload_calls"))
			continue;
		t.calls += s->calls;
		t.refused += s->refused;
		if (s->refused_most > t.refused_most)
			t.refused_most = s->refused_most;
		t.frees += s->frees;
		t.asked += s->asked;
		t.live += s->live;
		t.peak += s->peak;
	}
	for (size_t i = 0; i < log->asked.process_count; i++)
		if (!process || log->asked.processes[i].id == process) {
			t.unknown += log->asked.processes[i].frees_unknown;
			t.not_followed += log->asked.processes[i].not_followed;
		}
	return t;
}

/* What a mode of the helper leaves in a ring of that size. */
static inline struct trace_log log_of(const char *mode, size_t ring_bytes, size_t follow,
				      int status)
{
	struct trace_ring *ring = trace_ring_create_counting(ring_bytes, follow, &err);
	struct trace_log log;

	ck_assert_ptr_nonnull(ring);
	ck_assert_int_eq(run_mode(ring, mode), status);
	ck_assert_int_eq(trace_ring_read(ring, &log, &err), 0);
	trace_ring_free(ring);
	return log;
}

static inline struct tally run(const char *mode, enum trace_taken what)
{
	struct trace_log log = log_of(mode, MIB, 1 << 18, 0);
	const struct tally t = tally_of(&log, 0, what);

	ck_assert_uint_eq(log.asked.processes_lost, 0);
	trace_log_release(&log);
	return t;
}

#define ASSERT_TALLY(t, n_calls, n_frees, n_asked, n_live) \
	do {                                               \
		ck_assert_uint_eq((t).calls, n_calls);     \
		ck_assert_uint_eq((t).frees, n_frees);     \
		ck_assert_uint_eq((t).asked, n_asked);     \
		ck_assert_uint_eq((t).live, n_live);       \
	} while (0)

#endif
