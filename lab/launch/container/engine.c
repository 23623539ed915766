#include "launch/container/engine.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strvec.h"
#include "base/text.h"

enum { ANSWER_MAX = 1 << 20 };

int engine_start(const char *program, const char *const *argv, const struct spawn *how,
		 struct spawned *process)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct spawn request = *how;

	strvec_push(&words, program);
	strvec_push_all(&words, argv);
	request.argv = words.list;
	request.by_name = true;
	request.unblocks_signals = true;
	return spawn_start(&request, process);
}

static void begin(const char *program, const char *const *argv, struct engine_call *call)
{
	static const struct spawn how = {
		.out = {SPAWN_PIPE},
		.err = {SPAWN_PIPE},
		.timeout_ns = ENGINE_TIMEOUT_NS,
		.output_max = ANSWER_MAX,
	};

	*call = (struct engine_call){.program = program, .argv = argv};
	call->cause = -engine_start(program, argv, &how, &call->process);
}

/* The reason may follow warnings. */
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

static int end(struct engine_call *call, struct strbuf *out, struct err *err)
{
	_cleanup_strbuf_ struct strbuf errors = STRBUF_INIT;
	int r;

	if (call->cause)
		return err_set(err, EXIT_LAB_BROKEN, "cannot start %s: %s", call->program,
			       strerror(call->cause));
	r = spawn_finish(&call->process, out, &errors);
	if (r == -ETIMEDOUT)
		return err_set(err, EXIT_LAB_BROKEN, "'%s %s' did not end within %s", call->program,
			       call->argv[0], TEXT_DURATION((uint64_t)ENGINE_TIMEOUT_NS));
	if (r == -EFBIG)
		return err_set(err, EXIT_LAB_BROKEN, "'%s %s' answered with more than %s",
			       call->program, call->argv[0], TEXT_SIZE(ANSWER_MAX));
	if (call->process.status)
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
	return run(engine->name, argv, out, err);
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
