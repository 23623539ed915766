#include "launch/container/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "launch/container/engine.h"

enum { SAID_MAX = 64 << 10 };
#define PATIENCE_NS (5 * SPAWN_SECOND)

int client_start(const char *program, const char *const *words, struct guardian *guardian,
		 struct client *client, struct err *err)
{
	const struct spawn how = {
		.in = {SPAWN_NULL},
		.err = {SPAWN_PIPE},
		.new_group = true,
		.admit = guardian_awaits,
		.admit_ctx = guardian,
	};

	errno = -engine_start(program, words, &how, &client->process);
	if (!errno && !fcntl(client->process.err, F_SETFL, O_NONBLOCK))
		return 0;
	return err_errno(err, EXIT_LAB_BROKEN, "cannot start %s", program);
}

/* Reads what is in the pipe now. Its writers may outlive the client, so this waits for no EOF. */
static void drain(struct client *client, void (*take)(struct client *, const char *, size_t))
{
	char chunk[4096];
	ssize_t n;

	while ((n = read(client->process.err, chunk, sizeof(chunk))) > 0 ||
	       (n < 0 && errno == EINTR))
		if (n > 0)
			take(client, chunk, (size_t)n);
	if (n == 0)
		close(STEAL_FD(client->process.err));
}

static void keep(struct client *client, const char *text, size_t len)
{
	if (client->said.len < SAID_MAX)
		strbuf_append(&client->said, text, len);
}

enum client_event client_wait(struct client *client, int listener, int timeout_ms)
{
	struct pollfd polls[] = {{.fd = listener, .events = POLLIN},
				 {.fd = client->process.pidfd, .events = POLLIN},
				 {.fd = client->process.err, .events = POLLIN}};

	if (poll(polls, ARRAY_SIZE(polls), timeout_ms) <= 0)
		return CLIENT_WAITS;
	if (polls[2].revents)
		drain(client, keep);
	if (polls[0].revents)
		return CLIENT_AT_GATE;
	return polls[1].revents ? CLIENT_ENDED : CLIENT_WAITS;
}

/* Errors are ignored: a reader that has gone must not block the container. */
static void pass_on(struct client *client, const char *text, size_t len)
{
	(void)client;
	io_write_all(STDERR_FILENO, text, len);
}

static void *relay(void *arg)
{
	struct client *client = arg;
	bool has_ended = false;

	while (!has_ended) {
		struct pollfd polls[] = {{.fd = client->process.err, .events = POLLIN},
					 {.fd = client->process.pidfd, .events = POLLIN}};

		if (poll(polls, ARRAY_SIZE(polls), -1) < 0)
			continue;
		has_ended = polls[1].revents;
		drain(client, pass_on);
	}
	return NULL;
}

int client_relay(struct client *client, struct err *err)
{
	errno = pthread_create(&client->relay, NULL, relay, client);
	if (errno)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot relay what the container says");
	client->is_relaying = true;
	return 0;
}

bool client_has_ended(const struct client *client)
{
	struct pollfd p = {.fd = client->process.pidfd, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

void client_end(struct client *client)
{
	spawn_wait(&client->process, PATIENCE_NS);
	if (client->is_relaying)
		pthread_join(client->relay, NULL);
	spawn_close(&client->process);
	strbuf_release(&client->said);
	*client = (struct client)CLIENT_INIT;
}
