/*
 * container.h - a container of Docker or Podman as the target: made with its limit, held at the
 * gate (gate.h), let go by target_release(), asked about, removed. The engine is driven by its
 * command line; lab/capture reads the evidence from the container's cgroup, from outside.
 *
 * Pattern of use:
 *  1. engine_find()
 *  2. container_begin()    starts `run` early, because an engine is slow; nothing of the command
 *                          runs before the gate opens
 *  3. container_command()  combines the image's command with the user's words
 *     container_start()    waits until the container is at the gate; fills the target and opens its
 *                          cgroup, wherever the engine's driver has put it
 *  4. the same as for any target: sources, target_release(), watch, finish
 *  5. container_ask()      asks the engine what became of it
 *  6. container_remove()   at any stage; removes what was made and nothing else
 *
 * Nothing is pulled. Swap is off unless the spec says otherwise: the default of engines is as much
 * swap as memory. The container's output goes to the launcher's; its input is empty.
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_CONTAINER_H
#define OOMLAB_LAUNCH_CONTAINER_CONTAINER_H

#include "base/err.h"
#include "launch/cgroup.h"
#include "launch/container/client.h"
#include "launch/container/engine.h"
#include "launch/container/gate.h"
#include "launch/guardian.h"
#include "launch/target.h"
#include "spec/spec.h"

/* The image for a scenario when none is named: it holds no file, and is made when it is missing. */
#define CONTAINER_EMPTY_IMAGE "oomlab-empty"

struct container_request {
	const struct engine *engine;
	const char *image; /* NULL: CONTAINER_EMPTY_IMAGE */
	const char *bound; /* a program of the host, visible inside at its own path; or NULL */
	const char *const *options; /* the user's, for `run`; NULL-terminated, or NULL */
	const struct spec *spec;    /* memory_max, memory_swap_max, oom_score_adj are used */
	struct guardian *guardian;  /* removes the container when this process dies */
	const char *preload;	    /* library of this host for LD_PRELOAD; NULL: none */
	/* For container_start() alone: */
	struct gate_command command;
	const struct target_fd *fds; /* inherited, as in struct target_request */
	size_t fd_count;
};

struct container {
	struct engine engine;
	char name[64];
	char *dir;		/* the folder of the gate, which this user alone may enter */
	int listener;		/* the gate's socket; -1: closed */
	struct client client;	/* the process of `run` */
	struct spawned removal; /* the process of `rm`, begun by container_ask(); pid 0: none */
	bool is_made;		/* the engine has written its id into `dir` */
	int turned_away; /* number of connections to the gate that were not the container's */
	struct err turned_away_why; /* why the last one was not */
};
#define CONTAINER_INIT                                                          \
	{                                                                       \
		.listener = -1, .client = CLIENT_INIT, .removal = SPAWNED_INIT, \
	}

/* What `inspect` says at the end; strings are the caller's to free. */
struct container_end {
	int64_t oom_killed;  /* 0 or 1, State.OOMKilled */
	int64_t exit_status; /* as the engine maps it: 137 after SIGKILL */
	char *error;	     /* NULL: none */
};

/*
 * The words that `ENGINE run IMAGE args...` would execute: the image's entry point, then `args`, or
 * the image's own command where there are none. The caller frees the array and the strings. NULL
 * with err: there is no such image, or nothing to run.
 */
char **container_command(const struct engine *engine, const char *image, char *const *args,
			 struct err *err);

/*
 * Both: 0, or -1; call container_remove() afterwards in either case. container_start() fails when
 * SIGINT, SIGTERM or SIGHUP is pending. pre: these are blocked; *container is CONTAINER_INIT before
 * container_begin().
 */
int container_begin(const struct container_request *request, struct container *container,
		    struct err *err);
int container_start(const struct container_request *request, struct container *container,
		    struct target *target, struct cg *cg, struct err *err);

/*
 * After container_begin(): waits until the engine has made the container, or cannot, or 1 s is
 * over. An engine that is asked something else meanwhile takes longer.
 */
void container_wait_made(struct container *container);

/*
 * Asks until the engine knows of the end, begins the removal, relays the last of the output. 0, or
 * -1: the engine or the container is gone, or was started again.
 */
int container_ask(struct container *container, struct container_end *end, struct err *err);

/* Whether its removal has begun. container_remove() is still needed, and waits for it. */
bool container_is_being_removed(const struct container *container);

/* 0, also when nothing was made; or -1: it may still be there, and err says how to remove it. */
int container_remove(struct container *container, struct err *err);

/*
 * Removes the containers of launchers that no longer live. Returns how many were found; those that
 * could not be removed are counted in *stuck. dry: only counts.
 */
int container_clear_leftovers(const struct engine *engine, bool dry, int *stuck);

#endif
