#include "run/run_nameless.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static bool is_same_file(const char *listed, const char *path)
{
	listed += text_starts_with(listed, "/usr/") ? strlen("/usr") : 0;
	path += text_starts_with(path, "/usr/") ? strlen("/usr") : 0;
	return !strcmp(listed, path);
}

static bool lists(const char *list, const char *path)
{
	_cleanup_fclose_ FILE *f = fopen(list, "re");
	_cleanup_free_ char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (is_same_file(line, path))
			return true;
	}
	return false;
}

/* "libc6.list", "libc6:amd64.list" */
static bool is_list_of(const char *name, const char *package)
{
	const char *rest = text_starts_with(name, package) ? name + strlen(package) : "";

	return (*rest == ':' || *rest == '.') && text_ends_with(rest, ".list");
}

bool run_nameless_is_of_package(const char *dir, const char *package, const char *path)
{
	_cleanup_closedir_ DIR *lists_of = opendir(dir);
	bool is_found = false;
	struct dirent *d;

	while (lists_of && !is_found && (d = readdir(lists_of)))
		if (is_list_of(d->d_name, package)) {
			_cleanup_free_ char *list = text_format("%s/%s", dir, d->d_name);

			is_found = lists(list, path);
		}
	return is_found;
}

void run_nameless_add(struct run_nameless *nameless, const char *path)
{
	bool is_libc6 = run_nameless_is_of_package("/var/lib/dpkg/info", "libc6", path);
	struct strbuf *list = is_libc6 ? &nameless->libc6 : &nameless->others;

	strbuf_printf(list, "%s'%s'", list->len ? ", " : "", path);
}

static void tell(struct strbuf *list, const char *cure, struct record_writer *w)
{
	_cleanup_free_ char *note = text_format(
		"Functions inside %s have no names here: no symbol table was found for them%s",
		list->len ? list->buf : "", cure);

	if (list->len)
		record_put_note(w, note);
	strbuf_release(list);
}

void run_nameless_note(struct run_nameless *nameless, struct record_writer *w)
{
	tell(&nameless->libc6, "; the package libc6-dbg brings one", w);
	tell(&nameless->others, "", w);
}
