/*
 * guardian_work.h - the guardian's side of guardian.h, and the messages that the launcher sends it;
 * private to guardian.c. Each message is one packet of a SOCK_SEQPACKET pair.
 */
#ifndef OOMLAB_LAUNCH_GUARDIAN_WORK_H
#define OOMLAB_LAUNCH_GUARDIAN_WORK_H

#include "launch/guardian.h"

enum { GUARDIAN_TEXT_MAX = 2048, GUARDIAN_FDS_MAX = 2 };

/* The kinds of message, named after the functions of guardian.h that send them. */
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

/* Sent up to the end of the text; its descriptors come beside it, in the order of the arguments. */
struct guardian_message {
	enum guardian_what what;
	int64_t t_ns; /* of SET_DEADLINE */
	uint32_t len; /* of the text, NULs between words included */
	char text[GUARDIAN_TEXT_MAX];
};

struct guardian_ends {
	int channel;  /* the socket to the launcher */
	int launcher; /* its pidfd */
	pid_t launcher_pid;
};

/* What the forked guardian does until it exits. */
void guardian_work(const struct guardian_ends *ends, guardian_line *line) __attribute__((noreturn));

#endif
