#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/spawn.h"
#include "base/strbuf.h"
#include "spec/scenarios.h"
#include "spec/spec.h"

static int refuse(const char *program, int r, int status, struct err *err)
{
	err_set(err, EXIT_USAGE, "'%s --spec' printed no declaration", program);
	if (r == -ETIMEDOUT)
		return err_hint(err, "it was stopped after 5 s");
	if (r == -EFBIG)
		return err_hint(err, "it printed more than 64 KiB");
	if (r)
		return err_hint(err, "it cannot be run: %s", strerror(-r));
	if (WIFSIGNALED(status))
		return err_hint(err, "signal %d ended it", WTERMSIG(status));
	return err_hint(err, "it ended with status %d", WEXITSTATUS(status));
}

/* What the JSON alone does not show to be wrong. */
static int check(const struct spec *spec, const char *program, struct err *err)
{
	const char *slash = strrchr(program, '/');

	if (!spec->name || !scenarios_is_name(spec->name))
		return err_set(err, EXIT_USAGE,
			       "'%s' declares no name of small letters, digits and '-'", program);
	if (strcmp(spec->name, slash ? slash + 1 : program) != 0)
		return err_set(err, EXIT_USAGE, "'%s' declares the name of another, '%s'", program,
			       spec->name);
	if (!spec->has_expect || !spec->expect.outcome)
		return err_set(err, EXIT_USAGE,
			       "'%s' declares no expected outcome, so that no run of it could fail",
			       program);
	return 0;
}

int spec_ask_program(const char *program, struct spec *spec, struct err *err)
{
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;
	const char *const argv[] = {program, "--spec", NULL};
	const struct spawn request = {
		.argv = argv,
		.out = {SPAWN_PIPE},
		.dies_with_caller = true,
		.timeout_ns = 5 * SPAWN_SECOND,
		.output_max = 64 << 10,
	};
	int r, status;

	spec_init(spec);
	r = spawn_run(&request, &reply, NULL, &status);
	if (r || status)
		return refuse(program, r, status, err);
	if (spec_parse(reply.buf, program, spec, err) < 0)
		return -1;
	return check(spec, program, err);
}
