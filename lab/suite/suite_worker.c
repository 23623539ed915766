#include "suite/suite_worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

/* A folder's path, an error, or the programs of a suite. */
enum { PACKET_MAX = 128 << 10 };

#define END_NS (120 * SPAWN_SECOND) /* what a run that is interrupted may take to end in order */

int suite_packet_send(int socket, json_t *object)
{
	_cleanup_free_ char *text = json_dumps(object, JSON_COMPACT);
	size_t len = text ? strlen(text) : PACKET_MAX;
	ssize_t n = -1;

	json_decref(object);
	while (len < PACKET_MAX && (n = send(socket, text, len, MSG_NOSIGNAL)) < 0 &&
	       errno == EINTR)
		;
	return n < 0 ? -1 : 0;
}

json_t *suite_packet_receive(int socket)
{
	_cleanup_free_ char *text = xcalloc(1, PACKET_MAX);
	ssize_t n;

	while ((n = recv(socket, text, PACKET_MAX, 0)) < 0 && errno == EINTR)
		;
	return n <= 0 ? NULL : json_loadb(text, (size_t)n, 0, NULL);
}

static uint64_t largest_guest(const struct suite *suite)
{
	uint64_t most = 0;

	for (size_t i = 0; i < suite->row_count; i++)
		if (!suite->rows[i].own_boot && suite->rows[i].ram_bytes > most)
			most = suite->rows[i].ram_bytes;
	return most;
}

static json_t *programs(const struct suite *suite)
{
	json_t *list = json_array();

	for (size_t i = 0; i < suite->row_count; i++)
		if (suite->rows[i].kernel == suite->rows[0].kernel && !suite->rows[i].own_boot)
			json_array_append_new(list, json_string(suite->rows[i].program));
	return list;
}

static json_t *head(const struct suite *suite)
{
	const struct suite_options *o = &suite->options;
	json_t *object = json_object();

	json_object_set_new(object, "backend", json_string(o->backend));
	json_object_set_new(object, "reports", json_string(o->reports));
	json_object_set_new(object, "touch_profile", json_boolean(!o->no_touch_profile));
	if (o->premortem)
		json_object_set_new(object, "premortem", json_string(o->premortem));
	json_object_set_new(object, "ram_bytes", json_integer((json_int_t)largest_guest(suite)));
	json_object_set_new(object, "programs", programs(suite));
	return object;
}

static int spawn_worker(struct suite_worker *worker, int theirs)
{
	_cleanup_free_ char *number = text_format("%d", theirs);
	const char *const argv[] = {"oomlab", SUITE_WORKER_COMMAND, number, NULL};
	const struct spawn request = {
		.program = "/proc/self/exe",
		.argv = argv,
		.in = {SPAWN_NULL},
		.out = {SPAWN_NULL},
		.err = {SPAWN_NULL},
		.keep = &theirs,
		.keep_count = 1,
		.new_session = true,
		.unblocks_signals = true,
		.dies_with_caller = true,
	};

	return spawn_start(&request, &worker->process);
}

int suite_worker_start(struct suite_worker *worker, const struct suite *suite, struct err *err)
{
	int pair[2], r;

	*worker = SUITE_WORKER_INIT;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make a socket for a worker");
	r = spawn_worker(worker, pair[1]);
	close(pair[1]);
	worker->socket = pair[0];
	errno = -r;
	if (r < 0)
		err_errno(err, EXIT_LAB_BROKEN, "cannot start a worker of the suite");
	else if (suite_packet_send(worker->socket, head(suite)) < 0)
		r = err_set(err, EXIT_LAB_BROKEN, "a worker of the suite ended at once");
	if (r < 0)
		suite_worker_end(worker);
	return r < 0 ? -1 : 0;
}

bool suite_worker_tell(struct suite_worker *worker, const struct suite *suite,
		       struct suite_run *run)
{
	const struct suite_row *row = &suite->rows[run->row];
	json_t *object = json_object();

	json_object_set_new(object, "scenario", json_string(row->name));
	if (row->kernel)
		json_object_set_new(object, "kernel", json_string(row->kernel));
	worker->run = run;
	worker->began_ns = io_now_ns();
	return suite_packet_send(worker->socket, object) == 0;
}

json_t *suite_worker_answer(struct suite_worker *worker)
{
	return suite_packet_receive(worker->socket);
}

void suite_worker_finish(struct suite_worker *worker)
{
	shutdown(worker->socket, SHUT_WR);
}

void suite_worker_end(struct suite_worker *worker)
{
	cleanup_closep(&worker->socket);
	if (worker->process.pid)
		kill(worker->process.pid, SIGTERM);
	spawn_wait(&worker->process, END_NS);
	spawn_close(&worker->process);
	*worker = SUITE_WORKER_INIT;
}
