/*
 * engine.h - finds a container engine, Docker or Podman, and calls its command line.
 *
 * A client without a daemon is common, so only an engine that answers `info` is found. DOCKER_HOST
 * and the like are left to the client. A call takes ENGINE_TIMEOUT_NS at most. When the engine
 * refuses, the first line that it says, without its own prefixes, becomes the error.
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_ENGINE_H
#define OOMLAB_LAUNCH_CONTAINER_ENGINE_H

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "base/spawn.h"
#include "base/strbuf.h"

#define ENGINE_TIMEOUT_NS INT64_C(60000000000)

struct engine {
	const char *name;   /* "docker" or "podman", which is also the program */
	char version[64];   /* of the daemon; podman has none and gives its own */
	int cgroup_version; /* 2, 1; 0: not said */
	char driver[32];    /* cgroupfs, systemd */
};

/* A call under way. */
struct engine_call {
	const char *program;
	const char *const *argv;
	struct spawned process;
	int cause; /* errno why it was not started; 0: it was */
};

/*
 * Starts `program argv...` (NULL-terminated), which is looked for in PATH, with no signal blocked;
 * all else is as `how` says. 0 or -errno, as spawn_start().
 */
int engine_start(const char *program, const char *const *argv, const struct spawn *how,
		 struct spawned *process);

/* The reason in what an engine wrote to standard error: one line, which stays part of `text`. */
const char *engine_said(struct strbuf *text);

/* name: "docker", "podman", or NULL for the first that answers. 0, or -1 with EXIT_SKIP. */
int engine_find(const char *name, struct engine *engine, struct err *err);

/*
 * The same for one engine in two steps, with other work between them. name: "docker" or "podman",
 * else nothing begins. engine_info_end() returns 0, or -1 with what the engine said, and *engine
 * then has its name only. Another may reap the call meanwhile (wait4(-1)).
 */
void engine_info_begin(const char *name, struct engine_call *call);
int engine_info_end(struct engine_call *call, struct engine *engine, struct err *err);

/*
 * Runs `ENGINE argv...` (NULL-terminated) and appends what it prints to `out` (may be NULL). 0, or
 * -1 with EXIT_LAB_BROKEN and what it said.
 */
int engine_call(const struct engine *engine, const char *const *argv, struct strbuf *out,
		struct err *err);

/* The same for a call that prints JSON: a new reference, or NULL with err. */
json_t *engine_ask(const struct engine *engine, const char *const *argv, struct err *err);

#endif
