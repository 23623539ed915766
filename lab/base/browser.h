/*
 * browser.h - shows a page of this host in the user's browser.
 */
#ifndef OOMLAB_BASE_BROWSER_H
#define OOMLAB_BASE_BROWSER_H

#include "base/err.h"

/*
 * Starts xdg-open(1), which knows the user's browser, or $BROWSER where there is none, and does not
 * wait for the user to close it. Returns 0, or -1 with err: there is neither, or it fails at once.
 */
int browser_open(const char *page, struct err *err) __attribute__((nonnull, warn_unused_result));

#endif
