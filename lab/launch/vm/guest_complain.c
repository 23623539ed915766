#include "launch/vm/guest_complain.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/reboot.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm/guest.h"

void guest_power_off(void)
{
	for (;;)
		reboot(RB_AUTOBOOT);
}

void guest_complain(const char *what, const char *name)
{
	int cause = errno;
	_cleanup_free_ char *text =
		text_format("\n%s%s '%s': %s\n", GUEST_COMPLAINT, what, name, strerror(cause));
	int fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);

	io_write_all(fd, text, strlen(text));
	guest_power_off();
}
