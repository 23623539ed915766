/*
 * container_option.h - which options for an engine's `create` a user may add; pure.
 *
 * Refused is what would take from the lab what it answers for: the container's name and removal,
 * its entry point, its limit (which has options of its own), and that it lives once. Everything
 * else is the engine's to understand or refuse. LIMITATION: options are read as Docker and Podman
 * document them; a value has to stand in the same word ("--env=A=B", "-eA=B").
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_CONTAINER_OPTION_H
#define OOMLAB_LAUNCH_CONTAINER_CONTAINER_OPTION_H

#include "base/err.h"

/* 0, or -1 with EXIT_USAGE, the option and what to do instead. */
int container_option_check(const char *option, struct err *err);

#endif
