/*
 * stack.h - the text of stacks in a record: the one place that knows how it is written; pure.
 *
 *	stack := frame (" " frame)*		the innermost first
 *	frame := [module] "+" address
 *	module := decimal digits		the id of a record_module; none: in no file
 *	address := 1 to 16 hexadecimal digits	by the ELF headers of the module; lower case
 *
 * A record may be damaged or made up: a word that is no frame by this grammar has no module and no
 * address.
 */
#ifndef OOMLAB_RECORD_STACK_H
#define OOMLAB_RECORD_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

#define STACK_NO_MODULE INT64_C(-1)

struct stack_frame {
	const char *at; /* its text, len bytes, not terminated */
	size_t len;
	int64_t module; /* or STACK_NO_MODULE */
	uint64_t address;
	bool is_known; /* a frame by the grammar; else the two above are STACK_NO_MODULE and 0 */
};

/* Appends a frame to a stack. module < 0: in no file. */
void stack_put(struct strbuf *stack, int64_t module, uint64_t address);

/* Reads one frame of `len` bytes, which it borrows. */
struct stack_frame stack_frame(const char *at, size_t len);

/*
 * Takes the next frame off the stack's text, which must live on; false at its end:
 *
 *	for (const char *rest = stack; stack_next(&rest, &frame);)
 */
bool stack_next(const char **rest, struct stack_frame *frame);

#endif
