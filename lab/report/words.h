/*
 * words.h - words for values of a record: remarks, twin, marks, losses; pure.
 *
 * For report.json and for people alike.
 */
#ifndef OOMLAB_REPORT_WORDS_H
#define OOMLAB_REPORT_WORDS_H

#include "record/record.h"

/* A remark on the quality of a run: a sentence without its full stop. */
struct remark {
	char *text;
	unsigned int line; /* of the record */
	bool is_twin;	   /* of the twin's outcome */
};

/* Zero-initialise. */
struct remarks {
	struct remark *items;
	size_t count;
};

/* The notes of the record and what else is a remark, by line. words_release() frees. */
void words_gather(const struct record *record, struct remarks *remarks);
void words_release(struct remarks *remarks);

/* "survived, peak 64.5 MiB". The caller frees. */
char *words_twin(const struct record_twin *twin);

/* "oom_kill 1", "pre-mortem". The caller frees. */
char *words_mark(const struct record_mark *mark);

/* "3 records of the kernel log", "1 record of the kernel log". The caller frees. */
char *words_loss(enum loss loss, int64_t count);

#endif
