/*
 * terminal.h - what the stream a report goes to can show.
 */
#ifndef OOMLAB_BASE_TERMINAL_H
#define OOMLAB_BASE_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Width in columns; 80 where it is no terminal. */
int terminal_columns(FILE *to);

/* False where it is no terminal, NO_COLOR is set, or TERM is dumb. */
bool terminal_has_colour(FILE *to);

#endif
