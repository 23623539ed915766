/*
 * client.h - the process of `docker run` (or podman), which makes and runs the container.
 *
 * Its standard output is the launcher's and its input is empty. Until the container is at the gate,
 * its standard error has the engine's own words, which are kept; afterwards it has the container's,
 * which are relayed. It has a process group of its own, so that ^C reaches oomlab alone, which then
 * ends the container. Others may reap it (wait4(-1)).
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
	struct strbuf said;	/* its standard error before the gate; kept up to 64 KiB */
	pthread_t relay;
	bool is_relaying;
};
#define CLIENT_INIT                                           \
	{                                                     \
		.process = SPAWNED_INIT, .said = STRBUF_INIT, \
	}

enum client_event {
	CLIENT_AT_GATE, /* `listener` is readable */
	CLIENT_ENDED,
	CLIENT_WAITS, /* neither, when the time was over */
};

/*
 * Starts `program words...` (NULL-terminated); it does not begin before the guardian has its pidfd.
 * 0 or -1.
 */
int client_start(const char *program, const char *const *words, struct guardian *guardian,
		 struct client *client, struct err *err);

/* Waits until `listener` is readable, the client has ended, or timeout_ms are over. */
enum client_event client_wait(struct client *client, int listener, int timeout_ms);

/* Starts a thread that relays its standard error to ours until the client ends. 0 or -1. */
int client_relay(struct client *client, struct err *err);

bool client_has_ended(const struct client *client);

/* Waits 5 s for its end, then kills it; relays the last of its output, closes all. Safe twice. */
void client_end(struct client *client);

#endif
