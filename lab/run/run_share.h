/*
 * run_share.h - whether the VM is shown this host's files: because the user asked for it, or
 * because the command is a script, or is given one, and may start any program of this host.
 */
#ifndef OOMLAB_RUN_RUN_SHARE_H
#define OOMLAB_RUN_RUN_SHARE_H

#include "run/run.h"

/* Sets run->shares_host, and the reasons for plan and record. pre: the plan chose the backend vm. */
void run_share_settle(struct run *run);

/* Notes in the record what the guest was shown, where that may explain how the command ended. */
void run_share_note(struct run *run);

#endif
