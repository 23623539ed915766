#include "capture/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

enum { FIRST_SIZE = 64 };

/* The slot of the pid, or the empty one for it. Pids are consecutive, so they need no hash. */
static struct relative *slot_of(const struct family *family, pid_t pid)
{
	size_t i = (size_t)pid & (family->size - 1);

	while (family->slots[i].pid && family->slots[i].pid != pid)
		i = (i + 1) & (family->size - 1);
	return &family->slots[i];
}

static void grow(struct family *family)
{
	struct family larger = {.size = family->size ? family->size * 2 : FIRST_SIZE,
				.count = family->count};

	larger.slots = xcalloc(larger.size, sizeof(*larger.slots));
	for (size_t i = 0; i < family->size; i++)
		if (family->slots[i].pid)
			*slot_of(&larger, family->slots[i].pid) = family->slots[i];
	free(family->slots);
	*family = larger;
}

struct relative *family_find(const struct family *family, pid_t pid)
{
	struct relative *found = family->size && pid > 0 ? slot_of(family, pid) : NULL;

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
	struct relative *slot;

	if (family->count * 2 >= family->size)
		grow(family);
	slot = slot_of(family, pid);
	family->count += !slot->pid;
	*slot = (struct relative){.pid = pid, .parent = parent, .from_ns = t_ns};
	inherit_comm(family, slot);
	return slot;
}

/* The process that has the pid at that time. Its fork may be in a ring that is read later. */
static struct relative *life_at(struct family *family, pid_t pid, int64_t t_ns)
{
	struct relative *slot = family_find(family, pid);

	return slot && (!slot->to_ns || slot->to_ns >= t_ns) ? slot
							     : begin_life(family, pid, 0, t_ns);
}

void family_forked(struct family *family, pid_t pid, pid_t parent, int64_t t_ns)
{
	struct relative *slot = family_find(family, pid);

	if (pid <= 0)
		return;
	if (!slot || slot->from_ns < t_ns) {
		begin_life(family, pid, parent, t_ns);
	} else if (!slot->parent) {
		slot->parent = parent;
		slot->from_ns = t_ns;
		inherit_comm(family, slot);
	}
}

void family_renamed(struct family *family, pid_t pid, const char *comm, int64_t t_ns)
{
	struct relative *slot = pid > 0 ? life_at(family, pid, t_ns) : NULL;

	if (slot)
		snprintf(slot->comm, sizeof(slot->comm), "%s", comm);
}

void family_ended(struct family *family, pid_t pid, int64_t t_ns)
{
	struct relative *slot = pid > 0 ? life_at(family, pid, t_ns) : NULL;

	if (slot)
		slot->to_ns = t_ns;
}

void family_release(struct family *family)
{
	free(family->slots);
	*family = (struct family){0};
}
