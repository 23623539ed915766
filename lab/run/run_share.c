#include "run/run_share.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "launch/vm/share.h"

/* Those of --share-host are shown, or the run is refused with the reason. */
void run_share_settle(struct run *run)
{
	const struct run_options *o = run->options;

	run->shares_host = o->share_host;
	if (!o->share_host && !o->isolated && !o->file_count && !run->spec.name)
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

	if (run->spec.name)
		return;
	record_put_isolation(&run->writer, run->shares_host ? ISOLATION_HOST : ISOLATION_COMMAND);
	if (!run_share_fell_back(run))
		return;
	text = text_format("The guest could not be shown this host's files: %s",
			   run->reasons.share.text);
	record_put_note(&run->writer, text);
}
