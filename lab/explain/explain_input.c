#include "explain/explain_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

enum { PACKED_MAX = 1 << 16, GZIP_OR_ZLIB = 15 + 32, HEAD_MAX = 8 };

struct explain_unpacker {
	z_stream stream;
	bool is_whole; /* a member has ended and none has begun */
	unsigned char packed[PACKED_MAX];
};

int explain_input_open(struct explain_input *input, const char *name, struct err *err)
{
	*input = (struct explain_input){.name = name, .fd = STDIN_FILENO};
	if (!strcmp(name, "-")) {
		input->name = "standard input";
		return 0;
	}
	input->fd = open(name, O_RDONLY | O_CLOEXEC);
	return input->fd < 0 ? err_errno(err, EXIT_FAILED, "cannot open '%s'", name) : 0;
}

void explain_input_close(struct explain_input *input)
{
	if (input->unpacker)
		inflateEnd(&input->unpacker->stream);
	free(input->unpacker);
	if (input->fd != STDIN_FILENO)
		close(input->fd);
	*input = (struct explain_input){.fd = -1};
}

static ssize_t read_raw(struct explain_input *input, void *buffer, size_t size, struct err *err)
{
	ssize_t n;

	do
		n = read(input->fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_errno(err, EXIT_FAILED, "cannot read '%s'", input->name) : n;
}

/* A format that is no text. `least` bytes of its magic are enough if the file ends there. */
struct packing {
	const char *magic;
	size_t least;
	const char *description, *command; /* for the error; NULL: unpacked here */
};

static const struct packing packings[] = {
	{"\x1f\x8b\x08", 2, NULL, NULL},
	{"\xfd"
	 "7zXZ",
	 2, "packed, not text", "xzcat FILE"},
	{"\x28\xb5\x2f\xfd", 2, "packed, not text", "zstdcat FILE"},
	{"BZh", 4, "packed, not text", "bzcat FILE"},
	{"LPKSHHRH", 8, "a journal, not text", "journalctl -k --file=FILE"},
};

static const struct packing *packing_of(const char *head, size_t len, bool is_all)
{
	for (size_t i = 0; i < ARRAY_SIZE(packings); i++) {
		size_t whole = strlen(packings[i].magic), n = len < whole ? len : whole;

		if (!memcmp(head, packings[i].magic, n) && len >= (is_all ? packings[i].least : 1))
			return &packings[i];
	}
	return NULL;
}

/*
 * Reads until the bytes are text or enough to tell the packing: a pipe may give one at a time.
 */
static ssize_t read_head(struct explain_input *input, char *buffer, size_t size,
			 const struct packing **packing, struct err *err)
{
	size_t len = 0;
	ssize_t n;

	do {
		n = read_raw(input, buffer + len, size - len, err);
		if (n < 0)
			return -1;
		len += (size_t)n;
	} while (n && len < HEAD_MAX && packing_of(buffer, len, false));
	*packing = packing_of(buffer, len, true);
	return (ssize_t)len;
}

static int begin_unpacking(struct explain_input *input, const char *head, size_t len,
			   struct err *err)
{
	struct explain_unpacker *u = xcalloc(1, sizeof(*u));

	input->unpacker = u;
	if (inflateInit2(&u->stream, GZIP_OR_ZLIB) != Z_OK)
		return err_set(err, EXIT_FAILED, "cannot unpack '%s'", input->name);
	memcpy(u->packed, head, len);
	u->stream.next_in = u->packed;
	u->stream.avail_in = (unsigned int)len;
	return 0;
}

/* Behind a member stands another, or padding, which ends the input. */
static bool next_member(struct explain_unpacker *u)
{
	if (!u->is_whole)
		return true;
	u->is_whole = false;
	return *u->stream.next_in == 0x1f && inflateReset(&u->stream) == Z_OK;
}

static ssize_t unpack(struct explain_input *input, char *buffer, size_t size, struct err *err)
{
	struct explain_unpacker *u = input->unpacker;
	ssize_t n;
	int r;

	u->stream.next_out = (unsigned char *)buffer;
	u->stream.avail_out = (unsigned int)size;
	while (u->stream.avail_out == size) {
		if (!u->stream.avail_in) {
			n = read_raw(input, u->packed, sizeof(u->packed), err);
			if (n < 0)
				return -1;
			if (!n)
				return u->is_whole ? 0
						   : err_set(err, EXIT_FAILED,
							     "'%s' is cut: gzip's end is missing",
							     input->name);
			u->stream.next_in = u->packed;
			u->stream.avail_in = (unsigned int)n;
		}
		if (!next_member(u))
			return 0;
		r = inflate(&u->stream, Z_NO_FLUSH);
		u->is_whole = r == Z_STREAM_END;
		if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
			return err_set(err, EXIT_FAILED, "'%s' is damaged: gzip says %s",
				       input->name, u->stream.msg ? u->stream.msg : "so");
	}
	return (ssize_t)(size - u->stream.avail_out);
}

ssize_t explain_input_read(struct explain_input *input, char *buffer, size_t size, struct err *err)
{
	const struct packing *packing = NULL;
	ssize_t n;

	if (input->unpacker)
		return unpack(input, buffer, size, err);
	if (input->has_begun)
		return read_raw(input, buffer, size, err);
	input->has_begun = true;
	n = read_head(input, buffer, size < PACKED_MAX ? size : PACKED_MAX, &packing, err);
	if (n <= 0 || !packing)
		return n;
	if (packing->command) {
		err_set(err, EXIT_FAILED, "'%s' is %s", input->name, packing->description);
		return err_hint(err, "give what this prints: %s | oomlab explain",
				packing->command);
	}
	if (begin_unpacking(input, buffer, (size_t)n, err) < 0)
		return -1;
	return unpack(input, buffer, size, err);
}
