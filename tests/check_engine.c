/*
 * check_engine.c - what an engine writes to standard error becomes one reason; its client's words
 * are kept until the gate, relayed behind it, and no end of a client is waited for in vain.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "launch/container/client.h"
#include "launch/container/engine.h"
#include "scratch.h"
#include "suite.h"

static const struct {
	const char *text, *says;
} words[] = {
	{"docker: Error response from daemon: No such image: x:latest.\nSee 'docker run --help'.\n",
	 "No such image: x:latest."},
	{"Unable to find image 'x:latest' locally\ndocker: Error response from daemon: pull\n",
	 "pull"},
	{"WARNING: Your kernel does not support swap limit capabilities\n"
	 "docker: Error response from daemon: Conflict. The container name \"/a\" is already in "
	 "use\n",
	 "Conflict. The container name \"/a\" is already in use"},
	{"Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n",
	 "Cannot connect to the Docker daemon at unix:///x"},
	{"Error: oomlab-empty: image not known\n", "oomlab-empty: image not known"},
	{"unknown flag: --x\nSee 'docker run --help'.\n", "unknown flag: --x"},
	{"Error: \n", "no reason given"},
	{"", "no reason given"},
};

START_TEST(says_why_in_one_line)
{
	struct strbuf text = STRBUF_INIT;

	strbuf_puts(&text, words[_i].text);
	strbuf_putc(&text, '\0');
	ck_assert_str_eq(engine_said(&text), words[_i].says);
	strbuf_release(&text);
}
END_TEST

static void start(struct client *client, const char *script)
{
	const char *const argv[] = {"-c", script, NULL};
	struct err err = ERR_INIT;

	ck_assert_msg(!client_start("sh", argv, NULL, client, &err), "%s", err.text);
}

static enum client_event wait_past_timeouts(struct client *client, int listener)
{
	enum client_event event = CLIENT_WAITS;

	while (event == CLIENT_WAITS)
		event = client_wait(client, listener, 1000);
	return event;
}

START_TEST(keeps_what_is_said_before_the_gate)
{
	struct client client = CLIENT_INIT;

	start(&client, "read x || echo no input >&2; exit 3");
	ck_assert_int_eq(wait_past_timeouts(&client, -1), CLIENT_ENDED);
	ck_assert_str_eq(client.said.buf, "no input\n");
	ck_assert(client_has_ended(&client));
	client_end(&client);
	ck_assert_int_eq(client.process.pid, 0);
}
END_TEST

START_TEST(a_flood_before_the_gate_is_cut)
{
	struct client client = CLIENT_INIT;

	start(&client, "seq 1 300000 >&2");
	ck_assert_int_eq(wait_past_timeouts(&client, -1), CLIENT_ENDED);
	ck_assert_uint_ge(client.said.len, 64 << 10);
	ck_assert_uint_le(client.said.len, (64 << 10) + 4096);
	client_end(&client);
}
END_TEST

START_TEST(the_gate_comes_before_the_end)
{
	struct client client = CLIENT_INIT;
	int gate[2];

	ck_assert_int_eq(pipe(gate), 0);
	ck_assert_int_eq(write(gate[1], "g", 1), 1);
	start(&client, "exit 0");
	ck_assert_int_eq(wait_past_timeouts(&client, gate[0]), CLIENT_AT_GATE);
	client_end(&client);
	close(gate[0]);
	close(gate[1]);
}
END_TEST

/* And does not wait for a process that the client leaves behind with the same output. */
START_TEST(relays_all_of_it)
{
	char going[] = "/tmp/oomlab-check-engine-XXXXXX";
	_cleanup_free_ char *script = NULL;
	struct client client = CLIENT_INIT;
	struct err err = ERR_INIT;
	struct strbuf got = STRBUF_INIT;
	int saved = dup(STDERR_FILENO), file = open("/tmp", O_TMPFILE | O_RDWR, 0600);

	ck_assert_int_ge(file, 0);
	close(mkstemp(going));
	script = text_format("while [ -e %s ]; do sleep 0.1; done & printf %%70000d 7 >&2", going);
	start(&client, script);
	dup2(file, STDERR_FILENO);
	ck_assert_int_eq(client_relay(&client, &err), 0);
	client_end(&client);
	dup2(saved, STDERR_FILENO);
	lseek(file, 0, SEEK_SET);
	ck_assert_int_eq(io_read_fd(file, 1 << 20, &got), 0);
	ck_assert_uint_eq(got.len, 70000);
	ck_assert_int_eq(got.buf[69999], '7');
	ck_assert_int_eq(unlink(going), 0);
	strbuf_release(&got);
	close(saved);
	close(file);
}
END_TEST

START_TEST(a_client_that_hangs_is_ended)
{
	struct client client = CLIENT_INIT;
	int64_t start_ns = io_now_ns();

	start(&client, "exec sleep 99");
	ck_assert_int_eq(client_wait(&client, -1, 10), CLIENT_WAITS);
	ck_assert(!client_has_ended(&client));
	client_end(&client);
	ck_assert_int_ge(io_now_ns() - start_ns, INT64_C(5000000000));
}
END_TEST

START_TEST(a_program_that_is_not_there)
{
	const char *const argv[] = {"run", NULL};
	struct client client = CLIENT_INIT;
	struct err err = ERR_INIT;

	ck_assert_int_eq(client_start("no-such-engine", argv, NULL, &client, &err), -1);
	ck_assert_str_eq(err.text, "cannot start no-such-engine: No such file or directory");
	client_end(&client);
}
END_TEST

/* Engines of this test's making: scripts in a folder that is the whole PATH. */

static void engine_enter(void)
{
	scratch_enter();
	setenv("PATH", scratch_dir, 1);
}

#define DOCKER(body) put_file("docker", "#!/bin/sh\nPATH=/bin:/usr/bin\n" body, 0700)

static const char *ask(struct err *err, struct strbuf *answer)
{
	const struct engine docker = {.name = "docker"};
	const char *const argv[] = {"ps", "--all", NULL};

	*err = (struct err)ERR_INIT;
	strbuf_clear(answer);
	return engine_call(&docker, argv, answer, err) ? err->text : answer->buf;
}

START_TEST(an_engine_answers_or_says_why_not)
{
	_cleanup_strbuf_ struct strbuf answer = STRBUF_INIT;
	struct err err;

	ck_assert_str_eq(ask(&err, &answer), "cannot start docker: No such file or directory");
	DOCKER("echo \"$@\"; echo warning >&2\n");
	ck_assert_str_eq(ask(&err, &answer), "ps --all\n");
	DOCKER("echo half; echo 'Error: it is gone' >&2; exit 1\n");
	ck_assert_str_eq(ask(&err, &answer), "docker ps: it is gone");
	DOCKER("yes\n");
	ck_assert_str_eq(ask(&err, &answer), "'docker ps' answered with more than 1 MiB");
	DOCKER("yes x | head -c 3000000 >&2; echo said\n");
	ck_assert_str_eq(ask(&err, &answer), "said\n");
}
END_TEST

START_TEST(without_an_engine_it_is_a_skip)
{
	struct engine engine;
	struct err err = ERR_INIT;

	ck_assert_int_eq(engine_find(NULL, &engine, &err), -1);
	ck_assert_int_eq(err.status, EXIT_SKIP);
	ck_assert_str_eq(err.text,
			 "no engine answers: cannot start docker: No such file or directory");
}
END_TEST

int main(void)
{
	TCase *tc = tcase_create("client"), *engine = tcase_create("engine");

	tcase_set_timeout(tc, 30);
	tcase_add_loop_test(tc, says_why_in_one_line, 0, sizeof(words) / sizeof(words[0]));
	tcase_add_test(tc, keeps_what_is_said_before_the_gate);
	tcase_add_test(tc, a_flood_before_the_gate_is_cut);
	tcase_add_test(tc, the_gate_comes_before_the_end);
	tcase_add_test(tc, relays_all_of_it);
	tcase_add_test(tc, a_client_that_hangs_is_ended);
	tcase_add_test(tc, a_program_that_is_not_there);
	tcase_add_checked_fixture(engine, engine_enter, scratch_leave);
	tcase_add_test(engine, an_engine_answers_or_says_why_not);
	tcase_add_test(engine, without_an_engine_it_is_a_skip);
	return suite_run("engine", (TCase *const[]){tc, engine}, 2);
}
