/*
 * fuzz_record.c - any bytes as a record: record_load_memory(), the verdict and the report.
 *
 * Checked besides memory safety: a refusal has a reason, and what was read has a verdict.
 */
#include <stdio.h>

#include "fuzz.h"
#include "record/record.h"
#include "record/verdict.h"
#include "report/report.h"

static void tell(FILE *sink, const struct record *record)
{
	struct conclusion conclusion;

	conclusion_draw(record, &conclusion);
	require(conclusion.verdict <= VERDICT_SKIP && conclusion.scope <= SCOPE_OTHER);
	require(conclusion_exit_status(record, &conclusion) >= 0);
	report_print_terminal(sink, record, &conclusion,
			      &(struct report_style){.colour = true, .columns = 80});
	conclusion_release(&conclusion);
	rewind(sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	struct record record;
	struct err err = ERR_INIT;

	if (!null)
		null = fopen("/dev/null", "w");
	if (record_load_memory((const char *)data, size, &record, &err) < 0) {
		require(err.status && err.text[0]);
		return 0;
	}
	tell(null, &record);
	record_release(&record);
	return 0;
}
