/*
 * reports_door.c - the image's one privileged step: a new folder in /reports, which Docker makes
 * for root and other users make for themselves, while the lab runs as a user of no account.
 *
 *	reports-door              may a folder be made?
 *	reports-door make NAME    makes /reports/NAME, which the caller's group may write
 *	reports-door latest NAME  points /reports/latest at it
 *
 * Installed setuid root, it becomes the owner of /reports at once and does what that user may do:
 * a folder then belongs to whoever owns /reports, who can remove it. Without that privilege (no
 * new privileges, no CAP_SETUID and another owner than root) it fails and changes nothing. It
 * reads no environment, no file and no other path. The exit status is 0, or the errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORTS "/reports"
#define TAME	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

enum { NAME_LENGTH_MAX = 200 };

static int open_as_owner(void)
{
	struct stat owner;
	int dir = open(REPORTS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 || fstat(dir, &owner) < 0 ||
	    setresuid(owner.st_uid, owner.st_uid, owner.st_uid) < 0 ||
	    faccessat(dir, ".", W_OK | X_OK, 0) < 0)
		return -1;
	return dir;
}

static int is_tame(const char *name)
{
	size_t length = strlen(name);

	return length && length <= NAME_LENGTH_MAX && *name != '.' && *name != '-' &&
	       strcmp(name, "latest") != 0 && strspn(name, TAME) == length;
}

static int make(int dir, const char *name)
{
	int cause, made;

	if (mkdirat(dir, name, 0700) < 0)
		return errno;
	made = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (made >= 0 && !fchown(made, (uid_t)-1, getgid()) && !fchmod(made, 0775))
		return 0;
	cause = errno;
	unlinkat(dir, name, AT_REMOVEDIR);
	return cause;
}

static int point_latest(int dir, const char *name)
{
	char temporary[NAME_LENGTH_MAX + sizeof(".latest-")];
	int cause;

	snprintf(temporary, sizeof(temporary), ".latest-%s", name);
	if (symlinkat(name, dir, temporary) < 0)
		return errno;
	if (!renameat(dir, temporary, dir, "latest"))
		return 0;
	cause = errno;
	unlinkat(dir, temporary, 0);
	return cause;
}

int main(int argc, char **argv)
{
	int dir = open_as_owner();

	if (dir < 0)
		return errno;
	if (argc == 1)
		return 0;
	if (argc != 3 || !is_tame(argv[2]))
		return EINVAL;
	if (!strcmp(argv[1], "make"))
		return make(dir, argv[2]);
	return strcmp(argv[1], "latest") ? EINVAL : point_latest(dir, argv[2]);
}
