/*
 * terminal.h - the width and the colours of the terminal that a report is printed on.
 */
#ifndef OOMLAB_BASE_TERMINAL_H
#define OOMLAB_BASE_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Width in columns; 80 where it is no terminal, or narrower than 40. */
int terminal_columns(FILE *to);

/*
 * False where it is no terminal, NO_COLOR is set (no-color.org), or TERM is dumb or unset; or as
 * terminal_colour() said.
 */
bool terminal_has_colour(FILE *to);

/* "auto", "always" or "never", for the whole process; -1: it is none of these. */
int terminal_colour(const char *when);

/* True where a line can be drawn over. */
bool terminal_can_redraw(FILE *to);

#endif
