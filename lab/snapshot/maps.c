#include "snapshot/maps.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/io.h"
#include "base/strbuf.h"

void maps_write(struct record_writer *w, pid_t pid)
{
	_cleanup_strbuf_ struct strbuf maps = STRBUF_INIT;
	char path[64], exe[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	if (n < 0 || io_read_at(AT_FDCWD, path, 1 << 20, &maps))
		return;
	exe[n] = '\0';
	record_put_maps(w, pid, exe, maps.buf);
}
