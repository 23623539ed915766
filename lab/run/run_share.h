/*
 * run_share.h - decides whether the VM sees this host's files: when the user requested it, or when
 * the command is a script, or is given one, and so may start any program of this host.
 */
#ifndef OOMLAB_RUN_RUN_SHARE_H
#define OOMLAB_RUN_RUN_SHARE_H

#include "run/run.h"

/* Sets run->share and facts.shares_host with its reason. pre: the plan chose the backend vm. */
void run_share_settle(struct run *run);

/* Records which of the host's files the guest saw, and notes why, if a script was the reason. */
void run_share_note(struct run *run);

#endif
