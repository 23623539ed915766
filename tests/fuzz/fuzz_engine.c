/*
 * fuzz_engine.c - any bytes as what a container engine answers: texts of images and containers in
 * it are those of whoever made them. A program of that name, found before any other, says them; it
 * is started several times for each input, so there are few inputs in a second.
 *
 * Checked besides memory safety: a command has words, what is known of an end is one of two, and an
 * error is one line without control characters.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "fuzz.h"
#include "launch/container/container.h"

static const char program[] = "#!/bin/sh\nexec /bin/cat \"${0%/*}/answer\"\n";

static char folder[] = "/tmp/oomlab-fuzz-XXXXXX";
static int folder_fd = -1;

static void put(const char *name, const void *data, size_t size, mode_t mode)
{
	_cleanup_close_ int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	require(fd >= 0 && io_write_all(fd, data, size) == 0);
}

static void remove_folder(void)
{
	io_remove_tree(folder);
}

static void make_folder(void)
{
	require(mkdtemp(folder) && !atexit(remove_folder));
	folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	require(folder_fd >= 0 && setenv("PATH", folder, 1) == 0);
	put("docker", program, strlen(program), 0700);
}

static void require_line(const struct err *err)
{
	for (const char *p = err->text; *p; p++)
		require((unsigned char)*p >= ' ' && *p != 0x7f);
}

static void ask_command(const struct engine *engine)
{
	char word[] = "word", *args[] = {word, NULL};
	struct err err = ERR_INIT;

	for (int i = 0; i < 2; i++) {
		char **words = container_command(engine, "image", i ? args : args + 1, &err);

		require(!words || words[0]);
		for (char **w = words; w && *w; w++)
			free(*w);
		free(words);
	}
	require_line(&err);
}

static void ask_end(const struct engine *engine)
{
	struct container container = CONTAINER_INIT;
	struct container_end end = {.oom_killed = 0};
	struct err err = ERR_INIT;

	container.engine = *engine;
	snprintf(container.name, sizeof(container.name), "oomlab-1-1-1");
	if (container_ask(&container, &end, &err) == 0)
		require(end.oom_killed == 0 || end.oom_killed == 1);
	free(end.error);
	container.dir = xstrdup("/nonexistent");
	container_remove(&container, &err);
	require_line(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct engine engine;
	struct err err = ERR_INIT;
	int stuck;

	if (folder_fd < 0)
		make_folder();
	put("answer", data, size, 0600);
	require(engine_find("docker", &engine, &err) == 0);
	require(memchr(engine.version, '\0', sizeof(engine.version)) != NULL);
	ask_command(&engine);
	ask_end(&engine);
	require(container_clear_leftovers(&engine, true, &stuck) >= stuck);
	return 0;
}
