/*
 * run_options.h - the command line of `oomlab run`.
 */
#ifndef OOMLAB_CLI_RUN_OPTIONS_H
#define OOMLAB_CLI_RUN_OPTIONS_H

#include <stdio.h>

#include "run/run.h"

/* Returns the index of the first operand, or -1. The caller releases `options` in both cases. */
int run_options_parse(int argc, char **argv, struct run_options *options, struct err *err);
void run_options_release(struct run_options *options);
void run_options_print(FILE *to);

#endif
