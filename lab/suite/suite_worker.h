/*
 * suite_worker.h - one worker of a suite: a process of this program (`oomlab suite-worker FD`) that
 * does a run whenever it is told one.
 *
 * Between the two is a SOCK_SEQPACKET socket; each packet is a JSON object:
 *	to the worker, first	{"backend", "reports", "touch_profile", "premortem", "ram_bytes", "programs": []}
 *	to the worker, then	{"scenario", "kernel"} each; "kernel" may be absent
 *	from the worker, each	{"status"} and "folder" of the run, or "error"
 *	from the worker, last	{"boots"}, once the other side has shut down its sending
 *
 * A worker that is told nothing more ends its guest and itself. The kernel kills it when the suite's
 * process dies; its guardian (launch/guardian.h) then ends what it started.
 */
#ifndef OOMLAB_SUITE_SUITE_WORKER_H
#define OOMLAB_SUITE_SUITE_WORKER_H

#include <jansson.h>

#include "base/spawn.h"
#include "suite/suite.h"

#define SUITE_WORKER_COMMAND "suite-worker"

struct suite_worker {
	struct spawned process;
	int socket;	       /* -1: none */
	struct suite_run *run; /* under way; NULL: none */
	int64_t began_ns;
};
#define SUITE_WORKER_INIT ((struct suite_worker){.process = SPAWNED_INIT, .socket = -1})

/* Starts one and tells it what the runs have in common. 0, or -1 with err. */
int suite_worker_start(struct suite_worker *worker, const struct suite *suite, struct err *err);

/* Has an idle worker do this run. False: the worker is gone. */
bool suite_worker_tell(struct suite_worker *worker, const struct suite *suite,
		       struct suite_run *run);

/* Reads an answer; a new reference, or NULL when the worker is gone. It waits for one. */
json_t *suite_worker_answer(struct suite_worker *worker);

/* Says that there is nothing more. The worker's last answer is still to be read. */
void suite_worker_finish(struct suite_worker *worker);

/* Waits for its end, asks it to end after a while, and closes all. Safe where none was started. */
void suite_worker_end(struct suite_worker *worker);

/* A packet as a JSON object, sent or received; 0 and a new reference, or -1. For both sides. */
int suite_packet_send(int socket, json_t *object);
json_t *suite_packet_receive(int socket);

#endif
