/*
 * fuzz_snapshot.c - any bytes as the files below /proc/PID of a process that stands still: the snapshot of
 * it, the record that it makes, and the report of that. Parts end with a NUL: smaps, maps, comm and
 * syscall of its thread, status.
 *
 * Paths of code lead into a folder of this program's, never to the machine's own files; /true there
 * is code.
 *
 * Checked besides memory safety: every line written is one that can be read; the snapshot is bounded;
 * resident memory told is what was read, in rows and rest; the terminal is sent no control
 * character.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "fuzz.h"
#include "record/query.h"
#include "record/verdict.h"
#include "report/report.h"
#include "snapshot/smaps.h"
#include "snapshot/snapshot.h"

/* More than the kernel gives (PID_MAX_LIMIT): whom ptrace(2) and the like do not find. */
#define NOBODY "4194305"
enum { NOBODY_ID = 4194305 };

static char root[] = "/tmp/oomlab-fuzz-XXXXXX";
static int root_fd = -1;

static const char *const files[] = {
	"proc/" NOBODY "/smaps",
	"proc/" NOBODY "/maps",
	"proc/" NOBODY "/task/" NOBODY "/comm",
	"proc/" NOBODY "/task/" NOBODY "/syscall",
	"proc/" NOBODY "/status",
};

static void put(const char *name, const char *data, size_t size)
{
	_cleanup_close_ int fd = openat(root_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	require(fd >= 0 && io_write_all(fd, data, size) == 0);
}

static void remove_root(void)
{
	io_remove_tree(root);
}

static void make_root(void)
{
	_cleanup_strbuf_ struct strbuf code = STRBUF_INIT;
	_cleanup_free_ char *task = NULL;

	require(mkdtemp(root) != NULL && !atexit(remove_root));
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	task = text_format("%s/proc/" NOBODY "/task/" NOBODY, root);
	require(io_make_dirs(task) == 0);
	require(io_read_at(AT_FDCWD, "/bin/true", 1 << 20, &code) == 0);
	put("true", code.buf, code.len);
}

static void put_parts(const char *data, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *end = size ? memchr(data, '\0', size) : NULL;
		size_t len = end ? (size_t)(end - data) : size;

		put(files[i], data, len);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
}

static void look_around(struct record_writer *w)
{
	_cleanup_free_ char *proc = text_format("%s/proc", root);
	struct trace_log_arena arena = {.id = 1, .pid = NOBODY_ID, .name = "arena"};
	const struct trace_log log = {.arenas = &arena, .arena_count = 1};
	struct snapshot snapshot = {
		.w = w,
		.proc = proc,
		.log = &log,
		.is_frozen = true,
		.deadline_ns = INT64_MAX,
		.unwind = unwind_new(fcntl(root_fd, F_DUPFD_CLOEXEC, 0)),
	};

	arena.base = 0x7f1288dec000;
	snapshot_process(&snapshot, NOBODY_ID);
	require(snapshot.threads == 1 && snapshot.processes == 1);
	snapshot_write_left(&snapshot);
	for (size_t i = 0; i < unwind_modules(snapshot.unwind)->count; i++)
		record_put_module(w, (int64_t)i, unwind_modules(snapshot.unwind)->items[i].path);
	unwind_free(snapshot.unwind);
}

/* Of all mappings, as the parser by itself reads them; pre: no NUL. */
static int64_t resident_in(const char *data, size_t size)
{
	_cleanup_free_ char *text = xstrndup(data, size);
	_cleanup_free_ struct smaps *smaps = xcalloc(1, sizeof(*smaps));
	int64_t rss = 0;
	char *next;

	for (char *line = text; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (next || *line)
			smaps_line(smaps, line);
	}
	smaps_sort(smaps);
	for (size_t i = 0; i < smaps->count; i++)
		rss += smaps->rows[i].rss;
	rss += smaps->rest.rss;
	smaps_release(smaps);
	return rss;
}

static void check_told(const struct record *record, int64_t resident)
{
	const struct record_premortem *p = record->premortem;
	int64_t rss = 0;

	require(record_lost(record, LOSS_RECORD) == 0);
	require(p && p->thread_count == 1 && p->process_count == 1);
	require(p->mapping_count <= SNAPSHOT_MAPPINGS_MAX + 1);
	for (size_t i = 0; i < p->mapping_count; i++) {
		require(p->mappings[i].rss >= 0 && p->mappings[i].size >= 0 &&
			p->mappings[i].mappings > 0);
		rss += p->mappings[i].rss;
	}
	require(rss == resident);
}

static void check_report(const struct record *record)
{
	struct conclusion conclusion;
	char *text = NULL;
	size_t len = 0;
	FILE *sink = open_memstream(&text, &len);

	conclusion_draw(record, &conclusion);
	report_print_terminal(sink, record, &conclusion,
			      &(struct report_style){.columns = 80, .is_full = true});
	conclusion_release(&conclusion);
	fclose(sink);
	for (size_t i = 0; i < len; i++)
		require(text[i] == '\n' || ((unsigned char)text[i] >= ' ' && text[i] != 0x7f));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("record", MFD_CLOEXEC);
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const struct record_premortem armed = {.percent = 5, .limit = 100, .high = 95};
	struct err err = ERR_INIT;
	struct record_writer w;
	struct record record;

	if (root_fd < 0)
		make_root();
	put_parts((const char *)data, size);
	record_writer_init(&w, fd);
	record_put_run(&w, &(struct record_run){.page_size = 4096, .cgroup_version = 2});
	premortem_put_armed(&w, &armed);
	premortem_put_look(&w, &armed);
	look_around(&w);
	premortem_put_thaw(&w, &armed);
	require(lseek(fd, 0, SEEK_SET) == 0 && io_read_fd(fd, 64 << 20, &text) == 0);
	require(record_load_memory(text.buf, text.len, &record, &err) == 0);
	check_told(&record, resident_in((const char *)data, strnlen((const char *)data, size)));
	check_report(&record);
	record_release(&record);
	return 0;
}
