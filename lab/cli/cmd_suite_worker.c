/* A worker of a suite; the protocol is in suite/suite_worker.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strvec.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/run_options.h"
#include "run/run_keep.h"
#include "run/session.h"
#include "suite/suite_worker.h"

struct worker {
	int socket;
	json_t *head;
	struct strvec programs, words; /* words: of `oomlab run`, but for the scenario */
	struct run_keep keep;
};

static int read_head(struct worker *w)
{
	const json_t *programs;

	w->head = suite_packet_receive(w->socket);
	if (!w->head)
		return -1;
	programs = json_object_get(w->head, "programs");
	for (size_t i = 0; i < json_array_size(programs); i++)
		strvec_push(&w->programs, json_string_value(json_array_get(programs, i)));
	w->keep.programs = (char *const *)w->programs.list;
	w->keep.ram_bytes = (uint64_t)json_integer_value(json_object_get(w->head, "ram_bytes"));
	strvec_pushl(&w->words, "run", "--quiet");
	strvec_pushf(&w->words, "--backend=%s",
		     json_string_value(json_object_get(w->head, "backend")));
	strvec_pushf(&w->words, "--reports=%s",
		     json_string_value(json_object_get(w->head, "reports")));
	if (json_is_false(json_object_get(w->head, "touch_profile")))
		strvec_push(&w->words, "--no-touch-profile");
	if (json_is_string(json_object_get(w->head, "premortem")))
		strvec_pushf(&w->words, "--premortem=%s",
			     json_string_value(json_object_get(w->head, "premortem")));
	return 0;
}

static int answer(const struct worker *w, int status, const char *folder, const struct err *err)
{
	json_t *object = json_object();

	json_object_set_new(object, "status", json_integer(status));
	if (folder)
		json_object_set_new(object, "folder", json_string(folder));
	if (err->text[0])
		json_object_set_new(object, "error", json_string(err->text));
	return suite_packet_send(w->socket, object);
}

static int do_one(struct worker *w, const json_t *task)
{
	const char *kernel = json_string_value(json_object_get(task, "kernel"));
	char *name = (char *)json_string_value(json_object_get(task, "scenario"));
	char *operands[] = {name, NULL};
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	_cleanup_free_ char *folder = NULL;
	struct err err = ERR_INIT;
	struct run_options options;
	int status = -1;

	strvec_push_all(&words, w->words.list);
	if (kernel)
		strvec_pushf(&words, "--kernel=%s", kernel);
	if (name && run_options_parse((int)words.count, (char **)words.list, &options, &err) >= 0) {
		options.keep = &w->keep;
		options.made = &folder;
		status = session_run(&options, operands, false, &err);
	}
	run_options_release(&options);
	return answer(w, status < 0 ? err.status : status, folder, &err);
}

static int work(struct worker *w)
{
	json_t *task;
	int r = read_head(w);

	while (r == 0 && (task = suite_packet_receive(w->socket))) {
		r = do_one(w, task);
		json_decref(task);
	}
	run_keep_end(&w->keep);
	if (r == 0)
		suite_packet_send(w->socket,
				  json_pack("{s:I}", "boots", (json_int_t)w->keep.boots));
	return r;
}

int suite_worker_main(int argc, char **argv)
{
	struct worker w = {.programs = STRVEC_INIT, .words = STRVEC_INIT, .keep = RUN_KEEP_INIT};
	long socket = -1;

	if (argc != 2 || text_parse_long(argv[1], STDERR_FILENO + 1, 1 << 20, &socket) < 0)
		return EXIT_USAGE;
	w.socket = (int)socket;
	fcntl(w.socket, F_SETFD, FD_CLOEXEC);
	work(&w);
	json_decref(w.head);
	strvec_release(&w.programs);
	strvec_release(&w.words);
	return EXIT_OK;
}
