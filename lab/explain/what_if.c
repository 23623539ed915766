#include "explain/what_if.h"

#include <stdlib.h>

#include "explain/what_if_parts.h"

void what_if_release(struct what_if *w)
{
	explanation_release(&w->said);
	free(w->tasks);
}

/* The choice of the log, with what leaves it open. */
static bool explains_the_log(const struct what_if *w)
{
	if (w->chosen == w->actual || w->doubts & WHAT_IF_ZERO)
		return true;
	return (w->doubts & WHAT_IF_TOTAL && w->actual == w->rival) ||
	       (w->doubts & (WHAT_IF_TIE | WHAT_IF_ROOT | WHAT_IF_CLOSE) &&
		w->actual == w->runner_up);
}

/* What decided the log's own choice, and is not in the table, may decide the other, too. */
static void compare_unchanged(struct what_if *w, const struct oomlog_event *ev,
			      const struct explanation *x)
{
	struct what_if_changes nothing = WHAT_IF_CHANGES_INIT;
	struct what_if unchanged = WHAT_IF_INIT;

	what_if_choose(&unchanged, &nothing, ev, x);
	if (!explains_the_log(&unchanged)) {
		w->doubts |= WHAT_IF_UNEXPLAINED;
		if (unchanged.chosen != SIZE_MAX)
			w->unchanged = unchanged.tasks[unchanged.chosen].row;
	}
	what_if_release(&unchanged);
}

void what_if_make(struct what_if *w, struct what_if_changes *changes, const struct oomlog_event *ev,
		  const struct explanation *x)
{
	*w = (struct what_if)WHAT_IF_INIT;
	if (what_if_say_why_not(w, ev, x))
		return;
	w->is_judged = true;
	what_if_choose(w, changes, ev, x);
	compare_unchanged(w, ev, x);
	what_if_say_choice(w, ev);
	what_if_say_settings(w, changes, ev);
	what_if_say_doubts(w, ev);
}
