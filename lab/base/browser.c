#include "base/browser.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/spawn.h"

#define PATIENCE_MS 2000 /* in which what cannot start a browser has failed */

static int start(const char *program, const char *page, struct spawned *process)
{
	const char *const argv[] = {program, page, NULL};
	/* What a browser prints is not the run's. */
	const struct spawn request = {.argv = argv,
				      .by_name = true,
				      .in = {SPAWN_NULL},
				      .out = {SPAWN_NULL},
				      .err = {SPAWN_NULL},
				      .new_session = true,
				      .unblocks_signals = true};

	return spawn_start(&request, process);
}

/* The exit status of one that ended soon; 0 when it runs. */
static int early_status(struct spawned *process)
{
	struct pollfd p = {.fd = process->pidfd, .events = POLLIN};

	if (poll(&p, 1, PATIENCE_MS) <= 0 || spawn_wait(process, SPAWN_FOREVER) < 0)
		return 0;
	return WIFEXITED(process->status) ? WEXITSTATUS(process->status) : 1;
}

int browser_open(const char *page, struct err *err)
{
	const char *program = "xdg-open", *own = getenv("BROWSER");
	struct spawned process = SPAWNED_INIT;
	int r = start(program, page, &process), status;

	if (r == -ENOENT && own && *own) {
		program = own;
		r = start(program, page, &process);
	}
	if (r == -ENOENT) {
		err_set(err, EXIT_LAB_BROKEN, "cannot open '%s': there is no %s", page, program);
		return err_hint(err, "install xdg-utils, or set BROWSER to your browser");
	}
	if (r < 0) {
		errno = -r;
		return err_errno(err, EXIT_LAB_BROKEN, "cannot start %s", program);
	}
	status = early_status(&process);
	spawn_close(&process);
	if (!status)
		return 0;
	return err_set(err, EXIT_LAB_BROKEN, "cannot open '%s': %s ended with status %d", page,
		       program, status);
}
