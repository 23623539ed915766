#include "run_kmsg.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cleanup.h"

int run_write_kmsg(const struct record *record, const struct folder *dir, struct err *err)
{
	_cleanup_close_ int fd = record->kmsg_count ? folder_create(dir, "kmsg.log", err) : -1;
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	bool ok;

	if (!record->kmsg_count)
		return 0;
	if (fd < 0)
		return -1;
	if (f)
		fd = -1; /* is the stream's */
	for (size_t i = 0; f && i < record->kmsg_count; i++)
		fprintf(f, "%d,%" PRIu64 ",%" PRId64 ",-;%s\n", record->kmsg[i].priority,
			record->kmsg[i].seq, record->kmsg[i].t_ns / 1000, record->kmsg[i].text);
	ok = f && !ferror(f);
	if (f && fclose(f))
		ok = false;
	return ok ? 0 : err_errno(err, EXIT_LAB_BROKEN, "cannot write '%s/kmsg.log'", dir->path);
}
