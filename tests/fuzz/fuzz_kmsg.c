/*
 * fuzz_kmsg.c - any bytes as records of /dev/kmsg: names of processes and cgroups in them are
 * anybody's, and so are whole records that are not the kernel's own. Records end with a NUL.
 *
 * The reader's own file is compiled in here. Checked besides memory safety: what it writes can be
 * read, a line for a line, and no record that is not the kernel's is among it.
 */
#include <sys/mman.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "capture/kmsg.c"

#include "base/io.h"
#include "fuzz.h"
#include "record/record.h"

static void require_readable(int fd, int64_t lines)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct record record;

	require(lseek(fd, 0, SEEK_SET) == 0 && io_read_fd(fd, (size_t)64 << 20, &text) == 0);
	if (!text.len)
		return;
	require(record_load_memory(text.buf, text.len, &record, &err) == 0);
	require((int64_t)record.kmsg_count == lines);
	record_release(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("record", MFD_CLOEXEC);
	static const struct cg none;
	struct record_writer w;
	struct kmsg kmsg = {0};
	struct capture capture = {.cg = &none, .w = &w, .kmsg = &kmsg};

	record_writer_init(&w, fd);
	record_put_run(&w, &(struct record_run){.page_size = 4096, .cgroup_version = 2});
	while (size) {
		_cleanup_free_ char *record = xstrndup((const char *)data, size);
		size_t len = strlen(record) + 1;

		take(&capture, record);
		len = len < size ? len : size;
		data += len;
		size -= len;
	}
	require_readable(fd, kmsg.lines);
	cgroups_seen_release(&capture.cgroups_seen);
	return 0;
}
