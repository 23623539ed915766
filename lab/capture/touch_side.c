#include "capture/touch_side.h"

#include <dirent.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "capture/touch_ring.h"

/* On each processor. */
static int open_of(struct touch_rings *rings, enum touch_side side, pid_t tid, int64_t id,
		   const char *filter)
{
	struct touch_sides *sides = &rings->sides;

	for (int i = 0; i < rings->count; i++) {
		int fd = sides->count == SIDE_EVENTS_MOST
				 ? -EMFILE
				 : touch_ring_open_beside(rings, i, tid, id, filter);

		if (fd < 0)
			return fd;
		if (ioctl(fd, PERF_EVENT_IOC_ID, &sides->ids[sides->count]) < 0 ||
		    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0) {
			close(fd);
			return -errno;
		}
		sides->events[sides->count++] = (struct touch_side_event){side, fd};
	}
	return 0;
}

int touch_side_open(struct touch_rings *rings, enum touch_side side, pid_t pid, int64_t id,
		    const char *filter)
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
			r = open_of(rings, side, (pid_t)atoi(entry->d_name), id, filter);
	return r;
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

void touch_sides_close(struct touch_sides *sides)
{
	for (size_t i = 0; i < sides->count; i++)
		close(sides->events[i].fd);
	free(sides->events);
	free(sides->ids);
	*sides = (struct touch_sides){0};
}
