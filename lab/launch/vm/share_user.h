/*
 * share_user.h - what virtiofsd needs to run for an ordinary user: a user namespace of its own.
 *
 * In it the user is root and has no other id: virtiofsd may make its sandbox, reads what the user
 * may read, and shows the files of everybody else as nobody's. share_open.h has what such a root
 * may not do. So no subordinate ids and no helper program (newuidmap) are needed.
 */
#ifndef OOMLAB_LAUNCH_VM_SHARE_USER_H
#define OOMLAB_LAUNCH_VM_SHARE_USER_H

#include <stdbool.h>

#include "base/err.h"

/*
 * Between fork() and exec, only calls that are safe there: enters a mount namespace, and where this
 * process may not make one, a user namespace first. Where that or an outer one does not hold every
 * id, what virtiofsd may not do there is done for it. Returns NULL, or what could not be done, a
 * literal, with errno.
 */
const char *share_user_enter(bool *is_in_user_namespace);

/* Appends to err what forbids user namespaces here, as far as that can be found out, and the cure.
 */
int share_user_hint(struct err *err);

#endif
