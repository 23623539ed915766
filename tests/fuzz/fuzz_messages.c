/*
 * fuzz_messages.c - any bytes as what a target says at the scenario's gate. Messages end with a
 * NUL.
 *
 * The reader's own file is compiled in here. Checked besides memory safety: what it writes can be
 * read, and a text of the target's is one line.
 */
#include <sys/mman.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "capture/processes.c"

#include "base/strbuf.h"
#include "fuzz.h"
#include "record/query.h"
#include "record/record.h"

enum { MESSAGE_MAX = 255 }; /* as read_scenario() takes it */

static void require_line(const char *text)
{
	for (; *text; text++)
		require((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void require_readable(int fd)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	struct err err = ERR_INIT;
	struct record record;

	require(lseek(fd, 0, SEEK_SET) == 0 && io_read_fd(fd, (size_t)64 << 20, &text) == 0);
	require(record_load_memory(text.buf, text.len, &record, &err) == 0);
	for (size_t i = 0; i < record.checkpoint_count; i++)
		require_line(record.checkpoints[i].name);
	require(record_lost(&record, LOSS_RECORD) == 0);
	record_release(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("record", MFD_CLOEXEC);
	static const struct cg none;
	struct target target = TARGET_INIT;
	struct record_writer w;
	struct capture capture = {.cg = &none, .w = &w, .target = &target};
	char why[WHY_MAX];

	/* A message makes the launcher read both. */
	source_events.open(&capture, why);
	source_sampler.open(&capture, why);
	record_writer_init(&w, fd);
	record_put_run(&w, &(struct record_run){.page_size = 4096, .cgroup_version = 2});
	while (size) {
		size_t len = strnlen((const char *)data, size);
		_cleanup_free_ char *text =
			xstrndup((const char *)data, len < MESSAGE_MAX ? len : MESSAGE_MAX);

		take_message(&capture, text);
		len += len < size;
		data += len;
		size -= len;
	}
	require_readable(fd);
	close(capture.polls[SOURCE_SAMPLER].fd);
	source_sampler.close(&capture);
	source_events.close(&capture);
	return 0;
}
