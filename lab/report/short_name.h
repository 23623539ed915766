/*
 * short_name.h - names of functions, cut to what fits a line of text; pure.
 *
 * Only for sentences and tables: report.json and touches.folded have names whole.
 */
#ifndef OOMLAB_REPORT_SHORT_NAME_H
#define OOMLAB_REPORT_SHORT_NAME_H

/*
 * A name of more than 60 bytes without what stands in its template brackets and in the parentheses
 * of its parameters, "std::vector<…>::push_back(…)"; where that is still more, without the scopes in
 * front, "…::push_back(…)". What remains is as long as it is: the function's own name is whole.
 * Others are as they were. The caller frees.
 */
char *short_name(const char *function);

#endif
