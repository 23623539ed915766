/*
 * hog.c - a program for the tests to run under a limit.
 *
 *	hog touch MIB [SECONDS]    writes to MIB of fresh memory, stays for SECONDS, ends with 0
 *	hog child MIB              a child touches; the parent waits for it and ends with 0
 *	hog orphan MIB             a child touches while the parent ends with 0 at once
 *	hog malloc MIB             asks malloc for MIB in one piece; 1 when refused
 *	hog sleep SECONDS
 *	hog stubborn SECONDS       sleeps with TERM, INT and HUP ignored
 *	hog fork COUNT SECONDS     COUNT children that sleep in sessions of their own, ends with 0
 *	hog sleepers COUNT         the same for an hour, and stays beside them, stubborn
 *	hog signals                prints the signals it was started with blocked or ignored
 *	hog forge MIB              writes a line for the record to every descriptor it has, touches
 *	hog flood COUNT            sends the lab COUNT checkpoints, ends with 0
 *	hog exit STATUS
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int touch(size_t mib, unsigned int seconds)
{
	for (size_t i = 0; i < mib; i++) {
		void *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);

		if (p == MAP_FAILED) {
			perror("hog: mmap");
			return 1;
		}
		memset(p, 0x5a, 1 << 20);
	}
	sleep(seconds);
	return 0;
}

static int with_child(size_t mib, int waits)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(touch(mib, 0));
	if (pid < 0)
		return 1;
	if (waits)
		waitpid(pid, NULL, 0);
	return 0;
}

static int ask_malloc(size_t mib)
{
	void *volatile p = malloc(mib << 20);

	if (!p) {
		perror("hog: malloc");
		return 1;
	}
	free(p);
	return 0;
}

static int sleep_through(unsigned int seconds, int stubborn)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; stubborn && i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	sleep(seconds);
	return 0;
}

static int fork_many(size_t count, unsigned int seconds)
{
	for (size_t i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0) {
			setsid();
			sleep(seconds);
			_exit(0);
		}
	}
	return 0;
}

/* Each is answered, so that none is lost on the way. */
static int flood(size_t count)
{
	const char *number = getenv("OOMLAB_GATE_FD");
	int fd = number ? atoi(number) : -1;
	char answer[8];

	while (count--)
		if (send(fd, "checkpoint here", 15, MSG_NOSIGNAL) < 0 ||
		    recv(fd, answer, sizeof(answer), 0) <= 0)
			return 1;
	return 0;
}

static int forge(size_t mib)
{
	static const char line[] = "{\"ev\":\"note\",\"text\":\"forged\"}\n";

	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++)
		if (write(fd, line, sizeof(line) - 1) < 0)
			continue;
	return touch(mib, 0);
}

static int print_signals(void)
{
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (int n = 1; n < NSIG; n++) {
		struct sigaction action;

		if (sigismember(&blocked, n) == 1)
			printf("blocked %d\n", n);
		if (!sigaction(n, NULL, &action) && action.sa_handler == SIG_IGN)
			printf("ignored %d\n", n);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	size_t n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned int seconds = argc > 3 ? (unsigned int)strtoul(argv[3], NULL, 10) : 0;

	if (!strcmp(mode, "touch"))
		return touch(n, seconds);
	if (!strcmp(mode, "child") || !strcmp(mode, "orphan"))
		return with_child(n, mode[0] == 'c');
	if (!strcmp(mode, "malloc") && n > 0)
		return ask_malloc(n);
	if (!strcmp(mode, "sleep") || !strcmp(mode, "stubborn"))
		return sleep_through((unsigned int)n, mode[1] == 't');
	if (!strcmp(mode, "fork"))
		return fork_many(n, seconds);
	if (!strcmp(mode, "sleepers"))
		return fork_many(n, 3600) || sleep_through(3600, 1);
	if (!strcmp(mode, "signals"))
		return print_signals();
	if (!strcmp(mode, "flood"))
		return flood(n);
	if (!strcmp(mode, "forge"))
		return forge(n);
	if (!strcmp(mode, "exit"))
		return (int)n;
	fprintf(stderr, "hog: no mode '%s'\n", mode);
	return 2;
}
