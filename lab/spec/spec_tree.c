#include "spec/spec_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { LIST_MAX = 64, COMM_MAX = 15 };

static bool read_range(const json_t *v, struct range *range)
{
	const json_t *min = json_object_get(v, "min"), *max = json_object_get(v, "max");

	if (!json_is_integer(min) || json_integer_value(min) < 0 ||
	    (max && (!json_is_integer(max) || json_integer_value(max) < json_integer_value(min))))
		return false;
	range->is_set = true;
	range->min = (uint64_t)json_integer_value(min);
	range->max = max ? (uint64_t)json_integer_value(max) : UINT64_MAX;
	return true;
}

static bool is_list(const json_t *array)
{
	return json_is_array(array) && json_array_size(array) > 0 &&
	       json_array_size(array) <= LIST_MAX;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static bool is_comm(const char *name)
{
	return name && *name && strlen(name) <= COMM_MAX;
}

/* "a/b": parts of small letters, digits and '-'. */
static bool is_node_name(const char *name)
{
	if (!name || strlen(name) > 255)
		return false;
	for (;;) {
		size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

		if (!len)
			return false;
		if (!name[len])
			return true;
		if (name[len] != '/')
			return false;
		name += len + 1;
	}
}

static bool is_counter(const char *name)
{
	static const char *const names[] = {"low", "high",     "max",
					    "oom", "oom_kill", "oom_group_kill"};

	return name && text_index(names, ARRAY_SIZE(names), name) >= 0;
}

bool spec_tree_read_victims(const json_t *array, struct expect *expect)
{
	struct expect_victim *list;
	const json_t *item;
	size_t i;

	if (!array)
		return true;
	if (!is_list(array))
		return false;
	json_array_foreach (array, i, item) {
		struct range range;

		if (!is_comm(text_of(item, "comm")) ||
		    !read_range(json_object_get(item, "count"), &range))
			return false;
	}
	list = xcalloc(json_array_size(array) + 1, sizeof(*list));
	json_array_foreach (array, i, item) {
		list[i].comm = xstrdup(text_of(item, "comm"));
		read_range(json_object_get(item, "count"), &list[i].count);
	}
	expect->victims = list;
	return true;
}

bool spec_tree_read_node_counters(const json_t *array, struct expect *expect)
{
	struct expect_node *list;
	const json_t *item;
	size_t i;

	if (!array)
		return true;
	if (!is_list(array))
		return false;
	json_array_foreach (array, i, item) {
		struct range range;

		if (!is_node_name(text_of(item, "node")) || !is_counter(text_of(item, "counter")) ||
		    !read_range(json_object_get(item, "count"), &range))
			return false;
	}
	list = xcalloc(json_array_size(array) + 1, sizeof(*list));
	json_array_foreach (array, i, item) {
		list[i].node = xstrdup(text_of(item, "node"));
		list[i].counter = xstrdup(text_of(item, "counter"));
		read_range(json_object_get(item, "count"), &list[i].count);
	}
	expect->nodes = list;
	return true;
}

static bool is_amount(const json_t *v)
{
	return !v || (json_is_integer(v) && json_integer_value(v) >= 0) ||
	       (json_is_string(v) && !strcmp(json_string_value(v), "max"));
}

/* A limit of 0 lets nothing start in there, not even the process that is to be seen. */
static bool is_node(const json_t *node)
{
	static const char *const amounts[] = {"memory_max", "memory_high", "memory_swap_max",
					      "memory_min", "memory_low"};
	const json_t *max = json_object_get(node, "memory_max");
	const json_t *mems = json_object_get(node, "cpuset_mems");

	for (size_t i = 0; i < ARRAY_SIZE(amounts); i++)
		if (!is_amount(json_object_get(node, amounts[i])))
			return false;
	return is_node_name(text_of(node, "name")) &&
	       (!json_is_integer(max) || json_integer_value(max) > 0) &&
	       (!mems || json_is_string(mems));
}

bool spec_tree_check_nodes(const json_t *array)
{
	const json_t *node;
	size_t i;

	if (!array)
		return true;
	if (!is_list(array) || json_array_size(array) > SCENARIO_NODES_MAX)
		return false;
	json_array_foreach (array, i, node)
		if (!is_node(node))
			return false;
	return true;
}

bool spec_tree_is_leaf(const json_t *nodes, const char *name)
{
	const size_t len = strlen(name);
	bool is_there = false;
	const json_t *node;
	size_t i;

	json_array_foreach (nodes, i, node) {
		const char *other = text_of(node, "name");

		if (!strncmp(other, name, len) && other[len] == '/')
			return false;
		is_there |= !strcmp(other, name);
	}
	return is_there;
}

static void put_range(json_t *object, const struct range *range)
{
	json_t *o = json_object();

	json_object_set_new(o, "min", json_integer((json_int_t)range->min));
	if (range->max != UINT64_MAX)
		json_object_set_new(o, "max", json_integer((json_int_t)range->max));
	json_object_set_new(object, "count", o);
}

json_t *spec_tree_victims_json(const struct expect *expect)
{
	json_t *array = json_array();

	for (const struct expect_victim *v = expect->victims; v && v->comm; v++) {
		json_t *o = json_object();

		json_object_set_new(o, "comm", json_string(v->comm));
		put_range(o, &v->count);
		json_array_append_new(array, o);
	}
	return array;
}

json_t *spec_tree_node_counters_json(const struct expect *expect)
{
	json_t *array = json_array();

	for (const struct expect_node *n = expect->nodes; n && n->node; n++) {
		json_t *o = json_object();

		json_object_set_new(o, "node", json_string(n->node));
		json_object_set_new(o, "counter", json_string(n->counter));
		put_range(o, &n->count);
		json_array_append_new(array, o);
	}
	return array;
}
