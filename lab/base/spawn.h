/*
 * spawn.h - the one way to start a program: it is described, started, read, waited for. What is
 * forked and stays this program is not of here (base/aside.h, launch/guardian.h), nor is the target
 * (launch/target.h).
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
 * Failures are -errno: the caller has the sentence. One of execve(2) comes back here by a channel
 * that exec closes, so ENOENT is -ENOENT and never a status 127; -ETIMEDOUT and -EFBIG are of
 * spawn_finish(). In each of them nothing is left: no process, no descriptor.
 *
 * Who closes what, "even in case of errors": descriptors in struct spawn stay the caller's and
 * open; those of struct spawned are closed by spawn_close() and spawn_finish(), and are -1 where
 * spawn_start() failed; all others are made and closed in spawn_start(). The program has its three
 * standard descriptors, those of `keep`, and what the caller itself left without FD_CLOEXEC.
 *
 * Between fork and exec everything is ready: the child allocates nothing and takes no lock, so a
 * process with threads may start programs, and one that must not allocate as well. `prepare` holds
 * to signal-safety(7). What is ignored stays ignored (signal(7)).
 * LIMITATION: one thread at a time. What another one forks meanwhile, and what `prepare` forks, has
 * the channel too: spawn_start() waits until that one execs, ends, or closes what is not its own.
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

/* All zero: nothing of the kind. Only read; what it points to lives until spawn_start() returns. */
struct spawn {
	const char *program; /* what is executed; NULL: argv[0] */
	const char *const *argv;
	bool by_name; /* as execvp(3): looked for in PATH, and a text file is one of sh(1) */
	struct spawn_stream in, out, err;
	const int *keep; /* these are open in the program, under their numbers; negative: none */
	size_t keep_count;
	bool new_session, new_group; /* no ^C of the terminal comes there */
	bool unblocks_signals;	     /* none is blocked; else those that the caller blocks */
	/* It is killed when the thread that started it ends; setuid programs are not. */
	bool dies_with_caller;
	/*
	 * In the child, after all the rest but the unblocking of signals: 0, or -1 with errno. It
	 * may change the child's copy of what this struct points to.
	 */
	int (*prepare)(void *ctx);
	void *prepare_ctx;
	/*
	 * In the caller, while the child stands still right behind fork(2): 0, or -errno; then, and
	 * should the caller end meanwhile, the child ends without having done anything.
	 */
	int (*admit)(void *ctx, int pidfd);
	void *admit_ctx;
	/* Of spawn_finish() and spawn_run(): */
	int64_t timeout_ns;
	size_t output_max; /* bytes of each pipe that are kept */
};

struct spawned {
	pid_t pid;    /* 0: none, or it has been waited for */
	int pidfd;    /* readable when it has ended; -1: none */
	int out, err; /* what it writes, where SPAWN_PIPE was said; -1: none */
	int status;   /* as waitpid(2) has it, when it has been waited for */
	int64_t timeout_ns;
	size_t output_max;
};
#define SPAWNED_INIT ((struct spawned){.pidfd = -1, .out = -1, .err = -1})

/* 0, or -errno and *process as SPAWNED_INIT. pre: `in` is no pipe. */
int spawn_start(const struct spawn *request, struct spawned *process)
	__attribute__((nonnull, warn_unused_result));

/*
 * Appends what comes out of its pipes to `out` and `err` (NULL: it is let go by), then waits for
 * its end; after timeout_ns, counted from here, it is killed. Closes all. 0; -ETIMEDOUT; -EFBIG:
 * more than output_max came to `out`, and it was killed (of `err` what is beyond is let go by); or
 * -ECHILD: another has waited for it (wait4(-1)), its status is not known and 0.
 */
int spawn_finish(struct spawned *process, struct strbuf *out, struct strbuf *err)
	__attribute__((nonnull(1)));

/* spawn_start() and spawn_finish(); *status is 0 when it was not started. */
int spawn_run(const struct spawn *request, struct strbuf *out, struct strbuf *err, int *status)
	__attribute__((nonnull(1, 4), warn_unused_result));

/*
 * Waits for its end, and kills it after timeout_ns; 0: now. Its descriptors stay open. 0, also for
 * one that was not started; -ETIMEDOUT: it was killed here; -ECHILD as above.
 */
int spawn_wait(struct spawned *process, int64_t timeout_ns) __attribute__((nonnull));

/* Closes its descriptors. Safe on one that was not started, and twice. */
void spawn_close(struct spawned *process) __attribute__((nonnull));

#endif
