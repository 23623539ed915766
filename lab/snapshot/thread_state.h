/*
 * thread_state.h - what /proc/PID/task/TID/syscall tells of a thread. The parser is pure.
 *
 * The file (fs/proc/base.c, proc_pid_syscall(), seen in 6.1 and 6.12) is one line:
 *
 *	running                                         it runs: nothing is known
 *	-1 0x7ffd40a0 0x55d0c1a2                        blocked outside any system call: sp, pc
 *	202 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffd40a0 0x7f12   in system call 202 with six arguments
 *
 * It needs the rights of ptrace(2).
 */
#ifndef OOMLAB_SNAPSHOT_THREAD_STATE_H
#define OOMLAB_SNAPSHOT_THREAD_STATE_H

#include <stdint.h>

enum thread_where { THREAD_UNKNOWN, THREAD_RUNNING, THREAD_IN_USER, THREAD_IN_SYSCALL };

struct thread_state {
	enum thread_where where;
	int64_t syscall; /* the number; THREAD_IN_SYSCALL only */
	uint64_t sp, pc; /* of user space; THREAD_IN_USER and THREAD_IN_SYSCALL only */
};

/* Any other line is THREAD_UNKNOWN. */
void thread_state_parse(const char *line, struct thread_state *state);

/* Reads the file below `proc` ("/proc"). What cannot be read is THREAD_UNKNOWN. */
void thread_state_read(const char *proc, int pid, int tid, struct thread_state *state);

#endif
