/*
 * gate.h - holds the program in a container until the launcher outside is ready. This same static
 * oomlab is bound into the container as its entry point; it connects to a socket, waits, and execs
 * the command. The image needs nothing for it, not even a shell.
 *
 * Launcher                                  container
 *  1. gate_listen() on GATE_SOCKET
 *  2. the engine starts the container       gate_main(): connects
 *  3. gate_accept(): its pid on the host.
 *     Is it in the container? If not, gate_turn_away(), and 3 again
 *  4. gate_hand_over(): sends descriptors
 *     and command                           takes them: exec pipe, scenario socket, trace ring
 *  5. target_release() writes one byte      exec, or errno into the pipe (target.h)
 *
 * Any user in the container may connect, whatever uid the engine gives him on this host, so the
 * socket and the folder with it are open to all. Therefore they are below a folder that on the host
 * only the launcher's user may enter, and each connection is checked before anything is handed
 * over. Nothing is read from a connection, so a silent one delays nobody.
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
 * Makes a listening socket dir/GATE_SOCKET, open to all who may enter `dir`. Returns its
 * descriptor, which is non-blocking, or -1.
 */
int gate_listen(const char *dir, struct err *err);

/* What the gate execs: argv has 16383 words at most, and all words together 128 KiB. */
struct gate_command {
	const char *path; /* as seen inside; without a slash it is looked for in $PATH */
	char *const *argv;
};

/*
 * Accepts a connection at `listener`: sets pid, pidfd, gate_fd and is_foreign of `target`. 0; 1
 * when none waits, or its process is gone; -1.
 */
int gate_accept(int listener, struct target *target, struct err *err);

/* Closes the connection and makes *target TARGET_INIT again. */
void gate_turn_away(struct target *target);

/*
 * Fills the rest of `target` as target_start() would, and sends descriptors and command. fds: what
 * the command inherits, as in struct target_request; six at most. 0 or -1.
 */
int gate_hand_over(const struct target_fd *fds, size_t fd_count, const struct gate_command *command,
		   struct target *target, struct err *err);

/*
 * `oomlab gate`, in the container: waits, then execs the command. Returns an exit status if it
 * cannot.
 */
int gate_main(int argc, char **argv);

#endif
