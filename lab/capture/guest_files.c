/*
 * In a guest files are memory: a tmpfs on /tmp and one on /dev/shm, and one that takes what is
 * written anywhere else (the root itself, or the upper layer of the overlay that is the root). What
 * they hold is asked of statfs(2), page by page exact, and counted from the start of the run.
 */
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/source.h"

enum { PLACES = 3 };

struct guest_files {
	int64_t before[PLACES]; /* bytes at the start */
};

static const struct place {
	const char *path;
	enum metric metric;
} places[PLACES] = {
	{"/tmp", METRIC_TMP_FILES},
	{"/dev/shm", METRIC_SHM_FILES},
	{"/", METRIC_OTHER_FILES},
};

/*
 * An overlay answers for its upper layer; any other file system says nothing of memory. A folder
 * that is no mount of its own is counted with the root.
 */
static int64_t held(const char *path)
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
	for (size_t i = 0; i < PLACES; i++) {
		int64_t now = held(places[i].path), *first = &capture->guest_files->before[i];

		if (is_first)
			*first = now;
		if (now != ABSENT && *first != ABSENT)
			sample->value[places[i].metric] = now > *first ? now - *first : 0;
	}
}

void guest_files_note(struct capture *capture, const struct record_sample *last)
{
	_cleanup_free_ char *text = NULL;
	int64_t sum = 0;

	for (size_t i = 0; i < PLACES; i++) {
		int64_t n = last->value[places[i].metric];

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
