#include "run/run_twin.h"

#include <jansson.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/folder.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/text.h"

enum { REPORT_BYTES_MAX = 256 << 20 };

/* Runs `oomlab run TWIN`; true when its status is 0. */
static bool run_oomlab(struct run *run)
{
	_cleanup_strvec_ struct strvec argv = STRVEC_INIT;
	struct spawn oomlab = {
		.program = "/proc/self/exe",
		.admit = guardian_kills,
		.admit_ctx = run->guardian,
		.timeout_ns = SPAWN_FOREVER,
	};
	int status;

	strvec_pushl(&argv, "oomlab", "run", "--quiet");
	strvec_pushf(&argv, "--backend=%s", backend_names[run->plan.backend]);
	strvec_pushf(&argv, "--reports=%s", run->options->reports);
	if (run->options->kernel)
		strvec_pushf(&argv, "--kernel=%s", run->options->kernel);
	strvec_push(&argv, run->spec.twin);
	oomlab.argv = argv.list;
	return !spawn_run(&oomlab, NULL, NULL, &status) && !status;
}

static json_t *read_latest(const char *reports)
{
	_cleanup_free_ char *path = text_format("%s/latest", reports);
	_cleanup_(folder_close) struct folder folder = FOLDER_INIT;
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_close_ int fd = -1;
	struct err ignored = ERR_INIT;

	if (folder_open(&folder, path, &ignored) < 0)
		return NULL;
	fd = folder_read(&folder, "report.json", &ignored);
	if (fd < 0 || io_read_fd(fd, REPORT_BYTES_MAX, &text))
		return NULL;
	return json_loadb(text.buf, text.len, 0, NULL);
}

/* The newest report below `reports`, if it is one of scenario `name`. */
static json_t *load_report(const char *reports, const char *name)
{
	json_t *report = read_latest(reports);
	const char *found =
		json_string_value(json_object_get(json_object_get(report, "spec"), "name"));

	if (found && !strcmp(found, name))
		return report;
	json_decref(report);
	return NULL;
}

static void put_twin(struct run *run, const json_t *report)
{
	int outcome = text_index(spec_outcome_names, OUTCOME_COUNT,
				 json_string_value(json_object_get(report, "outcome")));
	const json_t *memory = json_object_get(report, "memory");
	const json_t *peak = json_object_get(memory, "peak");

	if (!peak)
		peak = json_object_get(memory, "peak_sampled");
	if (outcome >= 0 && json_is_integer(peak))
		record_put_twin(&run->writer, &(struct record_twin){
						      .name = run->spec.twin,
						      .outcome = (enum outcome)outcome,
						      .peak = json_integer_value(peak),
					      });
}

void run_twin(struct run *run)
{
	json_t *report;

	if (!run->spec.twin)
		return;
	live_stage(&run->live, "running its twin first");
	if (!run_oomlab(run))
		return;
	report = load_report(run->options->reports, run->spec.twin);
	if (report)
		put_twin(run, report);
	json_decref(report);
}
