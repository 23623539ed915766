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

/* On each processor. */
static int open_of(struct touch_rings *rings, struct touch_side_event event, pid_t tid,
		   const struct touch_side_what *what)
{
	struct touch_sides *sides = &rings->sides;

	for (int i = 0; i < rings->count; i++) {
		int fd = sides->count == SIDE_EVENTS_MOST
				 ? -EMFILE
				 : touch_ring_open_beside(rings, i, tid, what);

		if (fd < 0)
			return fd;
		if (ioctl(fd, PERF_EVENT_IOC_ID, &event.id) < 0 ||
		    (!what->is_from_exec && ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)) {
			close(fd);
			return -errno;
		}
		event.fd = fd;
		sides->ids[sides->count] = what->frequency ? 0 : event.id;
		sides->events[sides->count++] = event;
	}
	return 0;
}

int touch_side_open(struct touch_rings *rings, enum touch_side side, pid_t pid,
		    const struct touch_side_what *what)
{
	_cleanup_free_ char *path = text_format("/proc/%d/task", (int)pid);
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct touch_sides *sides = &rings->sides;
	struct dirent *entry;
	int r = -ESRCH;

	if (!sides->events) {
		sides->events = xcalloc(SIDE_EVENTS_MOST, sizeof(*sides->events));
		sides->ids = xcalloc(SIDE_EVENTS_MOST, sizeof(*sides->ids));
	}
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = open_of(rings, (struct touch_side_event){.side = side, .owner = pid},
				    (pid_t)atoi(entry->d_name), what);
	return r;
}

bool touch_side_is_twice(const struct touch_sides *sides, uint64_t id, pid_t pid)
{
	const struct touch_side_event *its = NULL;
	bool has_own = false;

	for (size_t i = 0; i < sides->count; i++)
		if (sides->events[i].id == id)
			its = &sides->events[i];
	for (size_t i = 0; its && its->owner != pid && i < sides->count; i++)
		has_own |= sides->events[i].owner == pid && sides->events[i].side == its->side;
	return has_own;
}

void touch_side_close(struct touch_sides *sides, enum touch_side side)
{
	size_t kept = 0;

	for (size_t i = 0; i < sides->count; i++) {
		if (sides->events[i].side == side) {
			close(sides->events[i].fd);
			continue;
		}
		sides->events[kept] = sides->events[i];
		sides->ids[kept++] = sides->ids[i];
	}
	sides->count = kept;
}

void touch_side_set_period(struct touch_sides *sides, enum touch_side side, uint64_t period)
{
	for (size_t i = 0; i < sides->count; i++)
		if (sides->events[i].side == side)
			ioctl(sides->events[i].fd, PERF_EVENT_IOC_PERIOD, &period);
}

void touch_side_switch(struct touch_sides *sides, enum touch_side side, bool is_on)
{
	for (size_t i = 0; i < sides->count; i++)
		if (sides->events[i].side == side)
			ioctl(sides->events[i].fd,
			      is_on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0);
}
