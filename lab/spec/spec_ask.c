#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "base/spawn.h"
#include "base/strbuf.h"
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
	return spec_parse(reply.buf, program, spec, err);
}
