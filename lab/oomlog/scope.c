#include "oomlog/scope.h"

const char *const scope_names[SCOPE_COUNT] = {
	[SCOPE_NONE] = "none",		 [SCOPE_OWN] = "own",	      [SCOPE_ANCESTOR] = "ancestor",
	[SCOPE_MEMCG] = "memcg",	 [SCOPE_GLOBAL] = "global",   [SCOPE_CPUSET] = "cpuset",
	[SCOPE_MEMPOLICY] = "mempolicy", [SCOPE_UNKNOWN] = "unknown", [SCOPE_OTHER] = "other",
};
