#include "launch/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum { ANSWER_MAX = 1 << 20, ARGS_MAX = 256 };

struct call {
	pid_t pid;
	int out, err; /* its stdout and stderr */
};

static void become(const char *program, const char *const *argv, int out, int err)
{
	const char *words[ARGS_MAX] = {program};
	sigset_t none;

	for (int i = 0; i < ARGS_MAX - 2 && argv[i]; i++)
		words[i + 1] = argv[i];
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execvp(program, (char *const *)words);
	dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static int start(const char *program, const char *const *argv, struct call *call)
{
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(err, O_CLOEXEC) < 0) {
		close(out[0]);
		close(out[1]);
		return -EMFILE;
	}
	call->pid = fork();
	if (call->pid == 0)
		become(program, argv, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	call->out = out[0];
	call->err = err[0];
	return call->pid < 0 ? -EAGAIN : 0;
}

/* False at its end. */
static bool take(struct pollfd *p, struct strbuf *to)
{
	char chunk[4096];
	ssize_t n;

	if (!p->revents)
		return true;
	n = read(p->fd, chunk, sizeof(chunk));
	if (n <= 0)
		return n < 0 && errno == EINTR;
	if (to->len < ANSWER_MAX)
		strbuf_append(to, chunk, (size_t)n);
	return true;
}

static int listen_to(const struct call *call, struct strbuf *out, struct strbuf *err)
{
	struct pollfd polls[2] = {{.fd = call->out, .events = POLLIN},
				  {.fd = call->err, .events = POLLIN}};
	int64_t deadline = io_now_ns() + ENGINE_TIMEOUT_NS;

	while (polls[0].fd >= 0 || polls[1].fd >= 0) {
		if (io_now_ns() > deadline)
			return -ETIMEDOUT;
		if (poll(polls, 2, 1000) <= 0)
			continue;
		if (!take(&polls[0], out))
			polls[0].fd = -1;
		if (!take(&polls[1], err))
			polls[1].fd = -1;
	}
	return 0;
}

/*
 * "docker: Error response from daemon: ..." and the like: what follows, its first line, without
 * Docker's "Is the docker daemon running?".
 */
static const char *said(struct strbuf *text)
{
	static const char *const prefixes[] = {"Error response from daemon: ", "Error: "};
	char *line = text->buf, *question;

	line[strcspn(line, "\n")] = '\0';
	question = strstr(line, ". Is the docker");
	if (question)
		*question = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		char *found = strstr(line, prefixes[i]);

		if (found)
			line = found + strlen(prefixes[i]);
	}
	return *line ? line : "no reason given";
}

static int run(const char *program, const char *const *argv, struct strbuf *out, struct err *err)
{
	_cleanup_strbuf_ struct strbuf errors = STRBUF_INIT;
	struct call call = {.out = -1, .err = -1};
	int r = start(program, argv, &call), status = 0;

	if (r)
		return err_set(err, EXIT_LAB_BROKEN, "cannot start %s: %s", program, strerror(-r));
	r = listen_to(&call, out, &errors);
	close(call.out);
	close(call.err);
	if (r)
		kill(call.pid, SIGKILL);
	while (waitpid(call.pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r)
		return err_set(err, EXIT_LAB_BROKEN, "'%s %s' did not end within %s", program,
			       argv[0], TEXT_DURATION((uint64_t)ENGINE_TIMEOUT_NS));
	if (status)
		return err_set(err, EXIT_LAB_BROKEN, "%s %s: %s", program, argv[0], said(&errors));
	return 0;
}

int engine_call(const struct engine *engine, const char *const *argv, struct strbuf *out,
		struct err *err)
{
	_cleanup_strbuf_ struct strbuf ignored = STRBUF_INIT;

	return run(engine->name, argv, out ? out : &ignored, err);
}

json_t *engine_ask(const struct engine *engine, const char *const *argv, struct err *err)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
	json_t *answer;

	if (run(engine->name, argv, &out, err) < 0)
		return NULL;
	answer = json_loadb(out.buf, out.len, JSON_DECODE_ANY, NULL);
	if (!answer)
		err_set(err, EXIT_LAB_BROKEN, "%s %s: the answer is no JSON", engine->name,
			argv[0]);
	return answer;
}

static const struct {
	const char *name, *format;
} engines[] = {
	{"docker", "{{.ServerVersion}} {{.CgroupVersion}} {{.CgroupDriver}}"},
	{"podman", "{{.Version.Version}} {{.Host.CgroupsVersion}} {{.Host.CgroupManager}}"},
};

static int ask_info(size_t i, struct engine *engine, struct err *err)
{
	const char *const argv[] = {"info", "--format", engines[i].format, NULL};
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
	char version[8] = "";

	*engine = (struct engine){.name = engines[i].name};
	if (run(engine->name, argv, &out, err) < 0)
		return -1;
	sscanf(out.buf, "%63s %7s %31s", engine->version, version, engine->driver);
	engine->cgroup_version = atoi(version + (version[0] == 'v'));
	return 0;
}

int engine_find(const char *name, struct engine *engine, struct err *err)
{
	struct err first = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		struct err why = ERR_INIT;

		if (name && strcmp(name, engines[i].name))
			continue;
		if (!ask_info(i, engine, &why))
			return 0;
		if (!first.status)
			first = why;
	}
	return err_set(err, EXIT_SKIP, "no engine answers: %s", first.text);
}
