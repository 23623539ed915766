/*
 * aside.h - an aside is a forked child that does work which may crash, hang or be killed: it reads
 * hostile input (programs, their debug information), and the run must outlive that.
 *
 * Pattern of use: aside_start(); aside_send() and aside_receive() while the child works;
 * aside_end(); aside_words() for how it ended. Each message arrives whole or not at all, so a child
 * that dies while it answers leaves no half of an answer.
 * The child is forked without exec, so it has a copy of all that its parent has in memory. Of the
 * descriptors it keeps its end of the channel and standard error. It ends when the channel does, at
 * the latest with its parent, and leaves no core file.
 * aside_close() is for what takes long to close: its child may outlive the parent.
 * Whoever waits for any child (wait4(-1)) must tell aside_took() what it got. Not thread safe.
 */
#ifndef OOMLAB_BASE_ASIDE_H
#define OOMLAB_BASE_ASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bytes of one message at most; a socket holds more. */
enum { ASIDE_MESSAGE_MAX = 96 << 10 };

/* What ps(1) calls the child of aside_close(). */
#define ASIDE_CLOSING "closing"

/* Begins as ASIDE_INIT; must not be moved while the child runs. */
struct aside {
	pid_t pid;	    /* 0: none was started */
	int fd;		    /* the parent's end of the channel; -1: closed */
	int life_fd;	    /* the kernel kills the child when this is closed; -1: closed */
	int error;	    /* -errno of the start; 0: it was started */
	int status;	    /* as waitpid(2) has it, once has_ended */
	bool has_ended;	    /* and was waited for */
	bool was_hung;	    /* aside_receive() killed it, as it did not answer in time */
	bool was_stopped;   /* aside_receive() killed it, as stop_fd could be read */
	bool is_left;	    /* nobody calls aside_end(): aside_took() frees it */
	int stop_fd;	    /* set by the caller once it is started; stays the caller's; -1: none */
	struct aside *next; /* in the list of those that were started */
};
#define ASIDE_INIT ((struct aside){.fd = -1, .life_fd = -1, .stop_fd = -1})

/* The child's work; fd is its end of the channel. It may _exit() with a status; a return is 0. */
typedef void aside_work(int fd, void *ctx);

/* Starts the child. name: what ps(1) shows, at most 15 bytes. 0, or -errno: there is no child. */
int aside_start(struct aside *aside, const char *name, aside_work *work, void *ctx);

/* As aside_start(), but the child keeps all descriptors, to read files that were removed. */
int aside_start_with_files(struct aside *aside, const char *name, aside_work *work, void *ctx);

/* fd: sent with the message, stays the caller's; -1: none. 0 or -errno (-EPIPE: it has ended). */
int aside_send(struct aside *aside, const void *message, size_t len, int fd);

/*
 * Waits until deadline_ns (CLOCK_MONOTONIC) for the child's next message. Returns its length, which
 * is never 0; 0: the child has ended; -ETIMEDOUT: it did not answer and was killed; -ECANCELED:
 * stop_fd could be read, of which nothing is taken, and the child was killed.
 */
ssize_t aside_receive(struct aside *aside, void *message, size_t size, int64_t deadline_ns);

/*
 * Waits in the child for the parent's next message, without a deadline. Returns its length; 0 or
 * less: the channel has ended. *fd is the descriptor that came with it and is the child's, or -1.
 */
ssize_t aside_next(int channel, void *message, size_t size, int *fd);

/* Closes the channel and waits for the child's end; kills it after 2 s. True when all went well. */
bool aside_end(struct aside *aside);

/* The rest of a sentence: "was ended by signal 11 (Segmentation fault)". The caller frees. */
char *aside_words(const struct aside *aside);

/*
 * Closes descriptors whose closing takes long, in a child that nobody waits for: it ends by itself,
 * wait_ms after this call and what the closing takes, be it after its parent. Until then it holds
 * no folder, terminal or other descriptor. Where it cannot be started, they are closed here.
 */
void aside_close(const int *fds, size_t count, int wait_ms);

/* True when pid is an aside that runs, and so none of the target's processes. */
bool aside_is_one(pid_t pid);
/* Keeps the status of a child that the caller has waited for; true when it was an aside. */
bool aside_took(pid_t pid, int status);

#endif
