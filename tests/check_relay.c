/*
 * check_relay.c - the loop over what a guest sends, when the guest never stops to talk: the time,
 * and the end of virtiofsd or QEMU, are seen all the same. Real processes stand at the other ends
 * of the sockets; it_vm_helpers.sh ends those of real guests.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "launch/vm/vm_relay.h"
#include "suite.h"

#define SECOND UINT64_C(1000000000)
#define LONG   (600 * SECOND) /* more than the test may take */

static struct relay relay;
static struct qemu qemu;

static int take_line(const char *text, size_t len, void *ctx)
{
	(void)text, (void)len, (void)ctx;
	return 0;
}

static void let_pass(int fd, const char *text, size_t len, void *ctx)
{
	(void)fd, (void)text, (void)len, (void)ctx;
}

static pid_t fork_bound(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

/* Its end for ever says "a line" on both outputs, as fast as it is taken; or nothing. */
static void start_guest(bool talks)
{
	static const char line[] = "a line of what the command prints\n";
	int theirs[CHANNEL_COUNT];

	for (int i = 0; i < CHANNEL_COUNT; i++) {
		int pair[2];

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		qemu.channels[i] = pair[0];
		theirs[i] = pair[1];
	}
	qemu.process.pid = fork_bound();
	if (qemu.process.pid == 0) {
		while (talks && write(theirs[PORT_OUT], line, strlen(line)) > 0)
			if (write(theirs[PORT_RECORD], line, strlen(line)) < 0)
				break;
		for (;;)
			pause();
	}
	for (int i = 0; i < CHANNEL_COUNT; i++)
		close(theirs[i]);
	qemu.process.pidfd = (int)syscall(SYS_pidfd_open, qemu.process.pid, 0);
	ck_assert_int_ge(qemu.process.pidfd, 0);
}

/* A virtiofsd that is there until it is killed, or ends by itself. */
static pid_t start_share(bool ends)
{
	pid_t pid = fork_bound();

	if (pid == 0 && ends)
		_exit(0);
	if (pid == 0)
		for (;;)
			pause();
	relay.share_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	ck_assert_int_ge(relay.share_pidfd, 0);
	return pid;
}

static int open_null(void)
{
	return open("/dev/null", O_WRONLY | O_CLOEXEC);
}

static void start(uint64_t timeout_ns, bool talks)
{
	static struct vm_request request;

	request = (struct vm_request){
		.timeout_ns = timeout_ns, .line = take_line, .output = let_pass};
	relay = (struct relay){
		.request = &request,
		.end_ns = io_now_ns() + (int64_t)timeout_ns,
		.signal_fd = -1,
		.console_fd = open_null(),
		.trace_fd = open_null(),
		.share_pidfd = -1,
		.line = STRBUF_INIT,
		.console = STRBUF_INIT,
		.outputs = {{.fd = open_null(), .pending = STRBUF_INIT},
			    {.fd = open_null(), .pending = STRBUF_INIT}},
	};
	start_guest(talks);
}

static void stop(void)
{
	close(relay.outputs[0].fd);
	close(relay.outputs[1].fd);
	relay_release(&relay);
	qemu.stderr_fd = -1;
	qemu_stop(&qemu);
}

START_TEST(a_guest_that_talks_has_a_time)
{
	start(SECOND, _i);
	ck_assert_int_eq(relay_run(&relay, &qemu, LONG), RELAY_TIMED_OUT);
	stop();
	start(LONG, _i);
	ck_assert_int_eq(relay_run(&relay, &qemu, SECOND), RELAY_SILENT);
	stop();
}
END_TEST

START_TEST(virtiofsd_is_killed)
{
	start(LONG, _i);
	kill(start_share(false), SIGKILL);
	ck_assert_int_eq(relay_run(&relay, &qemu, LONG), RELAY_SHARE_GONE);
	stop();
}
END_TEST

START_TEST(virtiofsd_ends_by_itself)
{
	start(LONG, _i);
	start_share(true);
	ck_assert_int_eq(relay_run(&relay, &qemu, LONG), RELAY_SHARE_GONE);
	stop();
}
END_TEST

/* virtiofsd ends then, too, by itself. */
START_TEST(qemu_is_killed)
{
	start(LONG, _i);
	start_share(true);
	kill(qemu.process.pid, SIGKILL);
	ck_assert_int_eq(relay_run(&relay, &qemu, LONG), RELAY_GONE);
	stop();
}
END_TEST

/* QEMU gives up when nobody is at the other end of its connection to virtiofsd. */
START_TEST(qemu_follows_virtiofsd)
{
	siginfo_t info;
	pid_t share;

	start(LONG, false);
	share = start_share(false);
	kill(qemu.process.pid, SIGKILL);
	ck_assert_int_eq(waitpid(qemu.process.pid, NULL, 0), qemu.process.pid);
	close(qemu.process.pidfd);
	qemu.process.pid = fork_bound();
	if (qemu.process.pid == 0)
		_exit(1);
	qemu.process.pidfd = (int)syscall(SYS_pidfd_open, qemu.process.pid, 0);
	kill(share, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)share, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)qemu.process.pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(relay_run(&relay, &qemu, LONG), RELAY_SHARE_GONE);
	stop();
}
END_TEST

static TCase *relay_case(void)
{
	TCase *tc = tcase_create("relay");

	tcase_add_loop_test(tc, a_guest_that_talks_has_a_time, 0, 2);
	tcase_add_loop_test(tc, virtiofsd_is_killed, 0, 2);
	tcase_add_loop_test(tc, virtiofsd_ends_by_itself, 0, 2);
	tcase_add_loop_test(tc, qemu_is_killed, 0, 2);
	tcase_add_test(tc, qemu_follows_virtiofsd);
	return tc;
}

int main(void)
{
	return suite_run("relay", (TCase *const[]){relay_case()}, 1);
}
