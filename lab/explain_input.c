#include "explain_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/strbuf.h"

enum { PACKED_MAX = 1 << 16, GZIP_OR_ZLIB = 15 + 32 };

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

/* The program that unpacks what begins so. */
static const char *packer_of(const char *head, size_t len)
{
	static const struct {
		const char *magic, *cat;
	} table[] = {
		{"\x1f\x8b\x08", "zcat"},
		{"\xfd"
		 "7zXZ",
		 "xzcat"},
		{"\x28\xb5\x2f\xfd", "zstdcat"},
		{"BZh", "bzcat"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (len > strlen(table[i].magic) &&
		    !memcmp(head, table[i].magic, strlen(table[i].magic)))
			return table[i].cat;
	return NULL;
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

/* Behind a member may stand another, or what pads a tape. */
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
	const char *cat;
	ssize_t n;

	if (input->unpacker)
		return unpack(input, buffer, size, err);
	n = read_raw(input, buffer, input->has_begun || size < PACKED_MAX ? size : PACKED_MAX, err);
	if (n <= 0 || input->has_begun)
		return n;
	input->has_begun = true;
	cat = packer_of(buffer, (size_t)n);
	if (!cat)
		return n;
	if (strcmp(cat, "zcat") != 0) {
		err_set(err, EXIT_FAILED, "'%s' is packed, not text", input->name);
		return err_hint(err, "unpack it: %s FILE | oomlab explain", cat);
	}
	if (begin_unpacking(input, buffer, (size_t)n, err) < 0)
		return -1;
	return unpack(input, buffer, size, err);
}
