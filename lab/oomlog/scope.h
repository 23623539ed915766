/*
 * scope.h - whose memory ran out, as an enum with one table of its words.
 */
#ifndef OOMLAB_OOMLOG_SCOPE_H
#define OOMLAB_OOMLOG_SCOPE_H

enum scope {
	SCOPE_NONE,	/* an event: it does not say; a run: nobody was killed */
	SCOPE_OWN,	/* the limit of the victim's cgroup; a run: of the run's or of one below */
	SCOPE_ANCESTOR, /* of one above it */
	SCOPE_MEMCG,	/* of a cgroup of which no more is known; an event alone */
	SCOPE_GLOBAL,
	SCOPE_CPUSET,
	SCOPE_MEMPOLICY,
	SCOPE_UNKNOWN, /* a run alone, as is the next */
	SCOPE_OTHER,   /* the limit of a cgroup that is neither the run's nor above or below it */
	SCOPE_COUNT
};
extern const char *const scope_names[SCOPE_COUNT];

#endif
