/*
 * run_dir.h - the folder of one run: reports/<name>-<UTC time>-<pid>, and reports/latest.
 */
#ifndef OOMLAB_RUN_DIR_H
#define OOMLAB_RUN_DIR_H

#include "base/err.h"

/*
 * Makes the folder (and `reports`), malloc'd path. name: a scenario or a path; only its last part
 * is used, with anything but letters, digits, '.', '_' and '-' replaced. NULL with status 125.
 */
char *run_dir_make(const char *reports, const char *name, struct err *err);

/* Points reports/latest at the run, atomically; a failure is of no consequence. */
void run_dir_point_latest(const char *reports, const char *dir);

#endif
