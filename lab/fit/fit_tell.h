/*
 * fit_tell.h - what a search of fit.h found, as a document and as JSON (schema oomlab.fit/1). Pure.
 */
#ifndef OOMLAB_FIT_FIT_TELL_H
#define OOMLAB_FIT_FIT_TELL_H

#include <jansson.h>

#include "doc/doc.h"
#include "fit/fit.h"

/* What the search itself does not know. Strings are borrowed and raw (hostile); NULL: not known. */
struct fit_context {
	const char *command;	    /* as it was typed */
	const char *place;	    /* "cgroup v2, Linux 6.12.1, virtual machine" */
	bool has_own_kernel;	    /* of each run: no file was in memory before it */
	const char *swap;	    /* as --swap was given; NULL: off */
	const char *failure;	    /* the first sentences of a report of a run at result.fails */
	const char *failure_folder; /* of that run */
	int head_room;		    /* percent that the lines to paste add */
};

void fit_tell(const struct fit *fit, const struct fit_context *context, struct doc *doc);

/* A new reference. */
json_t *fit_json(const struct fit *fit, const struct fit_context *context);

/* The limit that the lines to paste name: whole MiB, head room included. ABSENT: there is none. */
int64_t fit_advice(const struct fit *fit, int head_room);

#endif
