#include "run/run_guard.h"

#include "run/run_keep.h"

static int line(const struct guardian_deed *deed, char *text, size_t size)
{
	const struct record_guardian guardian = {
		.t_ns = deed->t_ns,
		.why = deed->why,
		.ended = deed->ended,
		.left = deed->left,
		.oom_kill = deed->oom_kill < 0 ? ABSENT : deed->oom_kill,
	};

	return record_guardian_line(&guardian, text, size);
}

int run_guard_begin(struct run *run, struct err *err)
{
	run->guardian = run_keeps(run) ? &run->options->keep->guardian : &run->own_guardian;
	return run->guardian->pid ? 0 : guardian_start(run->guardian, line, err);
}

void run_guard_end(struct run *run)
{
	if (run->guardian && run->guardian != &run->own_guardian)
		guardian_leave_record(run->guardian);
	guardian_end(&run->own_guardian);
	run->guardian = NULL;
}

int run_guard_check(int r, struct err *err)
{
	return r ? err_set(err, EXIT_LAB_BROKEN, "%s, and what it does not guard is not started",
			   guardian_refusal(r))
		 : 0;
}
