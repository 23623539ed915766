#include "launch/container/container.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/strvec.h"
#include "base/text.h"
#include "launch/container/container_gate.h"
#include "launch/container/gate.h"
#include "launch/preload.h"
#include "launch/process.h"

enum { STEP_MS = 100, MADE_TIMEOUT_MS = 1000 };
#define GATE_TIMEOUT_NS INT64_C(60000000000)
#define END_TIMEOUT_NS	INT64_C(5000000000)

static void push_texts(struct strvec *words, const json_t *from)
{
	size_t i;
	const json_t *word;

	json_array_foreach (from, i, word)
		if (json_is_string(word))
			strvec_push(words, json_string_value(word));
}

char **container_command(const struct engine *engine, const char *image, char *const *args,
			 struct err *err)
{
	const char *const ask[] = {"image", "inspect", "--format", "{{json .Config}}", image, NULL};
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	json_t *config = engine_ask(engine, ask, err);

	if (!config) {
		err_hint(err, "nothing is pulled here, so get or build image '%s' first", image);
		return NULL;
	}
	push_texts(&words, json_object_get(config, "Entrypoint"));
	if (!args[0])
		push_texts(&words, json_object_get(config, "Cmd"));
	strvec_push_all(&words, (const char *const *)args);
	json_decref(config);
	if (words.count)
		return strvec_detach(&words);
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

/*
 * Imports a tar archive (tar(5)) of one folder, "tmp": some engines refuse an archive without
 * entries.
 */
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

static void push_limits(struct strvec *words, const struct spec *spec)
{
	const struct amount *max = &spec->memory_max, *swap = &spec->memory_swap_max;

	if (max->is_set && !max->is_max) {
		uint64_t swap_bytes = swap->is_set ? swap->bytes : 0;

		strvec_pushf(words, "--memory=%" PRIu64, max->bytes);
		if (swap->is_max)
			strvec_push(words, "--memory-swap=-1");
		else
			strvec_pushf(words, "--memory-swap=%" PRIu64, max->bytes + swap_bytes);
	}
	if (spec->oom_score_adj != SPEC_KEEP)
		strvec_pushf(words, "--oom-score-adj=%" PRId64, spec->oom_score_adj);
}

static void push_run(struct strvec *words, const struct container_request *request,
		     const struct container *container)
{
	_cleanup_free_ char *self = io_program_path();

	strvec_pushl(words, "run", "--pull=never");
	strvec_pushf(words, "--name=%s", container->name);
	push_limits(words, request->spec);
	strvec_pushf(words, "--volume=%s/" CONTAINER_SHOWN_DIR ":" GATE_DIR ":ro", container->dir);
	strvec_pushf(words, "--volume=%s:" GATE_PROGRAM ":ro", self ? self : "");
	if (request->bound)
		strvec_pushf(words, "--volume=%s:%s:ro", request->bound, request->bound);
	if (request->preload) {
		strvec_pushf(words, "--volume=%s:" PRELOAD_IN_CONTAINER ":ro", request->preload);
		strvec_push(words, "--env=LD_PRELOAD=" PRELOAD_IN_CONTAINER);
	}
	strvec_pushf(words, "--cidfile=%s/" CONTAINER_ID_FILE, container->dir);
	strvec_push(words, "--entrypoint=" GATE_PROGRAM);
	strvec_push_all(words, request->options);
	strvec_pushl(words, request->image ? request->image : CONTAINER_EMPTY_IMAGE, "gate");
}

/* The engine writes the id once it has made the container; the name alone could be another's. */
static bool is_made(const struct container *container)
{
	char id[CONTAINER_ID_SIZE];

	return container_read_id(container, id);
}

static bool is_stop_pending(void)
{
	sigset_t pending;

	return !sigpending(&pending) &&
	       (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
		sigismember(&pending, SIGHUP) == 1);
}

static enum client_event wait_a_step(struct container *container)
{
	enum client_event event = client_wait(&container->client, container->listener, STEP_MS);

	container->is_made = is_made(container);
	return event;
}

static int wait_at_gate(struct container *container, struct target *target, struct cg *cg,
			struct err *err)
{
	int64_t deadline = io_now_ns() + GATE_TIMEOUT_NS;

	for (;;) {
		enum client_event event = wait_a_step(container);
		int r = event == CLIENT_AT_GATE ? container_admit(container, target, cg, err) : 1;

		if (r <= 0)
			return r;
		if (event == CLIENT_ENDED)
			break;
		if (is_stop_pending())
			return err_set(err, EXIT_LAB_BROKEN, "stopped while the container started");
		if (io_now_ns() > deadline) {
			err_set(err, EXIT_LAB_BROKEN,
				"the container did not come to the gate within %s",
				TEXT_DURATION((uint64_t)GATE_TIMEOUT_NS));
			return container_hint_at_gate(container, err);
		}
	}
	err_set(err, EXIT_LAB_BROKEN, "%s run: %s", container->engine.name,
		engine_said(&container->client.said));
	return container_hint_at_gate(container, err);
}

/*
 * An option without its value has swallowed the image, and the engine takes "gate" for the image.
 */
static int hint_at_options(const struct container_request *request,
			   const struct container *container, struct err *err)
{
	if (request->options && request->options[0] && !container->turned_away &&
	    strstr(err->text, "gate"))
		err_hint(err, "a --container-option needs its value in the same word: --env=A=B");
	return -1;
}

static int start_client(const struct container_request *request, struct container *container,
			struct err *err)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;

	push_run(&words, request, container);
	return client_start(request->engine->name, words.list, request->guardian,
			    &container->client, err);
}

static int bring_to_gate(const struct container_request *request, struct container *container,
			 struct target *target, struct cg *cg, struct err *err)
{
	int r = wait_at_gate(container, target, cg, err);

	/* The empty image is looked for only after a failure, because that costs a call. */
	if (r && !container->is_made && !request->image && !has_empty_image(request->engine)) {
		*err = (struct err)ERR_INIT;
		client_end(&container->client);
		r = make_empty_image(request->engine, err);
		r = r ? r : start_client(request, container, err);
		r = r ? r : wait_at_gate(container, target, cg, err);
	}
	return r ? hint_at_options(request, container, err) : client_relay(&container->client, err);
}

static void choose_name(struct container *container)
{
	static int number;

	snprintf(container->name, sizeof(container->name), "oomlab-%d-%" PRIu64 "-%d",
		 (int)getpid(), process_start_time(getpid()), ++number);
}

/* Tells the guardian what to remove, before anything is made. 0, or as guardian.h has it. */
static int tell_guardian(struct guardian *guardian, const struct container *container)
{
	const char *const remove[] = {container->engine.name, "rm", "--force", "--volumes",
				      container->name,	      NULL};
	const char *const ask[] = {container->engine.name, "container", "inspect", container->name,
				   NULL};

	int r = guardian_take_folder(guardian, container->dir);

	return r ? r : guardian_take_removal(guardian, remove, ask);
}

int container_begin(const struct container_request *request, struct container *container,
		    struct err *err)
{
	int r;

	container->engine = *request->engine;
	choose_name(container);
	if (container_make_dir(container, err) < 0)
		return -1;
	r = tell_guardian(request->guardian, container);
	if (r)
		return err_set(err, EXIT_LAB_BROKEN, "%s", guardian_refusal(r));
	return start_client(request, container, err);
}

void container_wait_made(struct container *container)
{
	_cleanup_close_ int changes = inotify_init1(IN_CLOEXEC);
	struct pollfd polls[] = {{.fd = changes, .events = POLLIN},
				 {.fd = container->client.process.pidfd, .events = POLLIN}};
	char ignored[4096];

	if (changes < 0 || inotify_add_watch(changes, container->dir, IN_MODIFY) < 0)
		return;
	while (!is_made(container) && poll(polls, ARRAY_SIZE(polls), MADE_TIMEOUT_MS) > 0 &&
	       !polls[1].revents)
		if (read(changes, ignored, sizeof(ignored)) < 0)
			return;
}

int container_start(const struct container_request *request, struct container *container,
		    struct target *target, struct cg *cg, struct err *err)
{
	if (bring_to_gate(request, container, target, cg, err) < 0 ||
	    gate_hand_over(request->fds, request->fd_count, &request->command, target, err) < 0)
		return -1;
	container_skip_payload(container, cg);
	return 0;
}

/* Starts `rm` without waiting: oomlab closes its sources meanwhile, and both are slow. */
static void begin_removal(struct container *container)
{
	static const struct spawn how = {.out = {SPAWN_NULL}, .err = {SPAWN_NULL}};
	const char *const words[] = {"rm", "--force", "--volumes", container->name, NULL};

	engine_start(container->engine.name, words, &how, &container->removal);
}

bool container_is_being_removed(const struct container *container)
{
	return container->removal.pid > 0;
}

/* Waits for the removal that was begun; true when there was one and it succeeded. */
static bool end_removal(struct container *container)
{
	int r;

	if (!container_is_being_removed(container))
		return false;
	r = spawn_wait(&container->removal, SPAWN_FOREVER);
	spawn_close(&container->removal);
	return !r && !container->removal.status;
}

/* A restart policy was set while it ran. The engine's answer is then not about the watched run. */
static bool was_restarted(const json_t *answer)
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

static bool is_running(const json_t *answer)
{
	return json_is_true(json_object_get(json_object_get(answer, "state"), "Running")) &&
	       !json_integer_value(json_object_get(answer, "restarts"));
}

/* An engine learns of the end some 30 ms late, so it is asked again without a pause. */
static json_t *ask_until_ended(struct container *container, struct err *err)
{
	const char *const ask[] = {
		"container",	 "inspect",
		"--format",	 "{\"state\":{{json .State}},\"restarts\":{{json .RestartCount}}}",
		container->name, NULL};
	int64_t deadline = io_now_ns() + END_TIMEOUT_NS;

	for (;;) {
		bool is_last = client_has_ended(&container->client) || io_now_ns() > deadline;
		json_t *answer = engine_ask(&container->engine, ask, err);

		if (!answer || is_last || !is_running(answer))
			return answer;
		json_decref(answer);
	}
}

int container_ask(struct container *container, struct container_end *end, struct err *err)
{
	json_t *answer = ask_until_ended(container, err);
	int r = 0;

	if (answer)
		begin_removal(container);
	client_end(&container->client);
	if (!answer)
		return -1;
	if (was_restarted(answer))
		r = err_set(err, EXIT_LAB_BROKEN,
			    "it has started the container again, so its word is not of this end");
	else
		take_end(json_object_get(answer, "state"), end);
	json_decref(answer);
	return r;
}

/* Waits until it is known whether there is a container to remove. */
static void wait_until_settled(struct container *container)
{
	int64_t deadline = io_now_ns() + GATE_TIMEOUT_NS;
	enum client_event event = CLIENT_WAITS;

	if (container->listener >= 0)
		close(STEAL_FD(container->listener));
	while (event == CLIENT_WAITS && !container->is_made && container->client.process.pid > 0 &&
	       io_now_ns() < deadline)
		event = wait_a_step(container);
}

int container_remove(struct container *container, struct err *err)
{
	const char *const remove[] = {"rm", "--force", "--volumes", container->name, NULL};
	int r = 0;

	if (!container->dir)
		return 0;
	wait_until_settled(container);
	if (container->is_made && !end_removal(container))
		r = engine_call(&container->engine, remove, NULL, err);
	client_end(&container->client);
	container->is_made = false;
	io_remove_tree(container->dir);
	free(STEAL(container->dir));
	if (r && strstr(err->text, "No such container"))
		return 0;
	return r ? err_hint(err, "it may still be there: %s rm --force %s", container->engine.name,
			    container->name)
		 : 0;
}

/* Whether a dead launcher chose this name with choose_name(). */
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
