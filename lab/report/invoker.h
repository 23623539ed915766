/*
 * invoker.h - the thread that invoked the OOM killer at the run's kill, by its call chain; pure.
 */
#ifndef OOMLAB_REPORT_INVOKER_H
#define OOMLAB_REPORT_INVOKER_H

#include "report/facts.h"

/* NULL: the touch profile did not see the kill, or pids of the record are not the kernel log's. */
const struct record_invoker *invoker_of(const struct facts *facts);

/*
 * Where the program called the function that the invoker was in: "spill at a/t.c:10". NULL: it was in
 * the program's own code, or no function of that is known. The caller frees.
 */
char *invoker_caller(const struct facts *facts, const struct record_invoker *invoker);

/*
 * A sentence about an invoker that was writing to a file, or in what writes for it: "When the limit was hit, dd (pid 7) was in
 * __write, called from copy at dd.c:10." NULL: it did not, or it is not known by which line. The
 * caller frees.
 */
char *invoker_writing(const struct facts *facts, const struct record_invoker *invoker);

#endif
