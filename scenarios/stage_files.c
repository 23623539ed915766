#include "stage_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

void stage_complain(const char *format, ...)
{
	int saved = errno;
	va_list ap;

	fputs("replay-stage: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(saved));
}

int stage_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return n < 0 ? -1 : 0;
}

int stage_set(const char *path, const char *text)
{
	if (stage_write(path, text) == 0)
		return 0;
	stage_complain("cannot write '%s' to %s", text, path);
	return -1;
}

uint64_t stage_read_number(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	if (fd >= 0)
		close(fd);
	return strtoull(text, NULL, 10);
}

uint64_t stage_read_value(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	uint64_t value = 0;
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name), NULL, 10);
	if (file)
		fclose(file);
	return value;
}

/*
 * Free memory is to be known to a few MiB: what each CPU keeps for itself, and what the kernel keeps
 * for itself for the sake of huge pages, would be more than that.
 */
int stage_set_kernel(bool kills_invoker)
{
	if (stage_set("/proc/sys/vm/percpu_pagelist_high_fraction", "10000") < 0 ||
	    stage_set("/proc/sys/vm/min_free_kbytes", "4096") < 0 ||
	    stage_set("/proc/sys/vm/watermark_boost_factor", "0") < 0 ||
	    stage_set("/proc/self/oom_score_adj", "-1000") < 0 ||
	    stage_set("/proc/sys/kernel/pid_max", "4194304") < 0 ||
	    stage_set("/proc/sys/vm/overcommit_memory", "1") < 0 ||
	    stage_set("/proc/sys/fs/pipe-user-pages-soft", "0") < 0 ||
	    stage_set("/proc/sys/kernel/msgmax", "1048576") < 0 ||
	    stage_set("/proc/sys/kernel/msgmnb", "2147483647") < 0 ||
	    stage_set("/proc/sys/vm/oom_kill_allocating_task", kills_invoker ? "1" : "0") < 0)
		return -1;
	return prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}
