#include "run/run_share.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "launch/vm/share.h"

static bool is_script(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[2];

	return fd >= 0 && read(fd, head, sizeof(head)) == sizeof(head) && !memcmp(head, "#!", 2);
}

/* Goes by the name without a version, as in python3.11. */
static bool is_interpreter(const char *path)
{
	static const char *const names[] = {
		"sh",	  "bash",   "dash",  "ash",  "ksh",   "zsh", "fish", "busybox",
		"python", "pypy",   "perl",  "ruby", "node",  "lua", "php",  "nodejs",
		"java",	  "luajit", "tclsh", "wish", "guile", "awk", "gawk", "Rscript",
	};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	while (len && strchr("0123456789.", name[len - 1]))
		len--;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && !strncmp(name, names[i], len))
			return true;
	return false;
}

static bool is_file(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* The argument that is a "#!" script, or the file that the command, an interpreter, is to read. */
static const char *find_script(const struct run *run)
{
	bool is_read = is_interpreter(run->argv[0]);

	for (char *const *arg = run->argv + 1; *arg; arg++) {
		if (**arg == '-')
			continue;
		if (is_script(*arg) || (is_read && is_file(*arg)))
			return *arg;
		is_read = false; /* code, or the value of an option */
	}
	return NULL;
}

/* A user who names files (--file) has chosen himself what the guest has. */
static bool should_share(const struct run *run)
{
	return !run->share.is_shown && !run->spec.name && !run->options->file_count &&
	       run->share.script;
}

static void settle_script(struct run *run)
{
	run->share.script = run->spec.name	   ? NULL
			    : is_script(run->path) ? run->argv[0]
						   : find_script(run);
}

void run_share_settle(struct run *run)
{
	run->share.is_shown = run->options->share_host;
	if (!run->share.is_shown)
		settle_script(run);
	if (should_share(run))
		run->share.is_shown = share_probe(&run->reasons.share) == 0;
	else
		run->share.script = NULL;
	run->facts.shares_host = run->share.is_shown;
	run->facts.share_reason = !run->share.script ? "requested"
				  : run->share.script == run->argv[0]
					  ? "the command is a script"
					  : "the command is given a script";
}

void run_share_note(struct run *run)
{
	_cleanup_free_ char *what = NULL, *text = NULL;

	if (run->spec.name)
		return;
	record_put_isolation(&run->writer,
			     run->share.is_shown ? ISOLATION_HOST : ISOLATION_COMMAND);
	if (!run->share.script)
		return;
	what = run->share.script == run->argv[0]
		       ? text_format("The command is a script")
		       : text_format("The command is given a script, '%s'", run->share.script);
	if (run->share.is_shown)
		text = text_format(
			"%s, which may start any program: the VM was shown this host's files, as by --share-host",
			what);
	else if (run->share.script == run->argv[0])
		text = text_format(
			"%s, and what it starts is not in the guest but for its interpreter: %s",
			what, run->reasons.share.text);
	else
		text = text_format("%s, which is not in the guest: %s", what,
				   run->reasons.share.text);
	record_put_note(&run->writer, text);
}
