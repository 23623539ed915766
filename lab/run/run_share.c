#include "run/run_share.h"

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/target.h"
#include "launch/vm/share.h"

static bool is_here(const struct run *run, const char *file)
{
	struct err ignored = ERR_INIT;
	const char *slash = strrchr(run->path, '/');
	_cleanup_free_ char *path = NULL;

	if (!strchr(file, '/')) {
		path = target_find(file, &ignored);
		return path;
	}
	path = *file == '/' ? xstrdup(file)
			    : text_format("%.*s/%s", (int)(slash - run->path), run->path, file);
	return access(path, R_OK) == 0;
}

bool run_share_lacks(const struct run *run, struct err *err)
{
	for (char **file = run->spec.host_files; file && *file; file++) {
		if (is_here(run, *file))
			continue;
		err_set(err, EXIT_SKIP, "the scenario needs '%s', which is not here", *file);
		if (run->spec.install)
			err_hint(err, "to have it: %s", run->spec.install);
		return true;
	}
	return false;
}

/* Those of --share-host are shown, or the run is refused with the reason. */
void run_share_settle(struct run *run)
{
	const struct run_options *o = run->options;

	run->shares_host = o->share_host || run->spec.host_files;
	if (!run->shares_host && !o->isolated && !o->file_count && !run->spec.name)
		run->shares_host = share_probe(&run->reasons.share) == 0;
	run->facts.shares_host = run->shares_host;
	run->facts.share_reason = run_share_fell_back(run) ? run->reasons.share.text : NULL;
}

bool run_share_fell_back(const struct run *run)
{
	return !run->shares_host && run->reasons.share.text[0];
}

void run_share_note(struct run *run)
{
	_cleanup_free_ char *text = NULL;

	if (run->spec.name && !run->shares_host)
		return;
	record_put_isolation(&run->writer, run->shares_host ? ISOLATION_HOST : ISOLATION_COMMAND);
	if (!run_share_fell_back(run))
		return;
	text = text_format("The guest could not be shown this host's files: %s",
			   run->reasons.share.text);
	record_put_note(&run->writer, text);
}
