#include "launch/container.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"
#include "launch/gate.h"
#include "launch/preload.h"
#include "launch/process.h"

enum { WORDS_MAX = 200, STEP_MS = 100, CLIENT_TIMEOUT_MS = 5000 };
#define GATE_TIMEOUT_NS INT64_C(60000000000)

/* A growing list of words for the engine; those made here are freed with it. */
struct words {
	const char *list[WORDS_MAX + 1];
	char *owned[WORDS_MAX];
	size_t count, owned_count;
};

static void add(struct words *w, const char *word)
{
	if (w->count < WORDS_MAX)
		w->list[w->count++] = word;
}

static void add_made(struct words *w, char *word)
{
	w->owned[w->owned_count++] = word;
	add(w, word);
}

static void words_release(struct words *w)
{
	for (size_t i = 0; i < w->owned_count; i++)
		free(w->owned[i]);
}

static size_t append(char **to, size_t n, const json_t *from)
{
	size_t i;
	const json_t *word;

	json_array_foreach (from, i, word)
		if (json_is_string(word) && n < WORDS_MAX / 2)
			to[n++] = xstrdup(json_string_value(word));
	return n;
}

void container_ask_image(const char *program, const char *image,
			 struct container_question *question)
{
	const char *const words[] = {"image", "inspect", "--format", "{{json .Config}}",
				     image,   NULL};

	memcpy(question->words, words, sizeof(words));
	engine_begin(program, question->words, &question->call);
}

char **container_command(struct container_question *question, char *const *args, struct err *err)
{
	const char *image = question->words[4];
	json_t *config = engine_end_json(&question->call, err);
	char **words;
	size_t n = 0;

	if (!config) {
		err_hint(err, "nothing is pulled here, so get or build image '%s' first", image);
		return NULL;
	}
	words = xcalloc(WORDS_MAX, sizeof(*words));
	n = append(words, n, json_object_get(config, "Entrypoint"));
	if (!args[0])
		n = append(words, n, json_object_get(config, "Cmd"));
	for (size_t i = 0; args[i] && n < WORDS_MAX / 2; i++)
		words[n++] = xstrdup(args[i]);
	json_decref(config);
	if (n)
		return words;
	free(words);
	err_set(err, EXIT_USAGE, "image '%s' has no command of its own; give one behind '--'",
		image);
	return NULL;
}

static bool has_empty_image(const struct engine *engine)
{
	const char *const ask[] = {"image", "inspect", "--format", "1", CONTAINER_EMPTY_IMAGE,
				   NULL};
	struct err ignored = ERR_INIT;

	return !engine_call(engine, ask, NULL, &ignored);
}

/* An archive of nothing is two blocks of zeroes; some engines want one entry at least. */
static int make_empty_image(const struct engine *engine, struct err *err)
{
	char path[] = "/tmp/oomlab-empty-XXXXXX";
	const char *const import[] = {"import", path, CONTAINER_EMPTY_IMAGE, NULL};
	static const char blocks[20 * 512];
	char head[512] = "tmp/";
	unsigned int sum = 0;
	int fd, r;

	memcpy(head + 100, "0001777", 8);
	memcpy(head + 108, "0000000", 8);
	memcpy(head + 116, "0000000", 8);
	memcpy(head + 124, "00000000000", 12);
	memcpy(head + 136, "00000000000", 12);
	memset(head + 148, ' ', 8);
	head[156] = '5';
	memcpy(head + 257, "ustar\00000", 8);
	for (size_t i = 0; i < sizeof(head); i++)
		sum += (unsigned char)head[i];
	snprintf(head + 148, 8, "%06o", sum);
	fd = mkostemp(path, 0);
	if (fd < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot write an empty image");
	r = io_write_all(fd, head, sizeof(head)) || io_write_all(fd, blocks, sizeof(blocks));
	close(fd);
	r = r ? err_set(err, EXIT_LAB_BROKEN, "cannot write '%s'", path)
	      : engine_call(engine, import, NULL, err);
	unlink(path);
	return r;
}

static void add_limits(struct words *w, const struct spec *spec)
{
	const struct amount *max = &spec->memory_max, *swap = &spec->memory_swap_max;

	if (max->is_set && !max->is_max) {
		uint64_t swap_bytes = swap->is_set ? swap->bytes : 0;

		add_made(w, text_format("--memory=%" PRIu64, max->bytes));
		if (swap->is_max)
			add(w, "--memory-swap=-1");
		else
			add_made(w, text_format("--memory-swap=%" PRIu64, max->bytes + swap_bytes));
	}
	if (spec->oom_score_adj != SPEC_KEEP)
		add_made(w, text_format("--oom-score-adj=%" PRId64, spec->oom_score_adj));
}

static void list_create(struct words *w, const struct container_request *request,
			const struct container *container)
{
	_cleanup_free_ char *self = io_program_path();

	add(w, "create");
	add(w, "--pull=never");
	add_made(w, text_format("--name=%s", container->name));
	add_limits(w, request->spec);
	add_made(w, text_format("--volume=%s:" GATE_DIR ":ro", container->dir));
	add_made(w, text_format("--volume=%s:" GATE_PROGRAM ":ro", self ? self : ""));
	if (request->bound)
		add_made(w, text_format("--volume=%s:%s:ro", request->bound, request->bound));
	if (request->preload) {
		add_made(w, text_format("--volume=%s:" PRELOAD_IN_CONTAINER ":ro",
					request->preload));
		add(w, "--env=LD_PRELOAD=" PRELOAD_IN_CONTAINER);
	}
	add(w, "--entrypoint=" GATE_PROGRAM);
	for (size_t i = 0; request->options && request->options[i]; i++)
		add(w, request->options[i]);
	add(w, request->image ? request->image : CONTAINER_EMPTY_IMAGE);
	add(w, "gate");
	add(w, request->path);
	for (size_t i = 0; request->argv[i]; i++)
		add(w, request->argv[i]);
}

/* An option that lacks its value has swallowed the image; the next word was taken for one. */
static int hint_at_options(const struct container_request *request, struct err *err)
{
	if (request->options && request->options[0] && strstr(err->text, "gate"))
		err_hint(err, "a --container-option needs its value in the same word: --env=A=B");
	return -1;
}

static int create(const struct container_request *request, struct container *container,
		  struct err *err)
{
	_cleanup_(words_release) struct words words = {0};
	int r;

	list_create(&words, request, container);
	if (words.count >= WORDS_MAX)
		return err_set(err, EXIT_USAGE, "the command has too many words for a container");
	r = engine_call(request->engine, words.list, NULL, err);
	/* Only then: asking first would cost every run a call. */
	if (r && !request->image && !has_empty_image(request->engine)) {
		*err = (struct err)ERR_INIT;
		r = make_empty_image(request->engine, err);
		r = r ? r : engine_call(request->engine, words.list, NULL, err);
	}
	if (r)
		return hint_at_options(request, err);
	container->is_made = true;
	return 0;
}

/* Its own process group: ^C is for the lab, which then ends the container itself. */
static int attach(struct container *container, struct err *err)
{
	sigset_t none;

	container->client = fork();
	if (container->client == 0) {
		setpgid(0, 0);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execlp(container->engine->name, container->engine->name, "start", "--attach",
		       container->name, (char *)NULL);
		_exit(127);
	}
	if (container->client > 0)
		return 0;
	container->client = 0;
	return err_errno(err, EXIT_LAB_BROKEN, "cannot start %s", container->engine->name);
}

static bool is_stop_pending(void)
{
	sigset_t pending;

	return !sigpending(&pending) &&
	       (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
		sigismember(&pending, SIGHUP) == 1);
}

static int wait_at_gate(struct container *container, struct err *err)
{
	int64_t deadline = io_now_ns() + GATE_TIMEOUT_NS;

	for (;;) {
		struct pollfd p = {.fd = container->listener, .events = POLLIN};

		if (poll(&p, 1, STEP_MS) > 0)
			return 0;
		if (waitpid(container->client, NULL, WNOHANG) == container->client) {
			container->client = 0;
			return err_set(err, EXIT_LAB_BROKEN,
				       "%s could not start the container, or it ended before the "
				       "gate: its words stand above",
				       container->engine->name);
		}
		if (is_stop_pending())
			return err_set(err, EXIT_LAB_BROKEN, "stopped while the container started");
		if (io_now_ns() > deadline)
			return err_set(err, EXIT_LAB_BROKEN,
				       "the container did not come to the gate within %s",
				       TEXT_DURATION((uint64_t)GATE_TIMEOUT_NS));
	}
}

/*
 * Payloads of crun stand in a child of the cgroup that has the limit: the engine's is the one to
 * look at.
 */
static void skip_payload(struct cg *cg)
{
	struct cgroup_limits own, above;

	if (cg->level_count < 2)
		return;
	cg_read_limits(cg, 0, &own);
	cg_read_limits(cg, 1, &above);
	if (!own.memory_max.is_max || above.memory_max.is_max)
		return;
	close(cg->levels[0].dirfd);
	free(cg->levels[0].path);
	memmove(cg->levels, cg->levels + 1, sizeof(cg->levels[0]) * (size_t)--cg->level_count);
}

static void name_it(struct container *container)
{
	static int number;

	snprintf(container->name, sizeof(container->name), "oomlab-%d-%" PRIu64 "-%d",
		 (int)getpid(), process_start_time(getpid()), ++number);
}

int container_start(const struct container_request *request, struct container *container,
		    struct target *target, struct cg *cg, struct err *err)
{
	const char *tmp = getenv("TMPDIR");
	_cleanup_free_ char *dir = text_format("%s/oomlab-gate-XXXXXX", tmp ? tmp : "/tmp");

	container->engine = request->engine;
	name_it(container);
	if (!mkdtemp(dir) || chmod(dir, 0755) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make '%s'", dir);
	container->dir = STEAL(dir);
	container->listener = gate_listen(container->dir, err);
	if (container->listener < 0 || create(request, container, err) < 0 ||
	    attach(container, err) < 0 || wait_at_gate(container, err) < 0 ||
	    gate_accept(container->listener, request->fds, request->fd_count, target, err) < 0 ||
	    cg_open_of(target->pid, cg, err) < 0)
		return -1;
	skip_payload(cg);
	return 0;
}

/* It may have been reaped with the children of the run. */
static void end_client(struct container *container)
{
	struct pollfd p = {.events = POLLIN};

	if (!container->client)
		return;
	p.fd = (int)syscall(SYS_pidfd_open, container->client, 0);
	if (p.fd >= 0) {
		poll(&p, 1, CLIENT_TIMEOUT_MS);
		close(p.fd);
		waitpid(container->client, NULL, WNOHANG);
	}
	container->client = 0;
}

/* While it runs the lab closes its sources: both take their time. */
static void begin_removal(struct container *container)
{
	const char *name = container->engine->name;
	int null;

	container->removal = fork();
	if (container->removal < 0)
		container->removal = 0;
	if (container->removal)
		return;
	null = open("/dev/null", O_WRONLY);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execlp(name, name, "rm", "--force", "--volumes", container->name, (char *)NULL);
	_exit(127);
}

/* True when it has done its work. */
static bool end_removal(struct container *container)
{
	int status = -1;

	if (!container->removal)
		return false;
	while (waitpid(container->removal, &status, 0) < 0 && errno == EINTR)
		;
	container->removal = 0;
	return !status;
}

/* A policy set while it ran; what the engine says is no longer about the life that was watched. */
static bool lives_again(const json_t *answer)
{
	const json_t *state = json_object_get(answer, "state");

	return json_integer_value(json_object_get(answer, "restarts")) > 0 ||
	       json_is_true(json_object_get(state, "Running")) ||
	       json_is_true(json_object_get(state, "Restarting"));
}

static void take_end(const json_t *state, struct container_end *end)
{
	const char *error = json_string_value(json_object_get(state, "Error"));

	end->oom_killed = json_is_true(json_object_get(state, "OOMKilled"));
	end->exit_status = json_integer_value(json_object_get(state, "ExitCode"));
	end->error = error && *error ? xstrdup(error) : NULL;
}

int container_ask(struct container *container, struct container_end *end, struct err *err)
{
	const char *const ask[] = {
		"container",	 "inspect",
		"--format",	 "{\"state\":{{json .State}},\"restarts\":{{json .RestartCount}}}",
		container->name, NULL};
	json_t *answer;
	int r = 0;

	end_client(container);
	answer = engine_ask(container->engine, ask, err);
	if (!answer)
		return -1;
	if (lives_again(answer))
		r = err_set(err, EXIT_LAB_BROKEN,
			    "it has started the container again, so its word is not of this end");
	else
		take_end(json_object_get(answer, "state"), end);
	json_decref(answer);
	begin_removal(container);
	return r;
}

int container_remove(struct container *container, struct err *err)
{
	const char *const remove[] = {"rm", "--force", "--volumes", container->name, NULL};
	int r = 0;

	if (container->listener >= 0)
		close(STEAL_FD(container->listener));
	if (container->is_made && !end_removal(container))
		r = engine_call(container->engine, remove, NULL, err);
	if (container->is_made)
		end_client(container);
	container->is_made = false;
	if (container->dir)
		io_remove_tree(container->dir);
	free(STEAL(container->dir));
	if (r && strstr(err->text, "No such container"))
		return 0;
	return r ? err_hint(err, "it may still be there: %s rm --force %s", container->engine->name,
			    container->name)
		 : 0;
}

/* Named by name_it(). */
static bool is_leftover(const char *name)
{
	int pid;
	uint64_t start;

	return sscanf(name, "oomlab-%d-%" SCNu64 "-", &pid, &start) == 2 &&
	       process_start_time(pid) != start;
}

int container_clear_leftovers(const struct engine *engine, bool dry, int *stuck)
{
	const char *const list[] = {"ps",	"--all",      "--filter", "name=oomlab-",
				    "--format", "{{.Names}}", NULL};
	_cleanup_strbuf_ struct strbuf names = STRBUF_INIT;
	struct err err = ERR_INIT;
	int found = 0;

	*stuck = 0;
	if (engine_call(engine, list, &names, &err) < 0)
		return 0;
	for (char *rest = names.buf, *name; (name = strsep(&rest, "\n"));) {
		const char *const remove[] = {"rm", "--force", "--volumes", name, NULL};

		if (!is_leftover(name))
			continue;
		found++;
		if (!dry && engine_call(engine, remove, NULL, &err) < 0)
			++*stuck;
	}
	return found;
}
