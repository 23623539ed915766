/*
 * container.h - a container of Docker or Podman as the target: made with its limit, held at the
 * gate (gate.h), let go by target_release(), asked about, removed. Driven by the engine's command
 * line; the evidence is read from its cgroup by lab/capture, from outside.
 *
 * Pattern of use:
 *  1. engine_find()
 *  2. container_command()  what the image runs, with what the user gave; asked meanwhile by
 *                          container_ask_image()
 *  3. container_start()    create, start, and wait until it stands at the gate; fills the target
 *                          and opens its cgroup, wherever the engine's driver has put it
 *  4. the same as for any target: sources, target_release(), watch, finish
 *  5. container_ask()      what the engine says became of it
 *  6. container_remove()   at any stage; removes what was made and nothing else
 *
 * Nothing is pulled. Swap is what the spec says, and without a word on it off: an engine's own
 * default would give as much swap again. The container's output is the lab's; its input is empty.
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_H
#define OOMLAB_LAUNCH_CONTAINER_H

#include "launch/cgroup.h"
#include "launch/engine.h"
#include "launch/target.h"
#include "spec/spec.h"

/* What a scenario runs in when no image is named: nothing. Made when it is not there; 0 bytes. */
#define CONTAINER_EMPTY_IMAGE "oomlab-empty"

struct container_request {
	const struct engine *engine;
	const char *image;	     /* NULL: the empty one */
	const char *path;	     /* what is executed, as seen inside */
	const char *bound;	     /* program of the host shown inside at its own path; or NULL */
	char *const *argv;	     /* of the target */
	const char *const *options;  /* further ones for `create`; NULL-terminated, or NULL */
	const struct spec *spec;     /* memory_max, memory_swap_max, oom_score_adj */
	const struct target_fd *fds; /* inherited, as in struct target_request */
	size_t fd_count;
	const char *preload; /* library for LD_PRELOAD, of this host; NULL: none */
};

struct container {
	const struct engine *engine;
	char name[64];
	char *dir;     /* with the gate's socket */
	int listener;  /* -1: closed */
	pid_t client;  /* `start --attach`, which relays the output; 0: none */
	pid_t removal; /* `rm`, begun by container_ask(); 0: none */
	bool is_made;
};
#define CONTAINER_INIT         \
	{                      \
		.listener = -1 \
	}

/* What `inspect` says at the end; strings are the caller's to free. */
struct container_end {
	int64_t oom_killed;  /* 0, 1 */
	int64_t exit_status; /* as the engine maps it: 137 after SIGKILL */
	char *error;	     /* or NULL */
};

/* Begins the question that container_command() ends: another can be asked meanwhile. */
struct container_question {
	const char *words[6];
	struct engine_call call;
};
void container_ask_image(const char *program, const char *image,
			 struct container_question *question);

/*
 * The words that `ENGINE run IMAGE args...` would execute: the image's entry point, then the
 * arguments, or its own command where there are none. malloc'd array and strings, or NULL: no such
 * image, or nothing to run.
 */
char **container_command(struct container_question *question, char *const *args, struct err *err);

/* 0, or -1; container_remove() afterwards in both cases. Interrupted by a blocked, pending signal.
 */
int container_start(const struct container_request *request, struct container *container,
		    struct target *target, struct cg *cg, struct err *err);

/* Waits for the last of its output, asks, and begins the removal. 0, or -1: the engine or the
 * container is gone. */
int container_ask(struct container *container, struct container_end *end, struct err *err);

/* 0, or -1: it may still be there, and how to remove it. */
int container_remove(struct container *container, struct err *err);

/*
 * Removes the containers of launchers that no longer live. Returns how many were found; those that
 * could not be removed are counted in *stuck. With dry set only counts.
 */
int container_clear_leftovers(const struct engine *engine, bool dry, int *stuck);

#endif
