#include "capture/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

enum { FIRST_SIZE = 64 };

/* Where the pid is, or would be. Pids are given one after another: they spread by themselves. */
static struct relative *place_of(const struct family *family, pid_t pid)
{
	size_t i = (size_t)pid & (family->size - 1);

	while (family->places[i].pid && family->places[i].pid != pid)
		i = (i + 1) & (family->size - 1);
	return &family->places[i];
}

static void grow(struct family *family)
{
	struct family larger = {.size = family->size ? family->size * 2 : FIRST_SIZE,
				.count = family->count};

	larger.places = xcalloc(larger.size, sizeof(*larger.places));
	for (size_t i = 0; i < family->size; i++)
		if (family->places[i].pid)
			*place_of(&larger, family->places[i].pid) = family->places[i];
	free(family->places);
	*family = larger;
}

struct relative *family_find(const struct family *family, pid_t pid)
{
	struct relative *found = family->size && pid > 0 ? place_of(family, pid) : NULL;

	return found && found->pid ? found : NULL;
}

static void inherit_comm(const struct family *family, struct relative *child)
{
	const struct relative *parent = family_find(family, child->parent);

	if (parent && !child->comm[0])
		memcpy(child->comm, parent->comm, sizeof(child->comm));
}

static struct relative *begin_life(struct family *family, pid_t pid, pid_t parent, int64_t t_ns)
{
	struct relative *place;

	if (family->count * 2 >= family->size)
		grow(family);
	place = place_of(family, pid);
	family->count += !place->pid;
	*place = (struct relative){.pid = pid, .parent = parent, .from_ns = t_ns};
	inherit_comm(family, place);
	return place;
}

/* The life that goes on at that time; its fork may stand in a ring that is read later. */
static struct relative *life_at(struct family *family, pid_t pid, int64_t t_ns)
{
	struct relative *place = family_find(family, pid);

	return place && (!place->to_ns || place->to_ns >= t_ns) ? place
								: begin_life(family, pid, 0, t_ns);
}

void family_forked(struct family *family, pid_t pid, pid_t parent, int64_t t_ns)
{
	struct relative *place = family_find(family, pid);

	if (pid <= 0)
		return;
	if (!place || place->from_ns < t_ns) {
		begin_life(family, pid, parent, t_ns);
	} else if (!place->parent) {
		place->parent = parent;
		place->from_ns = t_ns;
		inherit_comm(family, place);
	}
}

void family_renamed(struct family *family, pid_t pid, const char *comm, int64_t t_ns)
{
	struct relative *place = pid > 0 ? life_at(family, pid, t_ns) : NULL;

	if (place)
		snprintf(place->comm, sizeof(place->comm), "%s", comm);
}

void family_ended(struct family *family, pid_t pid, int64_t t_ns)
{
	struct relative *place = pid > 0 ? life_at(family, pid, t_ns) : NULL;

	if (place)
		place->to_ns = t_ns;
}

void family_release(struct family *family)
{
	free(family->places);
	*family = (struct family){0};
}
