/*
 * gate.h - how a program inside a container is held until the lab outside is ready: this same
 * static oomlab is bound into the container as its entry point, connects to a socket, waits, and
 * becomes the command. The image needs nothing for it, not even a shell.
 *
 * Launcher                                  container
 *  1. gate_listen() on GATE_SOCKET
 *  2. the engine starts the container       gate_main(): connects
 *  3. gate_accept(): its pid, as the lab
 *     sees it. Is it of the container? else gate_turn_away(), and 3 again
 *  4. gate_hand_over(): descriptors and
 *     command over                          takes them: exec pipe, scenario socket, trace ring
 *  5. target_release() writes one byte      exec, or errno into the pipe (target.h)
 *
 * Any user of the container may connect, whatever number its engine gives it on this host: the
 * socket and the folder shown inside are open to all. So they stand in a folder that on the host
 * nobody but the lab's user may enter, and who connects all the same is looked at before anything
 * is handed over. Nothing is read from a connection: one that is silent delays nobody.
 */
#ifndef OOMLAB_LAUNCH_CONTAINER_GATE_H
#define OOMLAB_LAUNCH_CONTAINER_GATE_H

#include "base/err.h"
#include "launch/target.h"

/* Inside the container. */
#define GATE_DIR     "/.oomlab-gate"
#define GATE_SOCKET  "gate"
#define GATE_PROGRAM "/.oomlab"

/*
 * A listening socket at dir/GATE_SOCKET that anybody may connect to who may enter `dir`. The
 * descriptor, which does not block, or -1.
 */
int gate_listen(const char *dir, struct err *err);

/* What the container becomes; 128 KiB of words and 16384 of them at most. */
struct gate_command {
	const char *path; /* as seen inside; without a slash it is looked for in $PATH */
	char *const *argv;
};

/*
 * Takes a connection that waits at `listener`: sets pid, pidfd and gate_fd of `target`, which is no
 * child of this process (is_foreign). 0; 1 when none waits, or its process has gone; -1.
 */
int gate_accept(int listener, struct target *target, struct err *err);

/* Closes the connection; `target` is as before. */
void gate_turn_away(struct target *target);

/*
 * Fills the rest of `target` as target_start() would and sends what the container needs. fds: what
 * it inherits, as in struct target_request; five at most. 0 or -1.
 */
int gate_hand_over(const struct target_fd *fds, size_t fd_count, const struct gate_command *command,
		   struct target *target, struct err *err);

/* `oomlab gate`, in the container: waits, then becomes the command. */
int gate_main(int argc, char **argv);

#endif
