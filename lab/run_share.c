#include "run_share.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "launch/share.h"

static bool is_script(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char head[2];

	return fd >= 0 && read(fd, head, sizeof(head)) == sizeof(head) && !memcmp(head, "#!", 2);
}

/* Who names files has chosen what the guest holds. */
static bool should_share(const struct run *run)
{
	return run->plan.place == PLACE_VM && !run->plan.skip && !run->spec.name &&
	       !run->options->file_count && is_script(run->path);
}

void run_share_settle(struct run *run)
{
	run->shares_host = run->options->share_host;
	if (!run->shares_host && should_share(run)) {
		run->is_script = true;
		run->shares_host = share_probe(&run->reasons.share) == 0;
	}
	run->facts.shares_host = run->shares_host;
	run->facts.share_reason = run->is_script ? "the command is a script" : "asked for";
}

void run_share_note(struct run *run)
{
	_cleanup_free_ char *text = NULL;

	if (run->spec.name)
		return;
	if (!run->shares_host)
		record_put_note(&run->writer, RECORD_NOTE_ALONE);
	if (!run->is_script)
		return;
	if (run->shares_host)
		text = text_format("The command is a script, which may start any program: the VM "
				   "was shown this host's files, as by --share-host");
	else
		text = text_format("The command is a script, and what it starts is not in the "
				   "guest but for its interpreter: %s",
				   run->reasons.share.text);
	record_put_note(&run->writer, text);
}
