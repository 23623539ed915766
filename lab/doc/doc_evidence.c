#include <string.h>

#include "doc/doc.h"

static bool has_evidence(const struct doc_block *block, const char *text)
{
	for (size_t i = 0; i < block->evidence_count; i++)
		if (!strcmp(block->evidence[i], text))
			return true;
	return false;
}

static bool rests_on_all(const struct doc_block *block, const struct doc_block *of)
{
	for (size_t i = 0; i < of->evidence_count; i++)
		if (!has_evidence(block, of->evidence[i]))
			return false;
	return true;
}

static bool is_told(const struct doc_block *block)
{
	return block->kind == DOC_SENTENCE || block->kind == DOC_TABLE;
}

void doc_merge_evidence(struct doc *doc)
{
	for (size_t i = 0; i + 1 < doc->count; i++) {
		struct doc_block *block = &doc->blocks[i];

		if (is_told(block) && is_told(block + 1) && rests_on_all(block + 1, block))
			block->evidence_count = 0;
	}
}
