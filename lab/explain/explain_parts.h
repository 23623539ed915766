/*
 * explain_parts.h - what the files of the explanation share; nobody else includes it.
 *
 * Order of calls: explain_scores() and explain_budget() first (they fill the tables of x), then the
 * others in any order; explanation_make() sorts the sentences by topic at the end.
 */
#ifndef OOMLAB_EXPLAIN_EXPLAIN_PARTS_H
#define OOMLAB_EXPLAIN_EXPLAIN_PARTS_H

#include "base/text.h"
#include "explain/explain.h"

/* The share in percent, rounded; 0 if the whole is 0 or less, at most 999. */
static inline int percent(int64_t part, int64_t whole)
{
	double share = whole > 0 ? (double)part * 100 / (double)whole + 0.5 : 0;

	return share > 999 ? 999 : (int)share;
}

/* A size for people (base/text.h); a negative one is printed as 0. */
#define SIZE_TEXT(bytes) TEXT_SIZE((uint64_t)((bytes) > 0 ? (bytes) : 0))

/* A name or path fit for printing, or "?"; lives in x. */
const char *explain_name(struct explanation *x, const char *text);

/* "hog (pid 7)", "hog", "?"; lives in x. */
const char *explain_process(struct explanation *x, const char *comm, int64_t pid);

/*
 * "cgroup /a", "pod 94eb36cd", "container 46b3e0a4df44 of pod 94eb36cd": ids as the tools show them;
 * lives in x.
 */
const char *explain_cgroup(struct explanation *x, const char *path);

/* Adds a sentence that rests on one or two lines of the log; 0: no line. */
void explain_say(struct explanation *x, enum topic topic, uint64_t line, uint64_t other_line,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A statistic of the cgroup, a counter of Mem-Info: by the kernel's name; or ABSENT. */
int64_t explain_stat(const struct oomlog_event *ev, const char *name);
int64_t explain_counter(const struct oomlog_event *ev, const char *name);

/* cgroup v1: memory and swap together (memory.memsw) are at their limit, memory alone is not. */
bool explain_memsw_is_full(const struct oomlog_event *ev);
/* A zone that the request may use has enough free memory, but not in pieces of its order. */
bool explain_is_fragmented(const struct oomlog_event *ev);
/* The task table has a row of that pid. */
bool explain_is_listed(const struct oomlog_event *ev, int64_t pid);
/* A cgroup ran out / the machine or a part of it did; both are false where the log does not say. */
bool explain_is_memcg(const struct oomlog_event *ev);
bool explain_is_machine(const struct oomlog_event *ev);
/* What the death of the only victim frees for certain: anonymous memory, page tables; or ABSENT. */
int64_t explain_freed(const struct oomlog_event *ev);
/* That, and its swap, is less than 32 MiB, or than 1 % of RAM and swap: it did not fill them. */
bool explain_is_tiny(const struct oomlog_event *ev);
/* The victim ran swapoff, which made it the first to be killed. */
bool explain_is_origin(const struct oomlog_event *ev);
/* HighMem has free memory that the request may not use, and the zones below it have none. */
bool explain_is_short_of_low_memory(const struct oomlog_event *ev);

/* The call trace has the function; a '*' at the pattern's end matches any ending. */
bool explain_traced(const struct oomlog_event *ev, const char *pattern);
/* gfp_mask is 0: pagefault_out_of_memory() does not know what failed further down. */
bool explain_request_is_lost(const struct oomlog_event *ev);
/* The invoker is a thread of the kernel by its trace, or by its name where no trace objects. */
bool explain_is_kernel_thread(const struct oomlog_event *ev);
/* The invoker is kswapd, by the trace or by name and mask: no allocation of it ends in a kill. */
bool explain_is_kswapd(const struct oomlog_event *ev);
/* The log shows that a process was killed, if not which: the trace has oom_kill_process(). */
bool explain_is_kill(const struct oomlog_event *ev);

/* The release is older than major.minor; false where the log does not tell it. */
bool explain_kernel_is_before(const struct oomlog_event *ev, int major, int minor);

/* The part of the machine's memory that is in no counter; compare the pointer. */
extern const char explain_rest_name[];
/* The bytes of a part of the budget, or 0. */
int64_t explain_part(const struct explanation *x, const char *name);

/* explain_score.c: fills x->candidates and what counts as the total. */
void explain_scores(struct explanation *x, const struct oomlog_event *ev);
/* explain_memory.c: fills x->budget, and says where the memory was. */
void explain_budget(struct explanation *x, const struct oomlog_event *ev);
/* explain_kernel.c: says what the kernel itself and its drivers hold, and what nothing shows. */
void explain_kernel_memory(struct explanation *x, const struct oomlog_event *ev);
/* explain_who.c: says who requested memory, and how. */
void explain_who(struct explanation *x, const struct oomlog_event *ev);
/* explain_score.c: says why this victim. */
void explain_victim(struct explanation *x, const struct oomlog_event *ev);
/* explain_why.c: says what the victim's own lines tell about the choice. */
void explain_victim_alone(struct explanation *x, const struct oomlog_event *ev);
/* explain_reclaim.c: says why memory could not be reclaimed. */
void explain_reclaim(struct explanation *x, const struct oomlog_event *ev);
/* explain_cgroup.c: says whose the limit is, and which setting raises it; both cite `line`. */
void explain_say_owner(struct explanation *x, const struct oomlog_event *ev, uint64_t line);
void explain_change_limit(struct explanation *x, const struct oomlog_event *ev, uint64_t line);
/* explain_change.c: says what one could change. */
void explain_change(struct explanation *x, const struct oomlog_event *ev);

#endif
