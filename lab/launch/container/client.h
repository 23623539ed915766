/*
 * client.h - the engine's client that makes and runs the container, `docker run`, while it lives.
 *
 * Its standard output is the launcher's and its input is empty. What it writes to standard error
 * are the engine's own words as long as the container stands at the gate, and kept; afterwards
 * they are the container's, and relayed. It has a process group of its own: ^C is for the lab,
 * which then ends the container itself. It may be reaped with the children of the run.
 *
 * Pattern of use: client_start(); client_wait() until it says CLIENT_AT_GATE; client_relay();
 * client_end() at any stage.
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_CLIENT_H
#define OOMLAB_LAUNCH_CONTAINER_CLIENT_H

#include <pthread.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "launch/guardian.h"

struct client {
	struct spawned process; /* its standard error is a pipe */
	struct strbuf said;	/* before the gate; cut at 64 KiB */
	pthread_t relay;
	bool is_relaying;
};
#define CLIENT_INIT                                           \
	{                                                     \
		.process = SPAWNED_INIT, .said = STRBUF_INIT, \
	}

enum client_event { CLIENT_AT_GATE, CLIENT_ENDED, CLIENT_WAITS };

/* Executes `program words...` (NULL-terminated), held until the guardian has it. 0 or -1. */
int client_start(const char *program, const char *const *words, struct guardian *guardian,
		 struct client *client, struct err *err);

/* Until `listener` is readable, the client has ended, or timeout_ms are over. */
enum client_event client_wait(struct client *client, int listener, int timeout_ms);

/* From now on, in a thread, until the client ends. 0 or -1. */
int client_relay(struct client *client, struct err *err);

bool client_has_ended(const struct client *client);

/* Waits 5 s for its end, then ends it; the last of its output has been relayed. */
void client_end(struct client *client);

#endif
