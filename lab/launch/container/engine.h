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
#include <sys/types.h>

#include "base/err.h"
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
	pid_t pid;    /* 0: none, or it could not be started */
	int out, err; /* its stdout and stderr */
	int cause;    /* errno of what could not be started */
};

/* In a child: becomes `program argv...` with no signal blocked; 127 when it cannot. */
void engine_exec(const char *program, const char *const *argv) __attribute__((noreturn));

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
