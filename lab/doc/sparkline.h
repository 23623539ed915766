/*
 * sparkline.h - memory over time in a line of text: a block a slice of time, as high as the highest
 * sample in it, so that no peak is lost. Pure.
 */
#ifndef OOMLAB_DOC_SPARKLINE_H
#define OOMLAB_DOC_SPARKLINE_H

#include "base/strbuf.h"
#include "doc/doc.h"

/* The chart's series, a row each: name, blocks, what the highest block stands for and how long it is. */
void sparkline_rows(const struct doc_block *chart, size_t cells, struct strbuf *out);

#endif
