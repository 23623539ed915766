/*
 * aside.h - work that may crash, hang or be killed, in a process of its own: what is read there
 * (programs, their debug information) is whatever somebody put there, and a run must outlive it.
 *
 * Pattern of use: aside_start(); aside_send() and aside_receive() as its work answers; aside_end();
 * aside_words() for how it ended. Each message arrives whole or not at all, so that one who dies in
 * the middle of a word leaves nothing half said.
 * The process is forked, so it knows all that its parent knew; of descriptors it keeps its end of
 * the channel and standard error. It ends when the channel does, at the latest with its parent,
 * and leaves no core file.
 * Whoever waits for any child (wait4(-1)) passes on what it got to aside_took(). Not thread safe.
 */
#ifndef OOMLAB_BASE_ASIDE_H
#define OOMLAB_BASE_ASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One message; less than what a socket holds. */
enum { ASIDE_MESSAGE_MAX = 96 << 10 };

/* ASIDE_INIT; never moved while it runs. */
struct aside {
	pid_t pid;   /* 0: none was started, or it could not be */
	int fd;	     /* the channel; -1: closed */
	int life_fd; /* it is killed when this is closed, as at the end of its parent; -1: closed */
	int error;   /* why it could not be started */
	int status;
	bool has_ended; /* status is its wait status */
	bool was_hung;	/* it was killed here, as it did not answer */
	bool was_stopped;
	int stop_fd; /* set once it is started, stays the caller's; -1: none */
	struct aside *next;
};
#define ASIDE_INIT ((struct aside){.fd = -1, .life_fd = -1, .stop_fd = -1})

/* What it does; fd is its end of the channel. It may _exit() with a status, or return: 0. */
typedef void aside_work(int fd, void *ctx);

/* name: what ps(1) shows, at most 15 bytes. 0, or -errno: there is none then. */
int aside_start(struct aside *aside, const char *name, aside_work *work, void *ctx);

/* The same, with all descriptors that its parent has open: one that reads files which are gone. */
int aside_start_with_files(struct aside *aside, const char *name, aside_work *work, void *ctx);

/* fd: given along, stays the caller's; -1: none. 0 or -errno (-EPIPE: it has ended). */
int aside_send(struct aside *aside, const void *message, size_t len, int fd);

/*
 * Waits until deadline_ns for its next message. Returns its length, which is never 0; 0: it has
 * ended; -ETIMEDOUT: it has said nothing, and is killed; -ECANCELED: stop_fd can be read, of which
 * nothing is, and it is killed.
 */
ssize_t aside_receive(struct aside *aside, void *message, size_t size, int64_t deadline_ns);

/* The same in the process itself, without end; a descriptor that came along is in *fd, else -1. */
ssize_t aside_next(int channel, void *message, size_t size, int *fd);

/* Closes the channel and waits for its end, which comes at once. True when all went well. */
bool aside_end(struct aside *aside);

/* "was ended by signal 11 (Segmentation fault)": what became of it; the caller frees. */
char *aside_words(const struct aside *aside);

/* One that is running is no process of anybody else's. */
bool aside_is_one(pid_t pid);
/* A child was waited for: true when it was one of these. */
bool aside_took(pid_t pid, int status);

#endif
