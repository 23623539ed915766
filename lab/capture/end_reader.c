#include "capture/end_reader.h"

#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture/source.h"
#include "launch/process.h"
#include "snapshot/cgroup_counters.h"

static void *read_end(void *arg)
{
	struct end_reader *reader = arg;
	struct pollfd polls[2] = {{.fd = reader->pidfd, .events = POLLIN},
				  {.fd = reader->stop_fd, .events = POLLIN}};

	while (poll(polls, 2, -1) < 0)
		;
	if (!polls[0].revents)
		return NULL;
	if (process_zombie_status(reader->pid, &reader->status) < 0)
		reader->status = 0;
	cgroup_counters_read(reader->cg, 0, false, &reader->events);
	cgroup_counters_read(reader->cg, 0, true, &reader->local);
	sampler_read_cgroup(reader->cg, &reader->sample);
	reader->is_taken = true;
	return NULL;
}

void end_reader_start(struct end_reader *reader, const struct cg *cg, const struct target *target)
{
	const struct sched_param first = {.sched_priority = 1};

	*reader = (struct end_reader){.cg = cg, .pid = target->pid, .pidfd = target->pidfd};
	reader->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (reader->stop_fd < 0)
		return;
	reader->is_running = !pthread_create(&reader->thread, NULL, read_end, reader);
	if (reader->is_running)
		pthread_setschedparam(reader->thread, SCHED_FIFO, &first);
	else
		close(reader->stop_fd);
}

void end_reader_stop(struct end_reader *reader)
{
	const uint64_t one = 1;

	if (!reader->is_running)
		return;
	if (write(reader->stop_fd, &one, sizeof(one)) == sizeof(one))
		pthread_join(reader->thread, NULL);
	close(reader->stop_fd);
	reader->is_running = false;
}
