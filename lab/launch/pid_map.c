#include "launch/pid_map.h"

#include <stdlib.h>

#include "base/io.h"
#include "base/strbuf.h"
#include "launch/process.h"

void pid_map_add(struct pid_map *map, pid_t here, pid_t inside)
{
	if (map->count == PID_MAP_MAX)
		return;
	map->items = xrealloc(map->items, map->count + 1, sizeof(*map->items));
	map->items[map->count++] = (struct pid_pair){here, inside};
}

static bool has_own_pids(const struct pid_map *map)
{
	return map->count && map->items[0].here != map->items[0].inside;
}

static bool is_noted(const struct pid_map *map, pid_t here)
{
	for (size_t i = map->count; i-- > 0;)
		if (map->items[i].here == here)
			return true;
	return false;
}

void pid_map_look(struct pid_map *map, int cgroup_dirfd, const char *proc)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	if (!has_own_pids(map) || io_read_at(cgroup_dirfd, "cgroup.procs", 1 << 20, &text))
		return;
	for (char *at = text.buf, *end; *at; at = end) {
		pid_t here = (pid_t)strtol(at, &end, 10), inside;

		if (end == at)
			break;
		end += *end == '\n';
		if (here <= 0 || is_noted(map, here))
			continue;
		/*
		 * A process that has ended meanwhile yields its own pid, which is nothing to add.
		 */
		inside = process_pid_inside(proc, here);
		if (inside != here)
			pid_map_add(map, here, inside);
	}
}

pid_t pid_map_here(const struct pid_map *map, pid_t inside)
{
	if (!has_own_pids(map))
		return inside;
	for (size_t i = map->count; i-- > 0;)
		if (map->items[i].inside == inside)
			return map->items[i].here;
	return 0;
}

void pid_map_release(struct pid_map *map)
{
	free(map->items);
	*map = (struct pid_map){0};
}
