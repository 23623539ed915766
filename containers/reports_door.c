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
 *
 * The caller is not trusted, nor is anybody who may rename what is in /reports meanwhile:
 *  - a folder has its owner, group and mode from mkdirat() alone. What then stands at its name is
 *    looked at and never changed, so whatever was put there instead stays as it is. Where the
 *    folder comes out with a group that is not the caller's (/reports is set-group-ID), it is
 *    removed again: the caller could not write in it;
 *  - where every user may rename (others may write, no sticky bit) nothing is done at all: the
 *    caller needs no door there;
 *  - `latest` is replaced where it is a symbolic link of the owner's. A file, another's link or
 *    anything else stays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REPORTS "/reports"
#define TAME	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

enum { NAME_LENGTH_MAX = 200, GROUPS_MAX = 4096 };

/* Who may write in a folder may rename what others have there, unless it is sticky. */
static int is_open_to_all(const struct stat *folder)
{
	return (folder->st_mode & S_IWOTH) && !(folder->st_mode & S_ISVTX);
}

static int open_as_owner(void)
{
	struct stat owner;
	int dir = open(REPORTS, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0 || fstat(dir, &owner) < 0)
		return -1;
	if (is_open_to_all(&owner)) {
		errno = EPERM;
		return -1;
	}
	if (setresuid(owner.st_uid, owner.st_uid, owner.st_uid) < 0 ||
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

static int is_callers(gid_t group)
{
	gid_t groups[GROUPS_MAX];
	int count = getgroups(GROUPS_MAX, groups);

	while (count-- > 0)
		if (groups[count] == group)
			return 1;
	return group == getgid();
}

/* As it was made, and of use to the caller. */
static int is_sound(int folder)
{
	struct stat st;

	return !fstat(folder, &st) && st.st_uid == geteuid() && is_callers(st.st_gid) &&
	       (st.st_mode & S_IRWXG) == S_IRWXG;
}

static int make(int dir, const char *name)
{
	int made, is_good;

	umask(0);
	if (mkdirat(dir, name, 0775) < 0)
		return errno;
	made = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	is_good = made >= 0 && is_sound(made);
	if (made >= 0)
		close(made);
	if (is_good)
		return 0;
	unlinkat(dir, name, AT_REMOVEDIR);
	return EACCES;
}

static int may_replace_latest(int dir)
{
	struct stat st;

	if (fstatat(dir, "latest", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	return S_ISLNK(st.st_mode) && st.st_uid == geteuid();
}

static int point_latest(int dir, const char *name)
{
	char temporary[NAME_LENGTH_MAX + sizeof(".latest-")];
	int cause;

	if (!may_replace_latest(dir))
		return EEXIST;
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
