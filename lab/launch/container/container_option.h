/*
 * container_option.h - checks the options that a user may add to an engine's `run`; pure.
 *
 * Options are refused where oomlab itself decides: the container's name, removal, entry point and
 * limits (which `oomlab run` has options for), and that it runs only once. The engine judges all
 * others. LIMITATION: options are read as docker-run(1) and podman-run(1) document them, and a
 * value has to be in the same word ("--env=A=B", "-eA=B").
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_CONTAINER_OPTION_H
#define OOMLAB_LAUNCH_CONTAINER_CONTAINER_OPTION_H

#include "base/err.h"

/* 0, or -1 with EXIT_USAGE and what to do instead. */
int container_option_check(const char *option, struct err *err);

#endif
