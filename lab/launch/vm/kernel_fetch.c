#include "launch/vm/kernel_fetch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/spawn.h"
#include "base/strvec.h"
#include "base/text.h"

__asm__(".pushsection .rodata\n"
	".global kernel_fetch_script\n"
	"kernel_fetch_script:\n"
	".incbin \"lab/launch/vm/fetch-kernel.sh\"\n"
	".byte 0\n"
	".popsection\n");

extern const char kernel_fetch_script[];

int kernel_fetch(char *const *series, struct err *err)
{
	_cleanup_strvec_ struct strvec words = STRVEC_INIT;
	struct spawn sh = {.program = "/bin/sh", .timeout_ns = SPAWN_FOREVER};
	int r, status;

	strvec_pushl(&words, "sh", "-c", kernel_fetch_script, "fetch-kernel");
	strvec_push_all(&words, (const char *const *)series);
	sh.argv = words.list;
	r = spawn_run(&sh, NULL, NULL, &status);
	errno = -r;
	if (r < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot run /bin/sh");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Whether a shell that is told "oomlab" finds this program. */
static bool is_in_path(void)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *dirs = xstrdup(path ? path : "");
	struct stat self, found;
	char *save = NULL;

	if (stat("/proc/self/exe", &self) < 0)
		return false;
	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		_cleanup_free_ char *file = text_format("%s/oomlab", dir);

		if (io_is_executable(file))
			return stat(file, &found) == 0 && found.st_dev == self.st_dev &&
			       found.st_ino == self.st_ino;
	}
	return false;
}

char *kernel_fetch_command(const char *series)
{
	_cleanup_free_ char *program = is_in_path() ? NULL : io_program_path();

	return text_format("%s kernel fetch %s", program ? program : "oomlab", series);
}
