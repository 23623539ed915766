/*
 * container_gate.h - the gate of one container: its folder, and who is let in; private to
 * container.c.
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_CONTAINER_GATE_H
#define OOMLAB_LAUNCH_CONTAINER_CONTAINER_GATE_H

#include "launch/container/container.h"

/* In the container's folder: its id, written by the engine when it has made it, and what it sees.
 */
#define CONTAINER_ID_FILE   "id"
#define CONTAINER_SHOWN_DIR "shown"

enum { CONTAINER_ID_SIZE = 128 };

/* False while the engine has not made it. */
bool container_read_id(const struct container *container, char id[CONTAINER_ID_SIZE]);

/* Sets dir and listener. On the host this user alone may enter the folder. 0 or -1. */
int container_make_dir(struct container *container, struct err *err);

/*
 * Looks at who waits at the gate. 0: the container, `target` as gate_accept() leaves it and `cg`
 * its cgroup, opened; 1: nobody, or somebody else, who was turned away; -1.
 */
int container_admit(struct container *container, struct target *target, struct cg *cg,
		    struct err *err);

/* Adds why the last one was turned away, in case it was the container itself. Returns -1. */
int container_hint_at_gate(const struct container *container, struct err *err);

/*
 * Payloads of crun stand in a child of the cgroup that has the limit: the engine's is the one to
 * look at. Only the container's own is gone up to: one above, of the user's choice, may hold
 * others.
 */
void container_skip_payload(const struct container *container, struct cg *cg);

#endif
