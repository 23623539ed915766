#include "launch/container/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

enum { ANSWER_MAX = 1 << 20, ARGS_MAX = 256 };

void engine_exec(const char *program, const char *const *argv)
{
	const char *words[ARGS_MAX] = {program};
	sigset_t none;

	for (int i = 0; i < ARGS_MAX - 2 && argv[i]; i++)
		words[i + 1] = argv[i];
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(program, (char *const *)words);
	dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
	_exit(127);
}

static void become(const char *program, const char *const *argv, int out, int err)
{
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	engine_exec(program, argv);
}

static int make_pipes(int out[2], int err[2])
{
	if (pipe2(out, O_CLOEXEC) < 0)
		return -1;
	if (!pipe2(err, O_CLOEXEC))
		return 0;
	close(out[0]);
	close(out[1]);
	return -1;
}

static void begin(const char *program, const char *const *argv, struct engine_call *call)
{
	int out[2], err[2];

	*call = (struct engine_call){.program = program, .argv = argv};
	if (make_pipes(out, err) < 0) {
		call->cause = errno;
		return;
	}
	call->out = out[0];
	call->err = err[0];
	call->pid = fork();
	if (call->pid == 0)
		become(program, argv, out[1], err[1]);
	if (call->pid < 0) {
		call->cause = errno;
		call->pid = 0;
		close(out[0]);
		close(err[0]);
	}
	close(out[1]);
	close(err[1]);
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

static int listen_to(const struct engine_call *call, struct strbuf *out, struct strbuf *err)
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

/* Warnings may stand before it. */
static char *find_reason(char *text)
{
	static const char *const prefixes[] = {"Error response from daemon: ", "Error: "};

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		char *found = strstr(text, prefixes[i]);

		if (found)
			return found + strlen(prefixes[i]);
	}
	return text;
}

const char *engine_said(struct strbuf *text)
{
	char *line = find_reason(text->buf), *question;

	line[strcspn(line, "\n")] = '\0';
	question = strstr(line, ". Is the docker");
	if (question)
		*question = '\0';
	return *line ? line : "no reason given";
}

static int reap(struct engine_call *call, bool kill_first)
{
	int status = 0;

	close(call->out);
	close(call->err);
	if (kill_first)
		kill(call->pid, SIGKILL);
	while (waitpid(call->pid, &status, 0) < 0 && errno == EINTR)
		;
	call->pid = 0;
	return status;
}

static int end(struct engine_call *call, struct strbuf *out, struct err *err)
{
	_cleanup_strbuf_ struct strbuf errors = STRBUF_INIT;
	int r, status;

	if (!call->pid)
		return err_set(err, EXIT_LAB_BROKEN, "cannot start %s: %s", call->program,
			       strerror(call->cause));
	r = listen_to(call, out, &errors);
	status = reap(call, r != 0);
	if (r)
		return err_set(err, EXIT_LAB_BROKEN, "'%s %s' did not end within %s", call->program,
			       call->argv[0], TEXT_DURATION((uint64_t)ENGINE_TIMEOUT_NS));
	if (status)
		return err_set(err, EXIT_LAB_BROKEN, "%s %s: %s", call->program, call->argv[0],
			       engine_said(&errors));
	return 0;
}

static int run(const char *program, const char *const *argv, struct strbuf *out, struct err *err)
{
	struct engine_call call;

	begin(program, argv, &call);
	return end(&call, out, err);
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

	if (engine_call(engine, argv, &out, err) < 0)
		return NULL;
	answer = json_loadb(out.buf, out.len, JSON_DECODE_ANY, NULL);
	if (!answer)
		err_set(err, EXIT_LAB_BROKEN, "%s %s: the answer is no JSON", engine->name,
			argv[0]);
	return answer;
}

static const struct {
	const char *name;
	const char *info[4];
} engines[] = {
	{"docker",
	 {"info", "--format", "{{.ServerVersion}} {{.CgroupVersion}} {{.CgroupDriver}}", NULL}},
	{"podman",
	 {"info", "--format",
	  "{{.Version.Version}} {{.Host.CgroupsVersion}} {{.Host.CgroupManager}}", NULL}},
};

static void begin_info(size_t i, struct engine_call *call)
{
	begin(engines[i].name, engines[i].info, call);
}

int engine_info_end(struct engine_call *call, struct engine *engine, struct err *err)
{
	_cleanup_strbuf_ struct strbuf out = STRBUF_INIT;
	char version[8] = "";

	*engine = (struct engine){.name = call->program};
	if (end(call, &out, err) < 0)
		return -1;
	sscanf(out.buf, "%63s %7s %31s", engine->version, version, engine->driver);
	engine->cgroup_version = atoi(version + (version[0] == 'v'));
	return 0;
}

void engine_info_begin(const char *name, struct engine_call *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(engines); i++)
		if (!strcmp(engines[i].name, name))
			begin_info(i, call);
}

int engine_find(const char *name, struct engine *engine, struct err *err)
{
	struct err first = ERR_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		struct err why = ERR_INIT;
		struct engine_call call;

		if (name && strcmp(name, engines[i].name))
			continue;
		begin_info(i, &call);
		if (!engine_info_end(&call, engine, &why))
			return 0;
		if (!first.status)
			first = why;
	}
	return err_set(err, EXIT_SKIP, "no engine answers: %s", first.text);
}
