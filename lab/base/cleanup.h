/*
 * cleanup.h - variables that release what they hold when they leave scope; and ARRAY_SIZE().
 *
 * Declare with the attribute and initialise at once:
 *
 *	_cleanup_free_ char *path = text_format("%s/%s", dir, name);
 *	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
 *
 * To hand the resource on, take it out first: return STEAL(path); return STEAL_FD(fd).
 * Nothing here allocates.
 */
#ifndef OOMLAB_BASE_CLEANUP_H
#define OOMLAB_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_freep(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_closep(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void cleanup_closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_(fn)	   __attribute__((cleanup(fn)))
#define _cleanup_free_	   _cleanup_(cleanup_freep)
#define _cleanup_close_	   _cleanup_(cleanup_closep)
#define _cleanup_fclose_   _cleanup_(cleanup_fclosep)
#define _cleanup_closedir_ _cleanup_(cleanup_closedirp)

/* Gives the pointer and leaves NULL behind; STEAL_FD() gives the descriptor and leaves -1. */
#define STEAL(p)                             \
	({                                   \
		__typeof__(p) stolen_ = (p); \
		(p) = NULL;                  \
		stolen_;                     \
	})
#define STEAL_FD(fd)                \
	({                          \
		int stolen_ = (fd); \
		(fd) = -1;          \
		stolen_;            \
	})

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
