/*
 * scope.h - whose memory ran out, as an enum with one table of its words.
 */
#ifndef OOMLAB_OOMLOG_SCOPE_H
#define OOMLAB_OOMLOG_SCOPE_H

enum scope {
	SCOPE_NONE,	 /* of an event: the log does not say; of a run: nobody was killed */
	SCOPE_OWN,	 /* limit of the victim's cgroup; of a run: of its cgroup or one below */
	SCOPE_ANCESTOR,	 /* limit of a cgroup above that */
	SCOPE_MEMCG,	 /* limit of a cgroup whose relation is not known; only of events */
	SCOPE_GLOBAL,	 /* the machine */
	SCOPE_CPUSET,	 /* memory nodes that a cpuset allows */
	SCOPE_MEMPOLICY, /* memory nodes that a memory policy allows */
	SCOPE_UNKNOWN,	 /* it is not known which of these; only of runs */
	SCOPE_OTHER,	 /* limit of an unrelated cgroup; only of runs */
	SCOPE_COUNT
};
extern const char *const scope_names[SCOPE_COUNT];

#endif
