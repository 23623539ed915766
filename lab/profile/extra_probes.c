#include "profile/extra_probes.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "profile/probes.h"

/* Opens the event of one thread on each CPU. */
static int open_on_cpus(struct probes *probes, enum extra_probe_kind kind, pid_t tid,
			const struct extra_probe_what *what)
{
	struct extra_probes *extras = &probes->extras;
	uint64_t id;

	for (int i = 0; i < probes->count; i++) {
		int fd = extras->count == EXTRA_PROBES_MOST
				 ? -EMFILE
				 : probes_open_extra(probes, i, tid, what);

		if (fd < 0)
			return fd;
		if (ioctl(fd, PERF_EVENT_IOC_ID, &id) < 0 ||
		    (!what->is_from_exec && ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)) {
			close(fd);
			return -errno;
		}
		extras->ids[extras->count] = what->frequency ? 0 : id;
		extras->events[extras->count++] = (struct extra_probe){kind, fd};
	}
	return 0;
}

int extra_probes_open(struct probes *probes, enum extra_probe_kind kind, pid_t pid,
		      const struct extra_probe_what *what)
{
	_cleanup_free_ char *path = text_format("/proc/%d/task", (int)pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct extra_probes *extras = &probes->extras;
	struct dirent *entry;
	int r = -ESRCH;

	if (!extras->events) {
		extras->events = xcalloc(EXTRA_PROBES_MOST, sizeof(*extras->events));
		extras->ids = xcalloc(EXTRA_PROBES_MOST, sizeof(*extras->ids));
	}
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = open_on_cpus(probes, kind, (pid_t)atoi(entry->d_name), what);
	return r;
}

void extra_probes_set_period(struct extra_probes *extras, enum extra_probe_kind kind,
			     uint64_t period)
{
	for (size_t i = 0; i < extras->count; i++)
		if (extras->events[i].kind == kind)
			ioctl(extras->events[i].fd, PERF_EVENT_IOC_PERIOD, &period);
}

void extra_probes_switch(struct extra_probes *extras, enum extra_probe_kind kind, bool is_on)
{
	for (size_t i = 0; i < extras->count; i++)
		if (extras->events[i].kind == kind)
			ioctl(extras->events[i].fd,
			      is_on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}
