/*
 * run_dir.h - the folder of one run: reports/<name>-<UTC time>-<pid>, and reports/latest.
 *
 * `reports` is what the user named; links in that path are followed. It may belong to another user,
 * or be writable by everybody. So the new folder is opened at once without following a link, is
 * used only if it is empty and has the owner that new files of this user have there (or, made
 * through the door, the owner of `reports`), and is filled through its descriptor (base/folder.h).
 * Whatever others rename, nothing outside of it is written. A `reports` in which every user may
 * rename files (others may write, no sticky bit) is used, because a mount of another system's files
 * may look so. run_dir_warning() then warns that what is found there later may be somebody else's.
 */
#ifndef OOMLAB_RUN_RUN_DIR_H
#define OOMLAB_RUN_RUN_DIR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/folder.h"

/*
 * The door: in oomlab's own image, whose user rarely owns /reports, a setuid program that makes a
 * folder there and points `latest` at it (containers/reports_door.c). It is asked when this process
 * may not do so itself.
 */
#define RUN_DIR_DOOR_FOLDER "/reports"
#define RUN_DIR_DOOR	    "/reports-door"

/* What a suite's folder has instead of a record: a line for each of its runs that has ended. */
#define RUN_DIR_JOURNAL "suite.jsonl"

/* Whether a folder can be made in `reports`, by this process or through the door. */
bool run_dir_may_make(const char *reports);

/*
 * Makes the folder (and `reports`) and opens it in *made, which the caller closes. name: a scenario
 * or a path; only its last part is used, with anything but letters, digits, '.', '_' and '-'
 * replaced. 0, or -1 with status 125.
 */
int run_dir_make(const char *reports, const char *name, struct folder *made, struct err *err);

/* Prints one line to standard error if every user may rename what is in `reports`. */
void run_dir_warning(const char *reports);

/*
 * Points the symbolic link reports/latest at the run, atomically. Anything else called `latest`
 * stays, and a line on standard error says so. Other failures are ignored.
 */
void run_dir_point_latest(const char *reports, const char *dir);

#endif
