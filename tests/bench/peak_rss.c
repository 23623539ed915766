/*
 * peak_rss COMMAND [ARGS...]: runs it, prints its own peak resident set (VmHWM, KiB) as it exits.
 *
 * wait4(2) and time(1) fold in the children a process has waited for, which for a launcher are the
 * ones under study; so this stops the process at its exit (PTRACE_EVENT_EXIT) and reads its status.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_peak(pid_t pid)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmHWM:", 6))
			printf("%ld\n", strtol(line + 6, NULL, 10));
	if (f)
		fclose(f);
}

static int trace(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) == pid) {
		int signal = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;

		if (WIFEXITED(status) || WIFSIGNALED(status))
			return 0;
		if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8)))
			print_peak(pid);
		ptrace(PTRACE_CONT, pid, 0, status >> 16 || signal == SIGTRAP ? 0 : signal);
	}
	return 1;
}

int main(int argc, char **argv)
{
	pid_t pid;
	int null, status;

	if (argc < 2)
		return 2;
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	waitpid(pid, &status, WUNTRACED);
	if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL) < 0) {
		perror("ptrace");
		return 1;
	}
	kill(pid, SIGCONT);
	return trace(pid);
}
