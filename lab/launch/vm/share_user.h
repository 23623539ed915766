/*
 * share_user.h - gives virtiofsd the namespaces that it needs; for an ordinary user a user
 * namespace of its own (user_namespaces(7)).
 *
 * In that namespace the user is root and has no other id: virtiofsd may make its sandbox, reads
 * what the user may read, and shows the files of everybody else as nobody's. What such a root may
 * not do, share_open.h does. No subordinate ids and no helper program (newuidmap) are needed.
 */
#ifndef OOMLAB_LAUNCH_VM_SHARE_USER_H
#define OOMLAB_LAUNCH_VM_SHARE_USER_H

#include <stdbool.h>

#include "base/err.h"

/*
 * Enters a mount namespace, and a user namespace first where this process may not make one. In a
 * user namespace without every id, its own or an outer one, it calls share_open_serve(). Call it
 * between fork() and exec; it makes only calls that are safe there. Returns NULL, or what could not
 * be done, a literal, with errno.
 */
const char *share_user_enter(bool *is_in_user_namespace);

/*
 * Appends to err the cure for what forbids user namespaces here, as far as that is known. Returns
 * -1.
 */
int share_user_hint(struct err *err);

#endif
