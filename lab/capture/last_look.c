#include "capture/last_look.h"

#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture/source.h"
#include "launch/process.h"
#include "snapshot/cgroup_counters.h"

static void *look_once(void *arg)
{
	struct last_look *look = arg;
	struct pollfd polls[2] = {{.fd = look->pidfd, .events = POLLIN},
				  {.fd = look->stop_fd, .events = POLLIN}};

	while (poll(polls, 2, -1) < 0)
		;
	if (!polls[0].revents)
		return NULL;
	if (process_zombie_status(look->pid, &look->status) < 0)
		look->status = 0;
	cgroup_counters_read(look->cg, 0, false, &look->events);
	cgroup_counters_read(look->cg, 0, true, &look->local);
	sampler_read_cgroup(look->cg, &look->sample);
	look->is_taken = true;
	return NULL;
}

void last_look_begin(struct last_look *look, const struct cg *cg, const struct target *target)
{
	const struct sched_param first = {.sched_priority = 1};

	*look = (struct last_look){.cg = cg, .pid = target->pid, .pidfd = target->pidfd};
	look->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (look->stop_fd < 0)
		return;
	look->is_running = !pthread_create(&look->thread, NULL, look_once, look);
	if (look->is_running)
		pthread_setschedparam(look->thread, SCHED_FIFO, &first);
	else
		close(look->stop_fd);
}

void last_look_end(struct last_look *look)
{
	const uint64_t one = 1;

	if (!look->is_running)
		return;
	if (write(look->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(look->thread, NULL);
	close(look->stop_fd);
	look->is_running = false;
}
