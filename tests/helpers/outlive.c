/*
 * outlive.c - a target that would outlive its launcher, or hold it still; more words are ignored.
 *
 *	outlive stop SECONDS         stops its parent, stays
 *	outlive trace SECONDS        seizes and interrupts its parent by ptrace(2), stays
 *	outlive leave SECONDS PROCS  a child in a session of its own writes itself into PROCS, then
 *	                             says "left" on standard output; both stay
 *	outlive nobody SECONDS       becomes user 65534, as a set-user-ID program changes, stays
 *	outlive bomb SECONDS         a child forks a child and ends, and so on: hardly any is still
 *	                             there when it is signalled
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int stay(unsigned int seconds)
{
	while (seconds)
		seconds = sleep(seconds);
	return 0;
}

static int trace(unsigned int seconds)
{
	if (ptrace(PTRACE_SEIZE, getppid(), 0, 0) < 0 ||
	    ptrace(PTRACE_INTERRUPT, getppid(), 0, 0) < 0) {
		perror("outlive: ptrace");
		return 1;
	}
	return stay(seconds);
}

static int leave(const char *procs, unsigned int seconds)
{
	int fd;

	if (fork())
		return stay(seconds);
	setsid();
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) < 0) {
		perror(procs);
		return 1;
	}
	puts("left");
	fflush(stdout);
	return stay(seconds);
}

static int run_away(unsigned int seconds)
{
	time_t end = time(NULL) + seconds;

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		pid_t pid = fork();

		if (pid > 0 || time(NULL) > end)
			_exit(0);
	}
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";
	unsigned int seconds = argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0;

	if (!strcmp(mode, "stop"))
		return kill(getppid(), SIGSTOP) ? 1 : stay(seconds);
	if (!strcmp(mode, "trace"))
		return trace(seconds);
	if (!strcmp(mode, "leave") && argc > 3)
		return leave(argv[3], seconds);
	if (!strcmp(mode, "nobody"))
		return setresuid(65534, 65534, 65534) ? 1 : stay(seconds);
	if (!strcmp(mode, "bomb")) {
		if (fork() == 0)
			run_away(seconds);
		return stay(seconds);
	}
	fprintf(stderr, "outlive: no mode '%s'\n", mode);
	return 2;
}
