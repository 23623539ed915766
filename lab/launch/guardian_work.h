/*
 * guardian_work.h - the guardian's own side, and what the launcher says to it; private to
 * guardian.c.
 */
#ifndef OOMLAB_LAUNCH_GUARDIAN_WORK_H
#define OOMLAB_LAUNCH_GUARDIAN_WORK_H

#include "launch/guardian.h"

enum { GUARDIAN_TEXT_MAX = 2048, GUARDIAN_FDS_MAX = 2 };

enum guardian_what {
	TAKE_CGROUP,
	TAKE_INSIDE,
	TAKE_PROCESS,
	TAKE_FOLDER,
	TAKE_REMOVAL,
	TAKE_QUESTION,
	AWAIT_PROCESS,
	TAKE_RECORD,
	LEAVE_RECORD,
	SET_DEADLINE,
	GUARD_END,
};

/* One packet; descriptors come beside it, in the order of guardian_take_*(). */
struct guardian_message {
	enum guardian_what what;
	int64_t t_ns;
	uint32_t len; /* of the text, NULs between words included */
	char text[GUARDIAN_TEXT_MAX];
};

struct guardian_ends {
	int channel, launcher; /* the launcher's pidfd */
	pid_t launcher_pid;
};

void guardian_work(const struct guardian_ends *ends, guardian_line *line) __attribute__((noreturn));

#endif
