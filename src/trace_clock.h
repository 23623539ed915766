/*
 * trace_clock.h - a cheap time stamp. Everything that depends on the processor is in this file.
 *
 * Ticks are whatever the cheapest monotonic counter gives: the time stamp counter on x86-64, the
 * virtual counter on aarch64, else ns of CLOCK_MONOTONIC. To convert, take a trace_clock_moment()
 * early and one late and interpolate. Thread and signal safe, never allocates; trace_clock_ticks()
 * makes no system call (elsewhere: the vDSO's).
 *
 * LIMITATIONS: no serialising instruction; a stamp may be a few ns off from its event. Assumes an
 * invariant counter, the same on all processors, which Linux itself requires to use it as a clock.
 */
#ifndef OOMLAB_TRACE_CLOCK_H
#define OOMLAB_TRACE_CLOCK_H

#include <time.h>

#include "trace_format.h"

static inline uint64_t trace_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#if defined(__x86_64__)
#define TRACE_CLOCK_HERE TRACE_CLOCK_TSC
static inline uint64_t trace_clock_ticks(void)
{
	return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
#define TRACE_CLOCK_HERE TRACE_CLOCK_CNTVCT
static inline uint64_t trace_clock_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}
#else
#define TRACE_CLOCK_HERE TRACE_CLOCK_MONOTONIC
static inline uint64_t trace_clock_ticks(void)
{
	return trace_clock_ns();
}
#endif

/* Both clocks at one moment: the tightest of a few tries, so that a preemption does not skew it. */
static inline struct trace_moment trace_clock_moment(void)
{
	struct trace_moment best = {0, 0};
	uint64_t best_gap = UINT64_MAX;

	for (int i = 0; i < 8; i++) {
		const uint64_t before = trace_clock_ticks();
		const uint64_t ns = trace_clock_ns();
		const uint64_t gap = trace_clock_ticks() - before;

		if (gap < best_gap) {
			best_gap = gap;
			best = (struct trace_moment){before + gap / 2, ns};
		}
	}
	return best;
}

#endif
