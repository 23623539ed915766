/* What this host can do, what is missing, the one line that cures it; leftovers put right. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "launch/cgroup.h"
#include "launch/container/container.h"
#include "launch/container/engine.h"
#include "launch/sysctl.h"
#include "launch/vm/accel.h"
#include "launch/vm/share.h"
#include "launch/vm/vm.h"
#include "run/run_current.h"
#include "run/session.h"
#include "spec/scenarios.h"

struct doctor_options {
	bool restore, help;
};

static const struct option_def table[] = {
	OPTION_FLAG(
		"restore",
		"clear what launchers and guardians that were killed left: cgroups, containers, settings",
		struct doctor_options, restore),
	OPTION_HELP(struct doctor_options),
};
const struct option_table doctor_option_table = {table, ARRAY_SIZE(table)};

/* Returns 1 when this way of running works. */
static int check_cgroup(struct cg_home *home)
{
	struct err err = ERR_INIT;

	if (cg_find_home(home, &err) < 0) {
		printf("no   cgroup       %s\n", err.text);
		return 0;
	}
	printf("%s cgroup       v%d, children of %s%s%s\n", home->version == 2 ? "yes " : "part",
	       home->version, home->mount, home->parent,
	       home->version == 2 ? "" : ": fewer facts than v2; 'auto' prefers the VM");
	return 1;
}

static int check_vm(const char *series)
{
	struct err err = ERR_INIT;

	if (vm_check(series, &err) < 0) {
		printf("no   vm %-9s %s\n", series, err.text);
		return 0;
	}
	printf("yes  vm %-9s QEMU and a kernel are there; no privilege needed\n", series);
	return 1;
}

/* virtiofsd is really started, and ended. */
static void check_share(void)
{
	struct err err = ERR_INIT;

	if (share_probe(&err) < 0)
		printf("no   share-host   %s\n", err.text);
	else
		printf("yes  share-host   virtiofsd shows the VM what %s may read\n",
		       geteuid() ? "this user" : "root");
}

/* Returns 1 when scenarios, which need a limit, can run under the one there is. */
static int check_current(void)
{
	struct err err = ERR_INIT;
	struct cg own;
	struct amount limit;

	if (cg_open_own(&own, &err) < 0) {
		printf("no   current      %s\n", err.text);
		return 0;
	}
	limit = cg_limit_in_force(&own);
	printf("%s current      v%d, %s%s\n", limit.is_max ? "part" : "yes ", own.version,
	       limit.is_max ? "no limit in force: it runs commands, but no scenarios"
			    : "under a limit of ",
	       limit.is_max ? "" : TEXT_SIZE(limit.bytes));
	cg_destroy(&own, &err);
	return !limit.is_max;
}

/* absent, closed: the cure where it is not there, and where this user may not open it. */
static void check_file(const char *name, const char *path, const char *absent, const char *closed)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0)
		printf("yes  %-12s %s\n", name, path);
	else
		printf("no   %-12s %s: %s; %s\n", name, path, strerror(errno),
		       errno == ENOENT ? absent : closed);
}

static void check_accelerator(void)
{
	struct accel accel;
	struct err err = ERR_INIT;

	if (accel_choose(&accel, &err) < 0)
		printf("no   kvm          %s\n", err.text);
	else if (!strcmp(accel.name, "kvm"))
		puts("yes  kvm          tried first; the VM falls back to emulation");
	else
		printf("no   kvm          %s; the VM is emulated, several times slower\n",
		       accel.is_forced ? "OOMLAB_ACCEL says tcg"
		       : access("/dev/kvm", R_OK | W_OK)
			       ? "/dev/kvm cannot be opened by this user"
			       : "no guest booted with it since this host did");
}

static void check_scenarios(void)
{
	char **names = scenarios_list();
	int n = 0;

	for (char **name = names; *name; name++, n++)
		free(*name);
	free(names);
	if (n)
		printf("yes  scenarios    %d\n", n);
	else
		puts("no   scenarios    none beside the program; run make, or set OOMLAB_SCENARIOS");
}

static void check_auto(void)
{
	_cleanup_free_ char *words = session_auto();

	printf("     auto         takes %s\n", words);
}

static void tell_setting(const struct sysctl_finding *f, pid_t holder, bool restore)
{
	const char *path = f->saved.path, *old = f->saved.old;
	_cleanup_free_ char *whose = holder > 0 ? text_format("process %d", (int)holder)
						: xstrdup("a process not seen from here");

	if (holder)
		printf("used settings     %s is '%s' for %s, which puts back %s at its end\n", path,
		       f->now, whose, old);
	else if (f->cause)
		printf("LEFT settings     %s is '%s' and was %s: it cannot be %s%s%s\n", path,
		       f->now, old, restore ? "put back" : "read", f->cause == EIO ? "" : ": ",
		       f->cause == EIO ? "" : strerror(f->cause));
	else if (restore)
		printf("done settings     %s was %s and is %s again\n", path, f->found, f->now);
	else
		printf("LEFT settings     %s is %s and was %s: a launcher that set it to %s was killed; %s'oomlab doctor --restore' puts it back\n",
		       path, f->now, old, f->saved.value, geteuid() ? "root's " : "");
}

static int settings_in(const char *dir, bool restore)
{
	struct sysctl_findings found;
	struct err err = ERR_INIT;
	int left = 0;

	if (sysctl_examine(dir, "", restore, &found, &err) < 0) {
		printf("LEFT settings     %s\n", err.text);
		return 1;
	}
	for (size_t i = 0; i < found.count; i++) {
		const struct sysctl_finding *f = &found.items[i];

		if (strcmp(f->found, f->saved.old) != 0 || f->cause)
			tell_setting(f, found.holder, restore);
		left += !found.holder && (f->cause || strcmp(f->now, f->saved.old) != 0);
	}
	return left;
}

/* The settings are root's to change, and anyone's to know of. */
static int settings_left(bool restore)
{
	_cleanup_free_ char *dir = sysctl_state_dir();
	int left = settings_in(dir, restore);

	return geteuid() ? left + settings_in(SYSCTL_STATE_ROOT, false) : left;
}

static int cgroups_left(const struct cg_home *home, bool restore)
{
	int stuck, found = cg_clear_leftovers(home, !restore, &stuck);

	if (found && !restore)
		printf("LEFT cgroups      %d of killed launchers; 'oomlab doctor --restore' removes them\n",
		       found);
	else if (found)
		printf("%s cgroups      %d removed, %d could not be\n", stuck ? "LEFT" : "done",
		       found - stuck, stuck);
	return found && (!restore || stuck);
}

static int containers_left(const struct engine *engine, bool restore)
{
	int stuck, found = container_clear_leftovers(engine, !restore, &stuck);

	if (found && !restore)
		printf("LEFT containers   %d of killed launchers; 'oomlab doctor --restore' removes them\n",
		       found);
	else if (found)
		printf("%s containers   %d removed, %d could not be\n", stuck ? "LEFT" : "done",
		       found - stuck, stuck);
	return found && (!restore || stuck);
}

/* Returns 1 when something of it was left behind; one that answers is one more of *places. */
static int check_engine(const char *name, bool restore, int *places)
{
	struct engine engine;
	struct err err = ERR_INIT;

	if (engine_find(name, &engine, &err) < 0) {
		printf("no   %-12s %s\n", name, err.text);
		return 0;
	}
	printf("yes  %-12s %s, cgroup v%d (%s)\n", name, engine.version, engine.cgroup_version,
	       engine.driver);
	++*places;
	return containers_left(&engine, restore);
}

static int examine(bool restore)
{
	struct cg_home home;
	int left, places = check_cgroup(&home);

	places += check_vm("6.12");
	check_vm("6.1");
	check_share();
	check_accelerator();
	left = check_engine("docker", restore, &places);
	left += check_engine("podman", restore, &places);
	places += check_current();
	check_file(
		"kmsg", "/dev/kmsg",
		"docker run --device /dev/kmsg --cap-add SYSLOG --user 0 shows it to a container",
		"sudo sysctl kernel.dmesg_restrict=0 shows it to every user");
	check_file("tracefs", "/sys/kernel/tracing/events/oom/mark_victim/id",
		   "sudo mount -t tracefs tracefs /sys/kernel/tracing", "run as root");
	check_scenarios();
	check_auto();
	left += settings_left(restore);
	if (home.version)
		left += cgroups_left(&home, restore);
	if (!places)
		puts(run_current_is_container()
			     ? "\nNo scenario can run here; docker run --memory 512m gives this "
			       "container the limit it needs."
			     : "\nNo scenario can run here; what 'no   vm 6.12' names above is the "
			       "shortest cure.");
	return places && !left ? EXIT_OK : EXIT_FAILED;
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor_options options = {0};
	int status = option_table_read("doctor", &doctor_option_table, &options, argc, argv);

	if (status)
		return status;
	if (options.help) {
		puts("usage: oomlab doctor [--restore]\n\n"
		     "What this host can do and what would cure what it cannot. Exit status 0 when "
		     "a\n"
		     "scenario can run and nothing was left behind, else 1.\n");
		options_print(stdout, table, ARRAY_SIZE(table));
		return EXIT_OK;
	}
	return examine(options.restore);
}
