/*
 * gate.h - how a program inside a container is held until the lab outside is ready: this same
 * static oomlab is bound into the container as its entry point, connects to a socket, waits, and
 * becomes the command. The image needs nothing for it, not even a shell.
 *
 * Launcher                                  container
 *  1. gate_listen() on GATE_SOCKET
 *  2. the engine starts the container       gate_main(): connects
 *  3. gate_accept(): its pid, as the lab
 *     sees it; descriptors and command over takes them: exec pipe, scenario socket, trace ring
 *  4. target_release() writes one byte      exec, or errno into the pipe (target.h)
 */
#ifndef OOMLAB_LAUNCH_GATE_H
#define OOMLAB_LAUNCH_GATE_H

#include "base/err.h"
#include "launch/target.h"

/* Inside the container. */
#define GATE_DIR     "/.oomlab-gate"
#define GATE_SOCKET  "gate"
#define GATE_PROGRAM "/.oomlab"

/* A listening socket at dir/GATE_SOCKET that anybody may connect to. The descriptor, or -1. */
int gate_listen(const char *dir, struct err *err);

/* What the container becomes; 128 KiB of words and 16384 of them at most. */
struct gate_command {
	const char *path; /* as seen inside; without a slash it is looked for in $PATH */
	char *const *argv;
};

/*
 * Takes the connection that waits at `listener` and fills `target` as target_start() would; it is
 * no child of this process (is_foreign). fds: what it inherits, as in struct target_request; five
 * at most. 0 or -1.
 */
int gate_accept(int listener, const struct target_fd *fds, size_t fd_count,
		const struct gate_command *command, struct target *target, struct err *err);

/* `oomlab gate`, in the container: waits, then becomes the command. */
int gate_main(int argc, char **argv);

#endif
