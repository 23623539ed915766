/*
 * run_dir.h - the folder of one run: reports/<name>-<UTC time>-<pid>, and reports/latest.
 *
 * `reports` is what the user named; links in it are followed. It may be another user's, or a place
 * where every user may write: what is made there is opened at once without following a link, is
 * used only while it is empty and belongs to whom new files of this user belong there (the door's
 * to the owner of `reports`), and is filled below its descriptor (base/folder.h). So nothing
 * outside of it is written, whoever renames what; a `reports` whose files every user may rename
 * (others may write, no sticky bit) is used, because a mount of another system's files shows all of
 * them so, and run_dir_warning() says what the user loses: what is found there later may be
 * somebody else's.
 */
#ifndef OOMLAB_RUN_RUN_DIR_H
#define OOMLAB_RUN_RUN_DIR_H

#include <stdbool.h>

#include "base/err.h"
#include "base/folder.h"

/*
 * In the image of this lab, whose user rarely owns /reports: a setuid program that makes a folder
 * there and points `latest` at it (containers/reports_door.c), asked when this process may not.
 */
#define RUN_DIR_DOOR_FOLDER "/reports"
#define RUN_DIR_DOOR	    "/reports-door"

/* A folder can be made in `reports`, by this process or through the door. */
bool run_dir_may_make(const char *reports);

/*
 * Makes the folder (and `reports`) and opens it. name: a scenario or a path; only its last part is
 * used, with anything but letters, digits, '.', '_' and '-' replaced. 0, or -1 with status 125.
 */
int run_dir_make(const char *reports, const char *name, struct folder *made, struct err *err);

/* One line on standard error where every user may rename what is in `reports`. */
void run_dir_warning(const char *reports);

/*
 * Points reports/latest at the run, atomically. It is replaced where it is a symbolic link,
 * whoever's; anything else stays, and a line on standard error says so. Other failures are of no
 * consequence.
 */
void run_dir_point_latest(const char *reports, const char *dir);

#endif
