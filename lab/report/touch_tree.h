/*
 * touch_tree.h - the touches as a tree of calls, from the outermost function of the program's own
 * to the innermost; pure. What is inlined is a node of its own, "NAME (inlined)".
 *
 * Functions that call themselves are one node. Bounded: TREE_DEPTH_MAX levels, TREE_NODES_MAX
 * nodes; what lies beyond counts to the last that has room. Names are raw (hostile).
 */
#ifndef OOMLAB_REPORT_TOUCH_TREE_H
#define OOMLAB_REPORT_TOUCH_TREE_H

#include "report/touches.h"

enum { TREE_DEPTH_MAX = 64, TREE_NODES_MAX = 20000 };

struct touch_node {
	char *name;
	int64_t bytes;	    /* of it and all below */
	size_t child, next; /* numbers of nodes, the largest first; 0: none */
};

/* Node 0 is above all; without touches it has no child. Zero-initialise. */
struct touch_tree {
	struct touch_node *nodes;
	size_t count;
	int64_t samples;
};

void touch_tree_grow(const struct record *record, struct touch_tree *tree);
void touch_tree_release(struct touch_tree *tree);

#endif
