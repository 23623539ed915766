/*
 * touch_tree.h - the touches as a tree of calls, from the outermost of the program's own functions
 * to the innermost; pure. An inlined function is a node of its own, "NAME (inlined)".
 *
 * A function that calls itself is one node. The tree has at most TREE_DEPTH_MAX levels and
 * TREE_NODES_MAX nodes; touches beyond count to the last node inside. Names are raw (hostile).
 */
#ifndef OOMLAB_REPORT_TOUCH_TREE_H
#define OOMLAB_REPORT_TOUCH_TREE_H

#include "report/touches.h"

enum { TREE_DEPTH_MAX = 64, TREE_NODES_MAX = 20000 };

struct touch_node {
	char *name;
	int64_t bytes;	    /* of it and all nodes below */
	size_t child, next; /* indexes of its first child and its sibling, by bytes; 0: none */
};

/* Node 0 is the root, without a name; without touches it has no child. */
struct touch_tree {
	struct touch_node *nodes;
	size_t count;
	int64_t samples;
	void *children; /* the nodes by parent and name (tsearch(3)) */
};

/*
 * Fills `tree`, whatever it held before, with the touches of the processes that `takes` is true
 * for; touch_tree_release() frees.
 */
void touch_tree_grow(const struct record *record, touches_take *takes, const void *ctx,
		     struct touch_tree *tree);
void touch_tree_release(struct touch_tree *tree);

#endif
