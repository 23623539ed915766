/* The touches as a tree of calls, as perf-report(1) shows one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/shares.h"
#include "report/short_name.h"
#include "report/story.h"
#include "report/story_coverage.h"
#include "report/touch_tree.h"
#include "report/touches.h"

enum { ROWS_MAX = 16, INDENT_MAX = 12, CHAIN_MAX = 4 };

struct drawing {
	struct doc *doc;
	const struct touch_tree *tree;
	size_t rows;
};

/* A share below a hundredth is left to the flat table. */
static bool is_shown(const struct touch_tree *tree, size_t node)
{
	return node && tree->nodes[node].bytes > tree->nodes[0].bytes / 100;
}

static size_t shown_children(const struct touch_tree *tree, size_t node)
{
	size_t count = 0;

	for (size_t at = tree->nodes[node].child; at; at = tree->nodes[at].next)
		count += is_shown(tree, at);
	return count;
}

static void append_name(const struct touch_tree *tree, size_t node, const char *before,
			struct strbuf *text)
{
	_cleanup_free_ char *name = short_name(tree->nodes[node].name);

	strbuf_printf(text, "%s%s", before, name);
}

/* A chain of nodes with one shown child each shares a row. Returns the last node of it. */
static size_t append_chain(const struct touch_tree *tree, size_t node, struct strbuf *text)
{
	size_t length = 1, last = node;

	append_name(tree, node, "", text);
	while (shown_children(tree, last) == 1 &&
	       tree->nodes[tree->nodes[last].child].bytes >= tree->nodes[last].bytes / 100 * 99) {
		last = tree->nodes[last].child;
		length++;
		if (length <= CHAIN_MAX)
			append_name(tree, last, " > ", text);
	}
	if (length > CHAIN_MAX + 1)
		strbuf_printf(text, " > (%zu more)", length - CHAIN_MAX - 1);
	if (length > CHAIN_MAX)
		append_name(tree, last, " > ", text);
	return last;
}

static void draw(struct drawing *d, size_t node, size_t depth)
{
	const int64_t bytes = d->tree->nodes[node].bytes, all = d->tree->nodes[0].bytes;
	_cleanup_free_ char *size = story_in_unit(all, bytes);
	_cleanup_free_ char *share = text_format("%.1f", 100.0 * (double)bytes / (double)all);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	size_t last;

	/* Some formats would drop blanks. */
	for (size_t i = 0; i < depth && i < INDENT_MAX; i++)
		strbuf_puts(&text, "· ");
	last = append_chain(d->tree, node, &text);
	doc_row(d->doc, size, share, text.buf);
	d->rows++;
	for (size_t at = d->tree->nodes[last].child; at; at = d->tree->nodes[at].next)
		if (is_shown(d->tree, at) && d->rows < ROWS_MAX)
			draw(d, at, depth + 1);
}

void story_tree(const struct facts *f, struct doc *doc)
{
	struct touch_tree tree;
	struct drawing d = {.doc = doc, .tree = &tree};
	struct shares shares;

	shares_gather(f, &shares);
	touch_tree_grow(f->record, shares_has, &shares, &tree);
	if (shown_children(&tree, 0) && coverage_has_tables(f, &shares.there)) {
		doc_heading(doc, "By call");
		doc_table(doc);
		doc_row(doc, story_unit(tree.nodes[0].bytes), "%", "who called whom");
		for (size_t at = tree.nodes[0].child; at; at = tree.nodes[at].next)
			if (is_shown(&tree, at) && d.rows < ROWS_MAX)
				draw(&d, at, 0);
		cite_profile(doc);
	}
	touch_tree_release(&tree);
	shares_release(&shares);
}
