/*
 * spawn.h - starts other programs: one is described, started, read and waited for. Not here:
 * children that do not exec (base/aside.h, launch/guardian.h), and the target (launch/target.h).
 *
 * Pattern of use, where nothing else is to be done meanwhile:
 *	const char *const argv[] = {"ldd", path, NULL};
 *	const struct spawn ldd = {.argv = argv, .by_name = true, .out = {SPAWN_PIPE},
 *				  .timeout_ns = 5 * SPAWN_SECOND, .output_max = 64 << 10};
 *	r = spawn_run(&ldd, &text, NULL, &status);
 * or in steps:
 *  1. spawn_start()   forks; returns when the program has begun, or why it could not
 *  2. poll .pidfd, read .out and .err
 *  3. spawn_finish()  reads the pipes to their end, waits, closes; or spawn_wait(), spawn_close()
 *
 * Errors are -errno: the caller knows what to tell the user. The child reports why execve(2) failed
 * over a channel that exec closes, so a program that is not there is -ENOENT from spawn_start() and
 * never a status 127. After an error of spawn_start() or spawn_finish() neither a process nor a
 * descriptor is left.
 *
 * Descriptors in struct spawn stay the caller's and open, also after errors. Those in struct
 * spawned are closed by spawn_close() and spawn_finish(), and are -1 where spawn_start() failed.
 * All others are made and closed in spawn_start(). The program has its three standard descriptors,
 * those of `keep`, and what the caller itself left without FD_CLOEXEC.
 *
 * The child allocates nothing and takes no lock between fork and exec, so a process with threads,
 * or one that must not allocate, may start programs. `prepare` must hold to signal-safety(7).
 * Signals that the caller ignores stay ignored (signal(7)).
 * LIMITATION: one thread at a time. A process that another thread or `prepare` forks meanwhile
 * inherits the channel: spawn_start() then waits until that one execs, ends, or closes it.
 */
#ifndef OOMLAB_BASE_SPAWN_H
#define OOMLAB_BASE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/strbuf.h"

#define SPAWN_SECOND  INT64_C(1000000000)
#define SPAWN_FOREVER INT64_MAX

/* Where a standard descriptor of the program leads. */
struct spawn_stream {
	enum {
		SPAWN_SAME, /* where the caller's does */
		SPAWN_NULL,
		SPAWN_FD,   /* where `fd` does */
		SPAWN_PIPE, /* into struct spawned; for what it writes */
	} where;
	int fd;
};

/* Zero is the default of each member. What it points to must live until spawn_start() returns. */
struct spawn {
	const char *program; /* what is executed; NULL: argv[0] */
	const char *const *argv;
	bool by_name; /* as execvp(3): looked for in PATH, and sh(1) runs a text file */
	struct spawn_stream in, out, err;
	const int *keep; /* descriptors that stay open, under their numbers; negative: none */
	size_t keep_count;
	bool new_session, new_group; /* so that a ^C of the terminal does not reach it */
	bool unblocks_signals;	     /* no signal is blocked; else those that the caller blocks */
	/* The kernel kills it when the thread that started it ends, unless it is setuid. */
	bool dies_with_caller;
	/*
	 * Called in the child, last but for the unblocking of signals. Returns 0, or -1 with errno.
	 * It may change the child's copy of what this struct points to.
	 */
	int (*prepare)(void *ctx);
	void *prepare_ctx;
	/*
	 * Called in the caller while the child waits right behind fork(2). Returns 0, or -errno:
	 * then, or if the caller ends meanwhile, the child ends without having done anything.
	 */
	int (*admit)(void *ctx, int pidfd);
	void *admit_ctx;
	/* For spawn_finish() and spawn_run(): */
	int64_t timeout_ns;
	size_t output_max; /* bytes of each pipe that are kept */
};

struct spawned {
	pid_t pid;    /* 0: none runs, or it has been waited for */
	int pidfd;    /* readable when it has ended; -1: none */
	int out, err; /* read ends of the pipes that it writes; -1: none */
	int status;   /* as waitpid(2) has it, once it has been waited for */
	int64_t timeout_ns;
	size_t output_max;
};
#define SPAWNED_INIT ((struct spawned){.pidfd = -1, .out = -1, .err = -1})

/* Starts the program. 0, or -errno and *process as SPAWNED_INIT. pre: `in` is no pipe. */
int spawn_start(const struct spawn *request, struct spawned *process)
	__attribute__((nonnull, warn_unused_result));

/*
 * Appends what the program writes to `out` and `err` (NULL: it is discarded), waits for its end and
 * closes all. Returns 0; -ETIMEDOUT: it was killed timeout_ns after this call; -EFBIG: it wrote
 * more than output_max to `out` and was killed (what is too much for `err` is discarded); or
 * -ECHILD: somebody else waited for it (wait4(-1)), so its status is not known and is 0.
 */
int spawn_finish(struct spawned *process, struct strbuf *out, struct strbuf *err)
	__attribute__((nonnull(1)));

/* Does spawn_start() and spawn_finish(); *status is 0 when the program was not started. */
int spawn_run(const struct spawn *request, struct strbuf *out, struct strbuf *err, int *status)
	__attribute__((nonnull(1, 4), warn_unused_result));

/*
 * Waits for the program's end, and kills it after timeout_ns (0: at once). The descriptors stay
 * open. Returns 0, also when none was started; -ETIMEDOUT: it was killed here; -ECHILD: as above.
 */
int spawn_wait(struct spawned *process, int64_t timeout_ns) __attribute__((nonnull));

/* Closes the descriptors. Safe when none was started, and twice. */
void spawn_close(struct spawned *process) __attribute__((nonnull));

#endif
