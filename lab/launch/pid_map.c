#include "launch/numbers.h"

#include <stdlib.h>

#include "base/io.h"
#include "base/strbuf.h"
#include "launch/process.h"

void numbers_add(struct numbers *numbers, pid_t here, pid_t inside)
{
	if (numbers->count == NUMBERS_MAX)
		return;
	numbers->items = xrealloc(numbers->items, numbers->count + 1, sizeof(*numbers->items));
	numbers->items[numbers->count++] = (struct number){here, inside};
}

static bool has_own_numbers(const struct numbers *numbers)
{
	return numbers->count && numbers->items[0].here != numbers->items[0].inside;
}

static bool is_noted(const struct numbers *numbers, pid_t here)
{
	for (size_t i = numbers->count; i-- > 0;)
		if (numbers->items[i].here == here)
			return true;
	return false;
}

void numbers_look(struct numbers *numbers, int cgroup_dirfd, const char *proc)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (!has_own_numbers(numbers) || io_read_at(cgroup_dirfd, "cgroup.procs", 1 << 20, &text))
		return;
	for (char *at = text.buf, *end; *at; at = end) {
		pid_t here = (pid_t)strtol(at, &end, 10), inside;

		if (end == at)
			break;
		end += *end == '\n';
		if (here <= 0 || is_noted(numbers, here))
			continue;
		/* Its own where it has gone meanwhile: nothing that is known inside. */
		inside = process_own_number(proc, here);
		if (inside != here)
			numbers_add(numbers, here, inside);
	}
}

pid_t numbers_here(const struct numbers *numbers, pid_t inside)
{
	if (!has_own_numbers(numbers))
		return inside;
	for (size_t i = numbers->count; i-- > 0;)
		if (numbers->items[i].inside == inside)
			return numbers->items[i].here;
	return 0;
}

void numbers_release(struct numbers *numbers)
{
	free(numbers->items);
	*numbers = (struct numbers){0};
}
