#include "report/touch_tree.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

static size_t new_node(struct touch_tree *tree, char *name)
{
	if (!(tree->count & (tree->count - 1)))
		tree->nodes = xrealloc(tree->nodes, tree->count ? tree->count * 2 : 1,
				       sizeof(*tree->nodes));
	tree->nodes[tree->count] = (struct touch_node){.name = name};
	return tree->count++;
}

/* A node by its parent and its name, which the node owns. */
struct child {
	size_t parent, at;
	const char *name;
};

static int compare_children(const void *a, const void *b)
{
	const struct child *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return strcmp(x->name, y->name);
}

static size_t add_child(struct touch_tree *tree, size_t parent, char *name)
{
	struct child *child = xcalloc(1, sizeof(*child));
	size_t at = new_node(tree, name);

	*child = (struct child){parent, at, name};
	if (!tsearch(child, &tree->children, compare_children))
		BUG("no memory for a node");
	tree->nodes[at].next = tree->nodes[parent].child;
	tree->nodes[parent].child = at;
	return at;
}

/*
 * The child of that name, made if needed; the parent itself for a function that calls itself, or if
 * there are too many nodes. Takes ownership of name.
 */
static size_t child_named(struct touch_tree *tree, size_t parent, char *name)
{
	const struct child wanted = {.parent = parent, .name = name}, **found;
	size_t at = parent;

	if (!parent || strcmp(tree->nodes[parent].name, name) != 0) {
		found = tfind(&wanted, &tree->children, compare_children);
		if (found)
			at = (*found)->at;
		else if (tree->count < TREE_NODES_MAX)
			return add_child(tree, parent, name);
	}
	free(name);
	return at;
}

/* The frame before `end`, and its length; NULL at the beginning of the stack. */
static const char *frame_before(const char *stack, const char *end, size_t *len)
{
	while (end > stack && end[-1] == ' ')
		end--;
	*len = 0;
	while (end > stack && end[-1] != ' ') {
		end--;
		++*len;
	}
	return *len ? end : NULL;
}

/* The frame is not the program's own: it starts a program or a thread. */
static bool is_start(const struct touch_frames *frames, const char *at, size_t len)
{
	_cleanup_free_ char *name = touch_frame_name(frames, at, len);

	return !touch_frame_is_own(frames, at, len) || !strcmp(name, "_start");
}

static char *name_of(const struct touch_frames *frames, const char *at, size_t len, size_t level,
		     size_t levels)
{
	char *name = touch_level_name(frames, at, len, level);
	char *marked;

	if (level + 1 == levels)
		return name;
	marked = text_format("%s (inlined)", name);
	free(name);
	return marked;
}

/* Adds a frame, its outermost function first; returns the node of the innermost. */
static size_t add_frame(const struct touch_frames *frames, const char *at, size_t len,
			int64_t bytes, struct touch_tree *tree, size_t node, int *depth)
{
	const size_t levels = touch_levels(frames, at, len);

	for (size_t level = levels; level-- > 0 && *depth < TREE_DEPTH_MAX; ++*depth) {
		size_t child = child_named(tree, node, name_of(frames, at, len, level, levels));

		if (child != node)
			tree->nodes[child].bytes += bytes;
		node = child;
	}
	return node;
}

static void add_stack(const struct touch_frames *frames, const char *stack, int64_t bytes,
		      struct touch_tree *tree)
{
	const char *at = stack + strlen(stack);
	size_t node = 0, len;
	int depth = 0;

	tree->nodes[0].bytes += bytes;
	while (depth < TREE_DEPTH_MAX && (at = frame_before(stack, at, &len)))
		if (depth || at == stack || !is_start(frames, at, len))
			node = add_frame(frames, at, len, bytes, tree, node, &depth);
}

static int largest_first(const void *a, const void *b, void *nodes)
{
	int64_t x = ((const struct touch_node *)nodes)[*(const size_t *)a].bytes;
	int64_t y = ((const struct touch_node *)nodes)[*(const size_t *)b].bytes;

	return (y > x) - (y < x);
}

static void sort_children(struct touch_tree *tree, size_t parent)
{
	size_t count = 0, *children;

	for (size_t at = tree->nodes[parent].child; at; at = tree->nodes[at].next)
		count++;
	if (count < 2)
		return;
	children = xcalloc(count, sizeof(*children));
	count = 0;
	for (size_t at = tree->nodes[parent].child; at; at = tree->nodes[at].next)
		children[count++] = at;
	qsort_r(children, count, sizeof(*children), largest_first, tree->nodes);
	tree->nodes[parent].child = children[0];
	for (size_t i = 0; i < count; i++)
		tree->nodes[children[i]].next = i + 1 < count ? children[i + 1] : 0;
	free(children);
}

void touch_tree_grow(const struct record *record, touches_take *takes, const void *ctx,
		     struct touch_tree *tree)
{
	struct touch_frames frames;

	*tree = (struct touch_tree){0};
	new_node(tree, NULL);
	touch_frames_init(&frames, record);
	for (size_t i = 0; i < record->touch_count; i++) {
		const struct record_touch *touch = &record->touches[i];
		int64_t bytes = touch_bytes(&frames, i);

		if (bytes <= 0 || !touch->stack || !*touch->stack || !takes(touch->pid, ctx))
			continue;
		add_stack(&frames, touch->stack, bytes, tree);
		tree->samples += or_zero(touch->samples);
	}
	for (size_t i = 0; i < tree->count; i++)
		sort_children(tree, i);
	touch_frames_release(&frames);
}

void touch_tree_release(struct touch_tree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		free(tree->nodes[i].name);
	free(tree->nodes);
	tdestroy(tree->children, free);
	*tree = (struct touch_tree){0};
}
