/*
 * engine.h - the command line of a container engine, Docker's or Podman's: found, asked, told.
 *
 * A client without a daemon is common, so only an engine that answers `info` counts; DOCKER_HOST
 * and the like are the client's own business. Every call is bounded by ENGINE_TIMEOUT_NS; what the
 * engine says in refusing becomes the error, its first line, without its own prefixes.
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
	const char *name;   /* "docker", "podman": also the program */
	char version[64];   /* of the daemon; podman has none and gives its own */
	int cgroup_version; /* 2, 1; 0: not said */
	char driver[32];    /* cgroupfs, systemd */
};

/* A call under way. */
struct engine_call {
	const char *program;
	const char *const *argv;
	struct spawned process;
	int cause; /* errno of what could not be started; 0: it was */
};

/*
 * Starts `program argv...` (NULL-terminated), looked for in PATH and with no signal blocked; the
 * rest is as `how` says. 0 or -errno, as spawn_start().
 */
int engine_start(const char *program, const char *const *argv, const struct spawn *how,
		 struct spawned *process);

/* The reason in what an engine wrote to standard error: one line, cut out of `text`. */
const char *engine_said(struct strbuf *text);

/* name: "docker", "podman", or NULL for the first that answers. 0, or -1 with EXIT_SKIP. */
int engine_find(const char *name, struct engine *engine, struct err *err);

/*
 * The same of one that was named, in two steps, with what else there is to do between them. 0, or
 * -1 with what it said, and no more than the name. The call may be reaped by another meanwhile.
 */
void engine_info_begin(const char *name, struct engine_call *call);
int engine_info_end(struct engine_call *call, struct engine *engine, struct err *err);

/*
 * Runs `ENGINE argv...` (NULL-terminated) and appends what it prints to `out` (may be NULL). 0, or
 * -1 with EXIT_LAB_BROKEN and what it said.
 */
int engine_call(const struct engine *engine, const char *const *argv, struct strbuf *out,
		struct err *err);

/* The same for one that prints JSON: a new reference, or NULL. */
json_t *engine_ask(const struct engine *engine, const char *const *argv, struct err *err);

#endif
