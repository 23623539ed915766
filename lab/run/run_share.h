/*
 * run_share.h - decides whether the VM sees this host's files. A command does, for nobody can tell
 * what it will open, unless --isolated or --file says what the guest is to have. A scenario needs
 * its own program alone, unless it declares files of this host.
 */
#ifndef OOMLAB_RUN_RUN_SHARE_H
#define OOMLAB_RUN_RUN_SHARE_H

#include "run/run.h"

/* Whether a file of this host that the scenario needs is missing; err says which. */
bool run_share_lacks(const struct run *run, struct err *err);

/* Sets run->shares_host and facts.shares_host. pre: the plan chose the backend vm. */
void run_share_settle(struct run *run);

/* Whether the guest has the command alone because the host's files cannot be shown. */
bool run_share_fell_back(const struct run *run);

/* Records which of the host's files the guest saw, and why not all, where they were to be seen. */
void run_share_note(struct run *run);

#endif
