#include "run/run_once.h"

#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/absent.h"
#include "base/io.h"
#include "launch/vm/guest.h"
#include "run/run_backend.h"
#include "run/run_conclude.h"
#include "run/run_dir.h"
#include "run/run_guard.h"
#include "run/run_twin.h"

static int64_t version_of(const struct run *run)
{
	int version = run->plan.backend == BACKEND_CURRENT ? run->facts.current_version
							   : run->home.version;

	return version ? version : ABSENT;
}

static void write_heads(struct run *run)
{
	struct utsname names;
	char started[32];
	time_t now = time(NULL);
	struct record_run line = {.page_size = ABSENT, .cgroup_version = ABSENT};

	uname(&names);
	if (run->plan.backend != BACKEND_VM) {
		line.kernel = names.release;
		line.machine = names.machine;
		line.page_size = sysconf(_SC_PAGESIZE);
		line.cgroup_version = version_of(run);
	}
	if (!run->options->inside_guest) {
		strftime(started, sizeof(started), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
		line.id = strrchr(run->folder.path, '/') + 1;
		line.backend = backend_names[run->plan.backend];
		line.started_at = started;
		line.argv = run->argv;
		line.last_line = run->plan.backend == BACKEND_VM ? RECORD_CLOSED : NULL;
	}
	record_put_run(&run->writer, &line);
	if (!run->options->inside_guest)
		record_put_spec(&run->writer, &run->spec);
}

static int take_ports(struct run *run, struct err *err)
{
	int fd = guest_take_port(GUEST_RECORD_ENV);

	if (fd < 0)
		return err_set(err, EXIT_USAGE, "--inside-guest is for the guest alone");
	run->trace_port = guest_take_port(GUEST_TRACE_ENV);
	record_writer_init(&run->writer, fd);
	if (run_guard_check(guardian_take_record(run->guardian, fd), err) < 0)
		return -1;
	write_heads(run);
	return 0;
}

/* A launcher that is killed leaves no record, or one that says what the run was to be. */
static int begin_record(struct run *run, struct err *err)
{
	char hidden[FOLDER_NAME_MAX];
	int fd;

	if (run->options->inside_guest)
		return take_ports(run, err);
	if (run_dir_make(run->options->reports, run->spec.name ? run->spec.name : run->argv[0],
			 &run->folder, err) < 0)
		return -1;
	fd = folder_create_hidden(&run->folder, RECORD_FILE, hidden, err);
	if (fd < 0)
		return -1;
	record_writer_init(&run->writer, fd);
	if (run_guard_check(guardian_take_record(run->guardian, fd), err) < 0)
		return -1;
	write_heads(run);
	return folder_show(&run->folder, hidden, RECORD_FILE, err);
}

static int execute(struct run *run, struct err *err)
{
	if (run->plan.skip) {
		record_put_skip(&run->writer, run->plan.skip);
		record_put_end(&run->writer, io_now_ns());
		return 0;
	}
	return run_backend(run->plan.backend)->run(run, err);
}

bool run_is_judged(const struct run *run)
{
	return run->spec.name || run->options->expect;
}

int run_once_status(const struct run *run, const struct err *err)
{
	if (err->status == EXIT_SKIP && !run_is_judged(run))
		return EXIT_LAB_BROKEN;
	return err->status == EXIT_USAGE ? EXIT_LAB_BROKEN : err->status;
}

int run_once(struct run *run, struct err *err)
{
	int r, status;

	if (run_guard_begin(run, err) < 0 || begin_record(run, err) < 0)
		return -1;
	live_start(&run->live, run->spec.name ? run->spec.name : run->argv[0],
		   run->options->quiet || run->options->inside_guest);
	if (run->options->twin && !run->plan.skip)
		run_twin(run);
	r = execute(run, err);
	if (run->plan.backend == BACKEND_VM)
		record_put_closed(&run->writer);
	live_end(&run->live);
	if (run->options->inside_guest)
		return r;
	if (r < 0)
		err_print(err);
	status = run_conclude(run, r < 0, err);
	run_backend_cleanup(run);
	run_guard_end(run);
	if (status < 0)
		return -1;
	if (run->signal)
		return 128 + run->signal;
	return r < 0 ? run_once_status(run, err) : status;
}
