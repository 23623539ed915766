/*
 * terminal.h - the width and the colours of the terminal that a report is printed on.
 */
#ifndef OOMLAB_BASE_TERMINAL_H
#define OOMLAB_BASE_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Width in columns; 80 where it is no terminal, or narrower than 40. */
int terminal_columns(FILE *to);

/* False where it is no terminal, NO_COLOR is set (no-color.org), or TERM is dumb or unset. */
bool terminal_has_colour(FILE *to);

#endif
