#include "capture/settings.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "launch/sysctl.h"

enum { CONTAINER_ID_LEN = 64 };
/* PROC_PID_INIT_INO of include/linux/proc_ns.h */
#define FIRST_PID_NAMESPACE "pid:[4026531836]"

static const struct {
	const char *name, *path;
} files[] = {
	{"vm.overcommit_memory", "/proc/sys/vm/overcommit_memory"},
	{"vm.overcommit_ratio", "/proc/sys/vm/overcommit_ratio"},
	{"vm.overcommit_kbytes", "/proc/sys/vm/overcommit_kbytes"},
	{"vm.swappiness", "/proc/sys/vm/swappiness"},
	{"vm.oom_dump_tasks", "/proc/sys/vm/oom_dump_tasks"},
	{"vm.oom_kill_allocating_task", "/proc/sys/vm/oom_kill_allocating_task"},
	{"vm.panic_on_oom", "/proc/sys/vm/panic_on_oom"},
	{"numa_nodes", "/sys/devices/system/node/has_memory"},
	{"thp", "/sys/kernel/mm/transparent_hugepage/enabled"},
};

static const char *const meminfo_keys[] = {"MemTotal", "MemAvailable", "SwapTotal",
					   "SwapFree", "CommitLimit",  "Committed_AS"};

static void write_meminfo_line(struct record_writer *w, char *line)
{
	char *colon = strchr(line, ':');

	if (!colon)
		return;
	*colon = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(meminfo_keys); i++)
		if (!strcmp(line, meminfo_keys[i]))
			record_put_setting(w, line, colon + 1 + strspn(colon + 1, " "));
}

/* The kernel log names processes by their pids in the first pid namespace. */
static bool write_pid_namespace(struct record_writer *w)
{
	char name[64];
	ssize_t n = readlink("/proc/self/ns/pid", name, sizeof(name) - 1);

	if (n <= 0)
		return false;
	name[n] = '\0';
	if (!strcmp(name, FIRST_PID_NAMESPACE))
		return false;
	record_put_setting(w, "pid_namespace", name);
	return true;
}

/*
 * Engines bind /etc/hostname and the like from a folder named after the container
 * (/proc/self/mountinfo: "... /var/lib/docker/containers/5f22.../hostname /etc/hostname ...").
 */
static void write_container_id(struct record_writer *w)
{
	static const char hex[] = "0123456789abcdef", folder[] = "containers/";
	const size_t len = sizeof(folder) - 1;
	_cleanup_strbuf_ struct strbuf mounts = STRBUF_INIT;

	if (io_read_at(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &mounts))
		return;
	for (char *p = mounts.buf; *p; p += strcspn(p, hex)) {
		size_t n = strspn(p, hex);

		/* Layers of an image have names of the same form. */
		if (n == CONTAINER_ID_LEN && p[n] == '/' && p >= mounts.buf + len &&
		    !memcmp(p - len, folder, len)) {
			p[n] = '\0';
			record_put_setting(w, "container_id", p);
			return;
		}
		p += n;
	}
}

void settings_write(struct record_writer *w)
{
	_cleanup_strbuf_ struct strbuf meminfo = STRBUF_INIT;
	char value[64];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!sysctl_read(files[i].path, value, sizeof(value)))
			record_put_setting(w, files[i].name, value);
	if (write_pid_namespace(w))
		write_container_id(w);
	if (io_read_at(AT_FDCWD, "/proc/meminfo", 65536, &meminfo))
		return;
	for (char *line = strtok(meminfo.buf, "\n"); line; line = strtok(NULL, "\n"))
		write_meminfo_line(w, line);
}
