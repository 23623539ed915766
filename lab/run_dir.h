/*
 * run_dir.h - the folder of one run: reports/<name>-<UTC time>-<pid>, and reports/latest.
 */
#ifndef OOMLAB_RUN_DIR_H
#define OOMLAB_RUN_DIR_H

#include <stdbool.h>

#include "base/err.h"

/*
 * In the image of this lab, whose user rarely owns /reports: a setuid program that makes a folder
 * there and points `latest` at it (containers/reports_door.c), asked when this process may not.
 */
#define RUN_DIR_DOOR_FOLDER "/reports"
#define RUN_DIR_DOOR	    "/reports-door"

/* A folder can be made in `reports`, by this process or through the door. */
bool run_dir_may_make(const char *reports);

/*
 * Makes the folder (and `reports`), malloc'd path. name: a scenario or a path; only its last part
 * is used, with anything but letters, digits, '.', '_' and '-' replaced. NULL with status 125.
 */
char *run_dir_make(const char *reports, const char *name, struct err *err);

/* Points reports/latest at the run, atomically; a failure is of no consequence. */
void run_dir_point_latest(const char *reports, const char *dir);

#endif
