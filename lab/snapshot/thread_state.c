#include "snapshot/thread_state.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

/* Takes one word "0x..." and the blank or end behind it. */
static bool take_hex(const char **at, uint64_t *value)
{
	char *end;

	if (strncmp(*at, "0x", 2) != 0)
		return false;
	*value = strtoull(*at, &end, 16);
	if (end == *at + 2 || (*end && *end != ' ' && *end != '\n'))
		return false;
	*at = *end == ' ' ? end + 1 : end;
	return true;
}

static bool parse_blocked(const char *line, struct thread_state *s)
{
	const char *at;
	char *end;
	uint64_t argument;

	s->syscall = strtoll(line, &end, 10);
	if (end == line || *end != ' ' || s->syscall < -1)
		return false;
	at = end + 1;
	for (int i = 0; s->syscall >= 0 && i < 6; i++)
		if (!take_hex(&at, &argument))
			return false;
	return take_hex(&at, &s->sp) && take_hex(&at, &s->pc) && (!*at || *at == '\n');
}

void thread_state_parse(const char *line, struct thread_state *s)
{
	*s = (struct thread_state){0};
	if (!strcmp(line, "running") || !strcmp(line, "running\n")) {
		s->where = THREAD_RUNNING;
		return;
	}
	if (!parse_blocked(line, s)) {
		*s = (struct thread_state){0};
		return;
	}
	s->where = s->syscall < 0 ? THREAD_IN_USER : THREAD_IN_SYSCALL;
}

void thread_state_read(const char *proc, int pid, int tid, struct thread_state *s)
{
	_cleanup_free_ char *path = text_format("%s/%d/task/%d/syscall", proc, pid, tid);
	char line[256];

	*s = (struct thread_state){0};
	if (io_read_line_at(AT_FDCWD, path, line, sizeof(line)) >= 0)
		thread_state_parse(line, s);
}
