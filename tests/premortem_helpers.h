/*
 * premortem_helpers.h - a child that rests, and a cgroup made of files around it, for the tests of
 * the look just before the limit. Not for anything else: static functions that assert.
 *
 *	tcase_add_checked_fixture(tc, cgroup_enter, cgroup_leave);
 */
#ifndef OOMLAB_TESTS_PREMORTEM_HELPERS_H
#define OOMLAB_TESTS_PREMORTEM_HELPERS_H

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "launch/process.h"
#include "record/query.h"
#include "scratch.h"
#include "snapshot/cgroup_counters.h"
#include "snapshot/premortem.h"
#include "snapshot/thread_state.h"

#define MEBI INT64_C(1048576)

static __attribute__((unused)) struct premortem premortem;
static __attribute__((unused)) struct premortem_config config;
static __attribute__((unused)) struct cg cg;
static __attribute__((unused)) struct record_writer writer;
static __attribute__((unused)) struct target target;
static __attribute__((unused)) struct record record;
static pid_t child;

static __attribute__((noinline, unused)) void rest_here(int ready)
{
	char byte = 0;

	if (write(ready, &byte, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* It said that it will rest; until the kernel says that it does, it may still run. */
static inline void wait_until_it_rests(pid_t pid)
{
	const int64_t deadline = io_now_ns() + INT64_C(5000000000);
	struct thread_state state;

	do {
		ck_assert_int_lt(io_now_ns(), deadline);
		sched_yield();
		thread_state_read("/proc", pid, pid, &state);
	} while (state.where != THREAD_IN_SYSCALL);
}

static inline pid_t start_child(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = memfd_create("with \n newline", 0);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "a) \x01 b");
		if (ftruncate(fd, 8 << 20) || pwrite(fd, "x", 1, 0) != 1)
			_exit(1);
		dup(fd);
		rest_here(ready[1]);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	wait_until_it_rests(pid);
	return pid;
}

/* It may have ended before. */
static inline void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The part of a sample that these tests look at. */
static inline void take_charge(void *ctx, int64_t value[METRIC_COUNT])
{
	(void)ctx;
	io_read_number_at(cg.levels[0].dirfd, "memory.current", &value[METRIC_CURRENT]);
}

static inline void cgroup_enter(void)
{
	_cleanup_free_ char *procs = NULL;

	scratch_enter();
	child = start_child();
	procs = text_format("%d\n0\njunk\n%d\n", child, 1 << 22);
	put_file("memory.max", "67108864\n", 0600);
	put_file("memory.high", "max\n", 0600);
	put_file("memory.current", "63963136\n", 0600);
	put_file("memory.stat", "anon 63963136\nactive_file 0\n", 0600);
	put_file("memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n", 0600);
	put_file("cgroup.freeze", "?\n", 0600);
	put_file("cgroup.events", "populated 1\nfrozen 1\n", 0600);
	put_file("cgroup.procs", procs, 0600);
	cg = (struct cg){.version = 2, .level_count = 1};
	cg.levels[0].dirfd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	record_writer_init(&writer, open("record", O_RDWR | O_CREAT | O_APPEND, 0600));
	record_put_run(&writer, &(struct record_run){.page_size = 4096, .cgroup_version = 2});
	target = (struct target){.pid = child};
	config = (struct premortem_config){
		.w = &writer, .cg = &cg, .percent = 5, .sample = take_charge};
}

static inline void cgroup_leave(void)
{
	end_child(child);
	premortem_release(&premortem);
	record_release(&record);
	close(writer.fd);
	close(cg.levels[0].dirfd);
	scratch_leave();
}

static inline void arm(void)
{
	put_file("memory.current", "1048576\n", 0600);
	premortem_arm(&premortem, &config);
	put_file("memory.current", "63963136\n", 0600);
}

static inline void events(const char *text)
{
	struct record_counters now;

	put_file("memory.events", text, 0600);
	cgroup_counters_read(&cg, 0, false, &now);
	premortem_check(&premortem, &target, NULL, now.value[COUNTER_HIGH]);
}

/* From here on there is room for small blocks, but not for the stack of a thread. */
/* The sanitizer needs room of its own, and ends the program where there is none. */
#if defined(__SANITIZE_ADDRESS__)
#define CAN_LEAVE_NO_ROOM 0
#else
#define CAN_LEAVE_NO_ROOM 1
#endif

static inline void leave_no_room_for_threads(void)
{
	int64_t vsz, rss;
	struct rlimit limit;

	ck_assert_int_eq(process_sizes(getpid(), &vsz, &rss), 0);
	limit.rlim_cur = limit.rlim_max = (rlim_t)vsz + (4 << 20);
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

static inline void load(void)
{
	struct err err = ERR_INIT;

	record_release(&record);
	ck_assert_msg(!record_load("record", &record, &err), "%s", err.text);
	ck_assert_int_eq(record_lost(&record, LOSS_RECORD), 0);
}

#endif
