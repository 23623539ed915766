/*
 * container.h - a container of Docker or Podman as the target: made with its limit, held at the
 * gate (gate.h), let go by target_release(), asked about, removed. Driven by the engine's command
 * line; the evidence is read from its cgroup by lab/capture, from outside.
 *
 * Pattern of use:
 *  1. engine_find()
 *  2. container_begin()    runs it; as soon as it is known that it is wanted, because an engine
 *                          takes its time, and nothing of the command runs before the gate opens
 *  3. container_command()  what the image runs, with what the user gave
 *     container_start()    waits until it stands at the gate; fills the target and opens its
 *                          cgroup, wherever the engine's driver has put it
 *  4. the same as for any target: sources, target_release(), watch, finish
 *  5. container_ask()      what the engine says became of it
 *  6. container_remove()   at any stage; removes what was made and nothing else
 *
 * Nothing is pulled. Swap is what the spec says, and without a word on it off: an engine's own
 * default would give as much swap again. The container's output is the lab's; its input is empty.
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

/* What a scenario runs in when no image is named: nothing. Made when it is not there; 0 bytes. */
#define CONTAINER_EMPTY_IMAGE "oomlab-empty"

struct container_request {
	const struct engine *engine;
	const char *image;	    /* NULL: the empty one */
	const char *bound;	    /* program of the host shown inside at its own path; or NULL */
	const char *const *options; /* further ones for `run`; NULL-terminated, or NULL */
	const struct spec *spec;    /* memory_max, memory_swap_max, oom_score_adj */
	struct guardian *guardian;  /* removes it should this process be ended */
	const char *preload;	    /* library for LD_PRELOAD, of this host; NULL: none */
	/* Of container_start() alone: */
	struct gate_command command;
	const struct target_fd *fds; /* inherited, as in struct target_request */
	size_t fd_count;
};

struct container {
	struct engine engine;
	char name[64];
	char *dir;		/* with the gate's socket; this user's alone */
	int listener;		/* -1: closed */
	struct client client;	/* `run`, which relays the output */
	struct spawned removal; /* `rm`, begun by container_ask(); pid 0: none */
	bool is_made;
	int turned_away;	    /* connections to the gate that were not the container's */
	struct err turned_away_why; /* of the last one */
};
#define CONTAINER_INIT                                                          \
	{                                                                       \
		.listener = -1, .client = CLIENT_INIT, .removal = SPAWNED_INIT, \
	}

/* Until the engine has made it, or cannot, or 1 s is over: asked meanwhile, it would take longer.
 */
void container_wait_made(struct container *container);

/* What `inspect` says at the end; strings are the caller's to free. */
struct container_end {
	int64_t oom_killed;  /* 0, 1 */
	int64_t exit_status; /* as the engine maps it: 137 after SIGKILL */
	char *error;	     /* or NULL */
};

/*
 * The words that `ENGINE run IMAGE args...` would execute: the image's entry point, then the
 * arguments, or its own command where there are none. malloc'd array and strings, or NULL: no such
 * image, or nothing to run.
 */
char **container_command(const struct engine *engine, const char *image, char *const *args,
			 struct err *err);

/*
 * Both: 0, or -1; container_remove() afterwards in each case. SIGINT, SIGTERM and SIGHUP are
 * blocked, and a pending one interrupts the wait.
 */
int container_begin(const struct container_request *request, struct container *container,
		    struct err *err);
int container_start(const struct container_request *request, struct container *container,
		    struct target *target, struct cg *cg, struct err *err);

/*
 * Asks until the engine knows of the end, begins the removal, waits for the last of the output.
 * 0, or -1: the engine or the container is gone.
 */
int container_ask(struct container *container, struct container_end *end, struct err *err);

/* Its removal has begun, and container_remove() will find it done or do it. */
bool container_is_going(const struct container *container);

/* 0, also where none was begun; or -1: it may still be there, and how to remove it. */
int container_remove(struct container *container, struct err *err);

/*
 * Removes the containers of launchers that no longer live. Returns how many were found; those that
 * could not be removed are counted in *stuck. With dry set only counts.
 */
int container_clear_leftovers(const struct engine *engine, bool dry, int *stuck);

#endif
