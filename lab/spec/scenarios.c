#include "spec/scenarios.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "base/text.h"

static char *folder(void)
{
	const char *set = getenv("OOMLAB_SCENARIOS");
	_cleanup_free_ char *here = io_program_dir();
	char *beside = text_format("%s/scenarios", !here ? "." : strcmp(here, "/") ? here : "");
	_cleanup_closedir_ DIR *dir = set ? NULL : opendir(beside);

	if (!set && dir)
		return beside;
	free(beside);
	return set ? xstrdup(set) : text_format("%s/../lib/oomlab/scenarios", here ? here : ".");
}

bool scenarios_is_name(const char *name)
{
	return *name && strlen(name) < 64 &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **scenarios_list(void)
{
	_cleanup_free_ char *path = folder();
	_cleanup_closedir_ DIR *dir = opendir(path);
	char **names = xcalloc(1, sizeof(*names));
	struct dirent *entry;
	size_t n = 0;

	while (dir && (entry = readdir(dir))) {
		_cleanup_free_ char *file = text_format("%s/%s", path, entry->d_name);

		if (!scenarios_is_name(entry->d_name) || !io_is_executable(file))
			continue;
		names = xrealloc(names, n + 2, sizeof(*names));
		names[n++] = xstrdup(entry->d_name);
		names[n] = NULL;
	}
	qsort(names, n, sizeof(*names), by_name);
	return names;
}

static void hint(const char *name, struct err *err)
{
	char **names = scenarios_list();
	struct suggestion meant = {.word = name};

	for (size_t i = 0; names[i]; i++)
		suggestion_offer(&meant, names[i]);
	if (meant.best)
		err_hint(err, "did you mean '%s'? 'oomlab list' shows them all", meant.best);
	else
		err_hint(err, "'oomlab list' shows them; a command goes behind '--'");
	for (size_t i = 0; names[i]; i++)
		free(names[i]);
	free(names);
}

char *scenarios_find(const char *name, struct err *err)
{
	_cleanup_free_ char *dir = folder();
	_cleanup_free_ char *path = NULL;

	if (!scenarios_is_name(name)) {
		err_set(err, EXIT_USAGE, "'%s' is no scenario name (small letters, digits, '-')",
			name);
		err_hint(err, "'oomlab list' shows them; a command goes behind '--'");
		return NULL;
	}
	path = text_format("%s/%s", dir, name);
	if (io_is_executable(path)) {
		char *real = realpath(path, NULL);

		if (!real)
			err_errno(err, EXIT_USAGE, "cannot find the scenario '%s'", path);
		return real;
	}
	err_set(err, EXIT_USAGE, "there is no scenario '%s' in '%s'", name, dir);
	hint(name, err);
	return NULL;
}
