/*
 * container_gate.h - the gate of one container: its folder, and which connection is let in; private
 * to container.c.
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_CONTAINER_GATE_H
#define OOMLAB_LAUNCH_CONTAINER_CONTAINER_GATE_H

#include "launch/container/container.h"

/*
 * In the folder of the gate: a file with the container's id, which the engine writes when it has
 * made the container, and the folder that the container sees.
 */
#define CONTAINER_ID_FILE   "id"
#define CONTAINER_SHOWN_DIR "shown"

enum { CONTAINER_ID_SIZE = 128 };

/* Reads the id; false while the engine has not made the container. */
bool container_read_id(const struct container *container, char id[CONTAINER_ID_SIZE]);

/*
 * Makes the folder, which this user alone may enter, and the socket: sets dir and listener. 0 or
 * -1.
 */
int container_make_dir(struct container *container, struct err *err);

/*
 * Accepts one connection at the gate and checks that it is the container's. 0: it is; `target` is
 * as gate_accept() leaves it and `cg` is the container's cgroup. 1: there was none, or it was
 * turned away. -1: the gate failed.
 */
int container_admit(struct container *container, struct target *target, struct cg *cg,
		    struct err *err);

/* Adds to err why the last connection was turned away, if any was. Returns -1. */
int container_hint_at_gate(const struct container *container, struct err *err);

/*
 * crun puts processes into a child of the cgroup that has the limit. Where `cg` is such a child,
 * this drops its first level, so that `cg` is the cgroup with the limit. It goes up to the
 * container's own cgroup and no further, because one above may hold other processes.
 */
void container_skip_payload(const struct container *container, struct cg *cg);

#endif
