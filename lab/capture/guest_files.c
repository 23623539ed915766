/*
 * In a guest files are memory: a tmpfs on /tmp, one on /dev/shm, and one that takes what is written
 * anywhere else (the root itself, or the upper layer of the overlay that is the root). statfs(2)
 * says how much each holds, exact to the page; what it held at the start of the run is subtracted.
 */
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/source.h"

enum { MOUNTS = 3 };

struct guest_files {
	int64_t before[MOUNTS]; /* bytes at the start; ABSENT: not in memory */
};

static const struct guest_mount {
	const char *path;
	enum metric metric;
} mounts[MOUNTS] = {
	{"/tmp", METRIC_TMP_FILES},
	{"/dev/shm", METRIC_SHM_FILES},
	{"/", METRIC_OTHER_FILES},
};

/*
 * Bytes, or ABSENT where the files are not in memory or where the path is no mount of its own (its
 * files are then counted with the root). statfs(2) of an overlay describes its upper layer.
 */
static int64_t held_bytes(const char *path)
{
	struct stat own, root;
	struct statfs fs;

	if (stat(path, &own) < 0 || stat("/", &root) < 0 ||
	    (own.st_dev == root.st_dev && strcmp(path, "/") != 0))
		return ABSENT;
	if (statfs(path, &fs) < 0 ||
	    (fs.f_type != TMPFS_MAGIC && fs.f_type != OVERLAYFS_SUPER_MAGIC))
		return ABSENT;
	return (int64_t)(fs.f_blocks - fs.f_bfree) * (int64_t)fs.f_bsize;
}

void guest_files_read(struct capture *capture, struct record_sample *sample)
{
	bool is_first = !capture->guest_files;

	if (!capture->config.is_guest)
		return;
	if (is_first)
		capture->guest_files = xcalloc(1, sizeof(*capture->guest_files));
	for (size_t i = 0; i < MOUNTS; i++) {
		int64_t now = held_bytes(mounts[i].path), *first = &capture->guest_files->before[i];

		if (is_first)
			*first = now;
		if (now != ABSENT && *first != ABSENT)
			sample->value[mounts[i].metric] = now > *first ? now - *first : 0;
	}
}

void guest_files_note(struct capture *capture, const struct record_sample *last)
{
	_cleanup_free_ char *text = NULL;
	int64_t sum = 0;

	for (size_t i = 0; i < MOUNTS; i++) {
		int64_t n = last->value[mounts[i].metric];

		sum += or_zero(n);
	}
	if (!capture->config.is_guest || !sum)
		return;
	text = text_format(
		"Of what was written in the VM, files of %s were left; they were memory of the guest and are gone with it",
		TEXT_SIZE((uint64_t)sum));
	record_put_note(capture->w, text);
}

void guest_files_close(struct capture *capture)
{
	free(capture->guest_files);
}
