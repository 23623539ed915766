#include "profile/tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

static const char *const mounted[] = {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"};

/* A mount that is attached nowhere; gone with its descriptor. */
static int open_private(void)
{
	_cleanup_close_ int fs = fsopen("tracefs", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

static int open_event(const char *event)
{
	_cleanup_free_ char *below = text_format("events/%s", event);
	_cleanup_close_ int top = -1;

	for (size_t i = 0; i < ARRAY_SIZE(mounted); i++) {
		_cleanup_free_ char *path = text_format("%s/%s", mounted[i], below);
		int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (dir >= 0)
			return dir;
	}
	top = open_private();
	return top < 0 ? -1 : openat(top, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int64_t tracefs_event(const char *event, struct strbuf *format)
{
	_cleanup_close_ int dir = open_event(event);
	int64_t id = -1;
	int r = dir < 0 ? -errno : io_read_number_at(dir, "id", &id);

	if (!r)
		r = io_read_at(dir, "format", 8192, format);
	return r ? r : id;
}

struct tracefs_field tracefs_find(const char *format, const char *declaration)
{
	struct tracefs_field field = {0};
	const char *at = strstr(format, declaration);

	at = at ? strstr(at, "offset:") : NULL;
	if (!at || sscanf(at, "offset:%u;\tsize:%u;", &field.offset, &field.size) != 2)
		return (struct tracefs_field){0};
	return field;
}
