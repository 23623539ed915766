#include "run/run_kmsg.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int run_kmsg_write(const struct record *record, const struct folder *dir, struct err *err)
{
	FILE *f;
	int fd;
	bool ok;

	if (!record->kmsg_count)
		return 0;
	fd = folder_create(dir, "kmsg.log", err);
	if (fd < 0)
		return -1;
	f = fdopen(fd, "w");
	if (!f)
		BUG("fdopen: %s", strerror(errno));
	for (size_t i = 0; i < record->kmsg_count; i++)
		fprintf(f, "%d,%" PRIu64 ",%" PRId64 ",-;%s\n", record->kmsg[i].priority,
			record->kmsg[i].seq, record->kmsg[i].t_ns / 1000, record->kmsg[i].text);
	ok = !ferror(f);
	if (fclose(f))
		ok = false;
	return ok ? 0 : err_errno(err, EXIT_LAB_BROKEN, "cannot write '%s/kmsg.log'", dir->path);
}
