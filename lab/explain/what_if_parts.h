/*
 * what_if_parts.h - what the files of the question share; nobody else includes it.
 */
#ifndef OOMLAB_EXPLAIN_WHAT_IF_PARTS_H
#define OOMLAB_EXPLAIN_WHAT_IF_PARTS_H

#include "explain/explain_parts.h"
#include "explain/what_if.h"

/* The change is of that process: by pid where the table has it, else by name. */
bool what_if_is_of(const struct what_if_adj *adj, const struct oomlog_event *ev,
		   const struct oomlog_task *task);
/* The listed process that requested memory, or NULL. */
const struct oomlog_task *what_if_invoker(const struct oomlog_event *ev);
/* vm.oom_kill_allocating_task is set, by the log or by the change. */
bool what_if_kills_invoker(const struct what_if_changes *changes, const struct oomlog_event *ev);

/* what_if_choose.c: fills the tasks, the choice and the doubts of w. */
void what_if_choose(struct what_if *w, struct what_if_changes *changes,
		    const struct oomlog_event *ev, const struct explanation *x);
/* what_if_say.c: says why nothing is recomputed, and returns true; false: it can be. */
bool what_if_say_why_not(struct what_if *w, const struct oomlog_event *ev,
			 const struct explanation *x);
/* what_if_say.c: says who would be chosen, and what that rests on. */
void what_if_say_choice(struct what_if *w, const struct oomlog_event *ev);
/* what_if_doubt.c: says what leaves the choice open. */
void what_if_say_doubts(struct what_if *w, const struct oomlog_event *ev);
/* what_if_setting.c: says what each change does apart from the scores. */
void what_if_say_settings(struct what_if *w, const struct what_if_changes *changes,
			  const struct oomlog_event *ev);

#define WHAT_IF_INIT                                                                             \
	{                                                                                        \
		.actual = SIZE_MAX, .chosen = SIZE_MAX, .runner_up = SIZE_MAX, .rival = SIZE_MAX \
	}

/* Adds a sentence of w. */
#define WHAT_IF_SAY(w, line, other_line, ...) \
	explain_say(&(w)->said, TOPIC_CHANGE, line, other_line, __VA_ARGS__)

/* "hog (pid 7)" of a task of w; lives in w. */
static inline const char *what_if_name(struct what_if *w, size_t index)
{
	return explain_process(&w->said, w->tasks[index].row->comm, w->tasks[index].row->pid);
}

#endif
