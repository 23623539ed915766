/*
 * fuzz_relay.c - any bytes as what a guest sends, which is its target's to choose: pieces of a
 * channel's number, a length and that many bytes.
 *
 * The relay's own file is compiled in here. Checked besides memory safety: a line that is handed on
 * is one line of bounded length; what is kept is bounded, and so are the files.
 */
#include <fcntl.h>
#include <sys/mman.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include) */
#include "launch/vm/vm_relay.c"

#include "fuzz.h"

enum { REST_MAX = RELAY_LINE_MAX + CHUNK, FILE_MAX = 4096 };

static int take_one(const char *text, size_t len, void *ctx)
{
	(void)ctx;
	require(text && len <= RELAY_LINE_MAX && text[len] == '\0' && !memchr(text, '\n', len));
	return len && text[0] == 'x' ? -1 : 0;
}

/* A piece is said many times over, so that a short input can be a long line. */
static void feed(struct relay *r, const uint8_t *data, size_t size)
{
	while (size >= 3) {
		int channel = data[0] % CHANNEL_COUNT, times = data[0] / CHANNEL_COUNT + 1;
		size_t len = data[1] + 256U * (data[2] & 3);

		data += 3;
		size -= 3;
		len = len < size ? len : size;
		for (int i = 0; i < times && len; i++)
			take(r, channel, (const char *)data, len);
		data += len;
		size -= len;
		require(r->line.len <= REST_MAX && r->console.len <= CONSOLE_TAIL);
		write_output(r->request, &r->outputs[0]);
	}
}

static void let_pass(int fd, const char *text, size_t len, void *ctx)
{
	(void)fd, (void)text, (void)len, (void)ctx;
}

static void start(struct relay *r, const struct vm_request *request)
{
	*r = (struct relay){
		.request = request,
		.signal_fd = -1,
		.share_pidfd = -1,
		.console_fd = memfd_create("console", MFD_CLOEXEC),
		.trace_fd = memfd_create("trace", MFD_CLOEXEC),
		.console_room = FILE_MAX,
		.trace_room = FILE_MAX,
		.line = STRBUF_INIT,
		.console = STRBUF_INIT,
		.outputs = {{.fd = open("/dev/null", O_WRONLY | O_CLOEXEC), .pending = STRBUF_INIT},
			    {.fd = -1, .pending = STRBUF_INIT}},
	};
	require(r->console_fd >= 0 && r->trace_fd >= 0 && r->outputs[0].fd >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct vm_request request = {.timeout_ns = 1, .line = take_one, .output = let_pass};
	struct relay r;
	int null;

	start(&r, &request);
	null = r.outputs[0].fd;
	feed(&r, data, size);
	free(relay_console_line(&r, "Kernel panic - "));
	require(lseek(r.console_fd, 0, SEEK_CUR) <= FILE_MAX &&
		lseek(r.trace_fd, 0, SEEK_CUR) <= FILE_MAX);
	require(r.outputs[1].pending.len == 0 && r.dropped >= 0);
	ended(&r, EIO);
	relay_release(&r);
	close(null);
	return 0;
}
