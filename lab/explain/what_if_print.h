/*
 * what_if_print.h - what was recomputed, as a part of an event's document and of its JSON; pure.
 */
#ifndef OOMLAB_EXPLAIN_WHAT_IF_PRINT_H
#define OOMLAB_EXPLAIN_WHAT_IF_PRINT_H

#include <jansson.h>

#include "doc/doc.h"
#include "explain/what_if.h"

/* Adds a heading with the changes, the sentences, and a table of the highest scores. */
void what_if_doc(struct doc *doc, const struct what_if *w, const struct what_if_changes *changes);

/*
 * A new object, which the caller owns: "changes", "judged", "sentences"; if judged also "certain",
 * "doubts" and, where there are such, "actual", "chosen", "runner_up", "rival", "margin_bytes";
 * "total_bytes" if it is exact.
 */
json_t *what_if_json(const struct what_if *w, const struct what_if_changes *changes);

#endif
