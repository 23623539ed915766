/*
 * spec_tree.h - the parts of a declaration that are lists: cgroups below the run's own, and what is
 * expected of victims by name and of those cgroups.
 *
 * Internal to lab/spec. Each reads a JSON array, which may be NULL: then there is no list. False:
 * the array is no such list, and nothing is to be released.
 */
#ifndef OOMLAB_SPEC_SPEC_TREE_H
#define OOMLAB_SPEC_SPEC_TREE_H

#include <jansson.h>

#include "spec/spec.h"

bool spec_tree_read_victims(const json_t *array, struct expect *expect);
bool spec_tree_read_node_counters(const json_t *array, struct expect *expect);

/* The nodes stay JSON: what they are is the program's to make. Names and amounts are checked. */
bool spec_tree_check_nodes(const json_t *array);

/* Whether `name` is one of the nodes, and none is below it. */
bool spec_tree_is_leaf(const json_t *nodes, const char *name);

/* New references. */
json_t *spec_tree_victims_json(const struct expect *expect);
json_t *spec_tree_node_counters_json(const struct expect *expect);

#endif
