/* The command line of `oomlab run`, as a table. */
#include "cli/run_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/option_table.h"
#include "launch/container/container_option.h"
#include "launch/vm/kernel.h"
#include "snapshot/premortem.h"

static int set_memory(void *to, const char *value, struct err *err)
{
	return spec_parse_amount("--memory", value, &((struct run_options *)to)->spec.memory_max,
				 err);
}

static int set_high(void *to, const char *value, struct err *err)
{
	return spec_parse_amount("--memory-high", value,
				 &((struct run_options *)to)->spec.memory_high, err);
}

static int set_swap(void *to, const char *value, struct err *err)
{
	return spec_parse_amount("--swap", value, &((struct run_options *)to)->spec.memory_swap_max,
				 err);
}

static int whole_number(const char *option, const char *value, long min, long max, int64_t *to,
			struct err *err)
{
	long n;

	if (text_parse_long(value, min, max, &n))
		return err_set(err, EXIT_USAGE, "%s '%s' is not a number from %ld to %ld", option,
			       value, min, max);
	*to = n;
	return 0;
}

static int set_score(void *to, const char *value, struct err *err)
{
	return whole_number("--oom-score-adj", value, -1000, 1000,
			    &((struct run_options *)to)->spec.oom_score_adj, err);
}

static int set_overcommit(void *to, const char *value, struct err *err)
{
	return whole_number("--overcommit", value, 0, 2,
			    &((struct run_options *)to)->spec.overcommit_memory, err);
}

static int set_ratio(void *to, const char *value, struct err *err)
{
	return whole_number("--overcommit-ratio", value, 1, 100,
			    &((struct run_options *)to)->spec.overcommit_ratio, err);
}

static int set_thp(void *to, const char *value, struct err *err)
{
	int thp = text_index(spec_thp_names, THP_COUNT, value);

	if (thp < 0)
		return err_set(err, EXIT_USAGE, "--thp '%s' is none of always, madvise, never",
			       value);
	((struct run_options *)to)->spec.thp = (enum thp)thp;
	return 0;
}

static int finite_amount(const char *option, const char *value, int64_t *to, struct err *err)
{
	struct amount amount = {0};

	if (spec_parse_amount(option, value, &amount, err) < 0)
		return -1;
	if (amount.is_max)
		return err_set(err, EXIT_USAGE, "%s needs an amount", option);
	*to = (int64_t)amount.bytes;
	return 0;
}

static int set_ram(void *to, const char *value, struct err *err)
{
	return finite_amount("--guest-ram", value, &((struct run_options *)to)->spec.ram_bytes,
			     err);
}

static int set_guest_swap(void *to, const char *value, struct err *err)
{
	return finite_amount("--guest-swap", value,
			     &((struct run_options *)to)->spec.guest_swap_bytes, err);
}

static int set_guest_scratch(void *to, const char *value, struct err *err)
{
	return finite_amount("--guest-scratch", value,
			     &((struct run_options *)to)->spec.guest_scratch_bytes, err);
}

static int set_guest_zram(void *to, const char *value, struct err *err)
{
	return finite_amount("--guest-zram", value,
			     &((struct run_options *)to)->spec.guest_zram_bytes, err);
}

static int set_guest_numa(void *to, const char *value, struct err *err)
{
	return whole_number("--guest-numa", value, 1, SPEC_NODES_MAX,
			    &((struct run_options *)to)->spec.guest_numa_nodes, err);
}

static int set_timeout(void *to, const char *value, struct err *err)
{
	uint64_t ns = SPEC_NO_TIMEOUT;

	if (strcmp(value, "none") &&
	    (text_parse_duration(value, &ns) || ns == 0 || ns > SPEC_NO_TIMEOUT))
		return err_set(err, EXIT_USAGE,
			       "--timeout '%s' is none, or a duration such as 30, 500ms, 2m",
			       value);
	((struct run_options *)to)->spec.timeout_ns = (int64_t)ns;
	return 0;
}

static int set_image(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct run_options *)to)->image = value;
	return 0;
}

static int set_container_option(void *to, const char *value, struct err *err)
{
	struct run_options *o = to;

	if (container_option_check(value, err) < 0)
		return -1;
	o->container_options = xrealloc(o->container_options, o->container_option_count + 2,
					sizeof(*o->container_options));
	o->container_options[o->container_option_count++] = value;
	o->container_options[o->container_option_count] = NULL;
	return 0;
}

static int set_backend(void *to, const char *value, struct err *err)
{
	for (int i = 0; i < BACKEND_COUNT; i++)
		if (!strcmp(value, backend_names[i])) {
			((struct run_options *)to)->backend = (enum backend)i;
			return 0;
		}
	return err_set(
		err, EXIT_USAGE,
		"--backend '%s' is none of auto, cgroup, vm, current, docker, podman, container",
		value);
}

/* One that is given by path is the user's word: better refused here than not run there. */
static int set_kernel(void *to, const char *value, struct err *err)
{
	struct kernel kernel = {0};
	int r = strchr(value, '/') ? kernel_find(value, &kernel, err) : 0;

	kernel_release(&kernel);
	((struct run_options *)to)->kernel = value;
	return r;
}

static int set_reports(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct run_options *)to)->reports = value;
	((struct run_options *)to)->is_unkept = false;
	return 0;
}

/* Where they end with the container: nobody is told to look there. */
static int set_unkept_reports(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct run_options *)to)->reports = value;
	((struct run_options *)to)->is_unkept = true;
	return 0;
}

static int set_expect(void *to, const char *value, struct err *err)
{
	enum outcome outcome = spec_outcome(value);
	_cleanup_strbuf_ struct strbuf all = STRBUF_INIT;

	for (int i = OUTCOME_UNSET + 1; i < OUTCOME_COUNT; i++)
		strbuf_printf(&all, "%s%s", all.len ? ", " : "", spec_outcome_names[i]);
	if (outcome == OUTCOME_UNSET)
		return err_set(err, EXIT_USAGE, "--expect '%s' is none of %s", value, all.buf);
	((struct run_options *)to)->expect = outcome;
	return 0;
}

static int set_repeat(void *to, const char *value, struct err *err)
{
	if (text_parse_long(value, 1, 100000, &((struct run_options *)to)->repeat))
		return err_set(err, EXIT_USAGE, "--repeat '%s' is not a number from 1 to 100000",
			       value);
	return 0;
}

static int set_file(void *to, const char *value, struct err *err)
{
	struct run_options *o = to;
	char *path = realpath(value, NULL);

	if (!path)
		return err_errno(err, EXIT_USAGE, "--file '%s'", value);
	o->files = xrealloc(o->files, o->file_count + 2, sizeof(*o->files));
	o->files[o->file_count++] = path;
	o->files[o->file_count] = NULL;
	return 0;
}

static int set_preload_library(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct run_options *)to)->preload_library = value;
	return 0;
}

static int set_premortem(void *to, const char *value, struct err *err)
{
	struct run_options *o = to;
	long percent = 0;

	if (!strcmp(value, "gcore")) {
		o->premortem_core = true;
		return 0;
	}
	if (strcmp(value, "off") && text_parse_long(value, 1, PREMORTEM_PERCENT_MAX, &percent))
		return err_set(
			err, EXIT_USAGE,
			"--premortem '%s' is none of off, gcore, or a percentage from 1 to %d",
			value, PREMORTEM_PERCENT_MAX);
	o->premortem_percent = (int)percent;
	return 0;
}

static int set_spec_json(void *to, const char *value, struct err *err)
{
	(void)err;
	((struct run_options *)to)->spec_json = value;
	return 0;
}

#define FLAG(name, help, member) OPTION_FLAG(name, help, struct run_options, member)
static const struct option_def table[] = {
	OPTION_LETTER('m', "memory", "SIZE|max", "memory.max: bytes or 512M, 2G", set_memory),
	OPTION("memory-high", "SIZE|max", "memory.high: throttle above it (cgroup v2)", set_high),
	OPTION("swap", "SIZE|max", "memory.swap.max (default 0 where there is a limit)", set_swap),
	FLAG("oom-group", "memory.oom.group: kill the whole cgroup (cgroup v2)", spec.oom_group),
	OPTION("oom-score-adj", "N", "of the target, -1000 to 1000", set_score),
	OPTION("overcommit", "0|1|2", "vm.overcommit_memory", set_overcommit),
	OPTION("overcommit-ratio", "PERCENT", "vm.overcommit_ratio", set_ratio),
	OPTION("thp", "always|madvise|never", "transparent huge pages", set_thp),
	OPTION("guest-ram", "SIZE", "RAM of the VM", set_ram),
	OPTION("guest-swap", "SIZE", "a swap disk for the VM; --swap says how much may be used",
	       set_guest_swap),
	OPTION("guest-zram", "SIZE", "swap in compressed memory for the VM, instead of a disk",
	       set_guest_zram),
	OPTION("guest-scratch", "SIZE", "an ext4 on a disk of its own for the VM, at /scratch",
	       set_guest_scratch),
	OPTION("guest-numa", "N", "split the VM's RAM among N NUMA nodes (1 to 8)", set_guest_numa),
	OPTION("kernel", "PATH|SERIES", "of the VM: a vmlinuz, or 6.12 (default), 6.1", set_kernel),
	OPTION("timeout", "TIME|none",
	       "stop the target after 30, 500ms, 2m (default: a scenario's own, none for a command)",
	       set_timeout),
	OPTION("backend", "auto|cgroup|vm|current|docker|podman|container",
	       "where to run (default auto)", set_backend),
	OPTION("image", "IMAGE", "of a container (default: an empty one, for a scenario)",
	       set_image),
	OPTION("container-option", "OPTION", "for the engine's run command (repeatable)",
	       set_container_option),
	OPTION("expect", "OUTCOME",
	       "pass if this is the outcome, fail if not: survived, refused, oom_killed, child_oom_killed, signalled, failed, throttled, livelocked, timed_out, panicked, lab_error",
	       set_expect),
	OPTION("repeat", "N", "run it N times, a line and a report each, and sum up", set_repeat),
	FLAG("twin", "run the scenario's twin first, and tell what it showed", twin),
	OPTION("reports", "DIR", "where reports go (default reports)", set_reports),
	OPTION("file", "PATH", "take this file into the VM too (repeatable)", set_file),
	FLAG("share-host",
	     "show the VM the host's files, as a command has them unasked; what it writes is lost",
	     share_host),
	FLAG("isolated", "the VM has only the command, what it loads and --file's", isolated),
	FLAG("allow-host-sysctl", "set kernel-wide settings on this host, and put them back",
	     allow_host_sysctl),
	FLAG("no-touch-profile", "do not sample which code touches memory", no_touch_profile),
	FLAG("preload", "count the allocation calls of a dynamic program, by line", preload),
	OPTION("premortem", "PERCENT|off|gcore",
	       "take a snapshot of the target so far under its limit (default 5; cgroup v2); gcore: with a core file, too",
	       set_premortem),
	FLAG("dry-run", "print the plan, run nothing", dry_run),
	FLAG("full", "print all of the report, not one screen", full),
	FLAG("json", "print report.json, and nothing else, to standard output", json),
	FLAG("open", "show the report's page in the browser", open),
	FLAG("quiet", "no live line, no report on the terminal; a line where there is no result",
	     quiet),
	OPTION_SCENARIOS,
	OPTION_COLOR,
	OPTION_HELP(struct run_options),
	FLAG("inside-guest", NULL, inside_guest),
	OPTION("unkept-reports", "DIR", NULL, set_unkept_reports),
	OPTION("spec-json", "JSON", NULL, set_spec_json),
	OPTION("preload-library", "PATH", NULL, set_preload_library),
};
const struct option_table run_option_table = {table, ARRAY_SIZE(table)};

void run_options_print(FILE *to)
{
	options_print(to, table, ARRAY_SIZE(table));
}

int run_options_parse(int argc, char **argv, struct run_options *options, struct err *err)
{
	memset(options, 0, sizeof(*options));
	spec_init(&options->spec);
	options->spec.timeout_ns = SPEC_KEEP;
	options->reports = "reports";
	options->repeat = 1;
	options->premortem_percent = PREMORTEM_PERCENT;
	return options_parse("run", table, ARRAY_SIZE(table), options, argc, argv, err);
}

void run_options_release(struct run_options *options)
{
	for (size_t i = 0; i < options->file_count; i++)
		free((char *)options->files[i]);
	free(options->files);
	free(options->container_options);
}
