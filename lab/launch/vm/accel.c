#include "launch/vm/accel.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/folder.h"
#include "base/io.h"
#include "base/text.h"
#include "launch/vm/kernel.h"

#define BOOT_ID_SIZE 64
#define NOTE	     "kvm-broken"

static char *note_path(void)
{
	_cleanup_free_ char *cache = kernel_cache_dir();

	return text_format("%s/" NOTE, cache);
}

static bool read_boot_id(char *id)
{
	return io_read_line_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, BOOT_ID_SIZE) == 0;
}

static bool is_known_broken(void)
{
	_cleanup_free_ char *path = note_path();
	char now[BOOT_ID_SIZE], noted[BOOT_ID_SIZE];

	return read_boot_id(now) && io_read_line_at(AT_FDCWD, path, noted, sizeof(noted)) == 0 &&
	       strcmp(now, noted) == 0;
}

static bool can_open_kvm(void)
{
	_cleanup_close_ int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	return fd >= 0;
}

int accel_choose(struct accel *accel, struct err *err)
{
	const char *forced = getenv("OOMLAB_ACCEL");

	if (!forced || !*forced) {
		*accel = (struct accel){.name = "tcg"};
		if (can_open_kvm() && !is_known_broken())
			accel->name = "kvm";
		return 0;
	}
	if (strcmp(forced, "kvm") != 0 && strcmp(forced, "tcg") != 0)
		return err_set(err, EXIT_USAGE, "OOMLAB_ACCEL is 'kvm' or 'tcg', not '%s'", forced);
	*accel = (struct accel){.name = *forced == 'k' ? "kvm" : "tcg", .is_forced = true};
	return 0;
}

void accel_remember_broken(void)
{
	_cleanup_free_ char *cache = kernel_cache_dir();
	_cleanup_(folder_close) struct folder folder = FOLDER_INIT;
	char id[BOOT_ID_SIZE];
	struct err ignored = ERR_INIT;

	if (!read_boot_id(id) || io_make_dirs(cache) < 0 ||
	    folder_open(&folder, cache, &ignored) < 0)
		return;
	folder_write(&folder, NOTE, id, strlen(id), &ignored);
}
