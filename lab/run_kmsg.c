#include "run_kmsg.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"

int run_write_kmsg(const struct record *record, const char *dir, struct err *err)
{
	_cleanup_free_ char *path = text_format("%s/kmsg.log", dir);
	FILE *f = record->kmsg_count ? fopen(path, "we") : NULL;
	bool ok;

	if (!record->kmsg_count)
		return 0;
	for (size_t i = 0; f && i < record->kmsg_count; i++)
		fprintf(f, "%d,%" PRIu64 ",%" PRId64 ",-;%s\n", record->kmsg[i].priority,
			record->kmsg[i].seq, record->kmsg[i].t_ns / 1000, record->kmsg[i].text);
	ok = f && !ferror(f);
	if (f && fclose(f))
		ok = false;
	return ok ? 0 : err_errno(err, EXIT_LAB_BROKEN, "cannot write '%s'", path);
}
