#include "launch/sysctl_state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"

#define LOCK_NAME "sysctl.lock"
#define FILE_NAME "sysctl.saved"
#define NEW_NAME  FILE_NAME ".new"
#define HEADER	  "oomlab settings 1\nboot "
#define END	  "end\n"
#define TEXT_MAX  4096

enum { BOOT_MAX = 64 };

static const char *const known_paths[] = {SYSCTL_OVERCOMMIT_KBYTES, SYSCTL_OVERCOMMIT_RATIO,
					  SYSCTL_OVERCOMMIT_MEMORY, SYSCTL_THP_ENABLED};

static bool sets_commit_limit(const char *path)
{
	return !strcmp(path, SYSCTL_OVERCOMMIT_KBYTES) || !strcmp(path, SYSCTL_OVERCOMMIT_RATIO);
}

struct sysctl_saved *sysctl_state_find(struct sysctl_state *state, const char *path)
{
	for (size_t i = 0; i < state->count; i++)
		if (!strcmp(state->saved[i].path, path) ||
		    (sets_commit_limit(state->saved[i].path) && sets_commit_limit(path)))
			return &state->saved[i];
	return NULL;
}

/* Takes the word before `stop` and skips both; false when no valid word is there. */
static bool take_word(const char **p, const char *end, char stop, char *word, size_t size)
{
	const char *at = memchr(*p, stop, (size_t)(end - *p));
	size_t len = at ? (size_t)(at - *p) : 0;

	if (!len || len >= size)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)(*p)[i]) && !memchr("/_.-", (*p)[i], 4))
			return false;
	memcpy(word, *p, len);
	word[len] = '\0';
	*p = at + 1;
	return true;
}

static bool take_setting(const char **p, const char *end, struct sysctl_state *state)
{
	struct sysctl_saved *s = &state->saved[state->count];
	char path[64];

	if (state->count == SYSCTL_MAX || !take_word(p, end, ' ', path, sizeof(path)) ||
	    !take_word(p, end, ' ', s->old, sizeof(s->old)) ||
	    !take_word(p, end, '\n', s->value, sizeof(s->value)) || sysctl_state_find(state, path))
		return false;
	s->path = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(known_paths); i++)
		if (!strcmp(path, known_paths[i]))
			s->path = known_paths[i];
	state->count += s->path != NULL;
	return s->path != NULL;
}

int sysctl_state_parse(const char *text, size_t len, const char *boot, struct sysctl_state *state)
{
	const char *p = text, *end = text + len;
	char found[BOOT_MAX];

	state->count = 0;
	if (len < strlen(HEADER) || memcmp(p, HEADER, strlen(HEADER)) != 0)
		return -EINVAL;
	p += strlen(HEADER);
	if (!take_word(&p, end, '\n', found, sizeof(found)))
		return -EINVAL;
	while ((size_t)(end - p) != strlen(END) || memcmp(p, END, strlen(END)) != 0)
		if (!take_setting(&p, end, state))
			return state->count = 0, -EINVAL;
	if (strcmp(found, boot) != 0)
		state->count = 0;
	return 0;
}

static void read_boot_id(char *id, size_t size)
{
	if (io_read_line_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", id, size) || !*id)
		snprintf(id, size, "unknown");
}

/* NULL when only this user and root can have written the file. */
static const char *why_not_trusted(int fd, mode_t type)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if ((st.st_mode & S_IFMT) != type)
		return type == S_IFDIR ? "it is no folder" : "it is no plain file";
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return "it belongs to another user";
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return "others may write to it";
	if (type == S_IFREG && st.st_nlink > 1)
		return "it has a second name";
	return NULL;
}

static int distrust(struct err *err, const char *folder, const char *name, const char *why)
{
	err_set(err, EXIT_LAB_BROKEN,
		"'%s%s%s', for kernel-wide settings, is not to be trusted: %s", folder,
		*name ? "/" : "", name, why);
	return err_hint(err, "look at it, and remove it");
}

/* 1: opened; 0: there is none; -1: it is not to be trusted. */
static int open_folder(struct sysctl_state *state, const char *folder, struct err *err)
{
	const char *why;

	state->dir = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (state->dir < 0 && errno == ENOENT)
		return 0;
	if (state->dir < 0 && errno != ENOTDIR && errno != ELOOP)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot open '%s'", folder);
	why = state->dir < 0 ? "it is no folder" : why_not_trusted(state->dir, S_IFDIR);
	return why ? distrust(err, folder, "", why) : 1;
}

static int make_folder(struct sysctl_state *state, const char *folder, struct err *err)
{
	_cleanup_free_ char *above = xstrdup(folder);
	char *slash = strrchr(above, '/');
	int made;

	if (slash && slash != above) {
		*slash = '\0';
		io_make_dirs(above);
	}
	made = mkdir(folder, 0755);
	if (made < 0 && errno != EEXIST)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot create '%s'", folder);
	if (open_folder(state, folder, err) <= 0)
		return -1;
	if (made == 0)
		fchmod(state->dir, 0755); /* any user's doctor may look, whatever the umask is */
	return 0;
}

/* Returns as open_folder(). The caller closes *fd in every case. */
static int open_file(const struct sysctl_state *state, const char *folder, const char *name,
		     int flags, int *fd, struct err *err)
{
	const char *why;

	*fd = openat(state->dir, name, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		     0644);
	if (*fd < 0 && errno == ENOENT && !(flags & O_CREAT))
		return 0;
	if (*fd < 0 && errno != ELOOP && errno != ENXIO && errno != EISDIR)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot open '%s/%s'", folder, name);
	why = *fd < 0 ? "it is no plain file" : why_not_trusted(*fd, S_IFREG);
	return why ? distrust(err, folder, name, why) : 1;
}

static int load(struct sysctl_state *state, const char *folder, struct err *err)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_close_ int fd = -1;
	char boot[BOOT_MAX];
	int r = open_file(state, folder, FILE_NAME, O_RDONLY, &fd, err);

	if (r <= 0)
		return r;
	read_boot_id(boot, sizeof(boot));
	r = io_read_fd(fd, TEXT_MAX, &text);
	if (!r)
		r = sysctl_state_parse(text.buf, text.len, boot, state);
	return r ? distrust(err, folder, FILE_NAME,
			    r == -EINVAL ? "it is not as oomlab writes it" : strerror(-r))
		 : 0;
}

static pid_t holder_of(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

static int refuse(int fd, struct err *err)
{
	pid_t pid = holder_of(fd);
	char who[32] = "another process";

	if (pid > 0)
		snprintf(who, sizeof(who), "process %d", (int)pid);
	err_set(err, EXIT_LAB_BROKEN,
		"the kernel-wide settings are in use: a run of %s has set them and puts them back at its end",
		who);
	return err_hint(err, "wait for it, or take --backend=vm, which has settings of its own");
}

/* 0; -1; or 1: the previous holder has just removed the file that was locked. */
static int try_lock(struct sysctl_state *state, const char *folder, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct stat st;

	if (open_file(state, folder, LOCK_NAME, O_RDWR | O_CREAT, &state->lock, err) < 0)
		return -1;
	if (fcntl(state->lock, F_SETLK, &lock) == 0 && fstat(state->lock, &st) == 0)
		return st.st_nlink == 0;
	if (errno == EACCES || errno == EAGAIN)
		return refuse(state->lock, err);
	return err_errno(err, EXIT_LAB_BROKEN, "cannot lock '%s/%s'", folder, LOCK_NAME);
}

static int take_lock(struct sysctl_state *state, const char *folder, struct err *err)
{
	int r = try_lock(state, folder, err);

	while (r > 0) {
		close(STEAL_FD(state->lock));
		r = try_lock(state, folder, err);
	}
	state->is_locked = r == 0;
	if (state->is_locked)
		fchmod(state->lock, 0644);
	return r;
}

int sysctl_state_lock(struct sysctl_state *state, const char *folder, struct err *err)
{
	*state = (struct sysctl_state)SYSCTL_STATE_INIT;
	if (make_folder(state, folder, err) == 0 && take_lock(state, folder, err) == 0 &&
	    load(state, folder, err) == 0)
		return 0;
	sysctl_state_release(state);
	return -1;
}

int sysctl_state_look(struct sysctl_state *state, const char *folder, pid_t *holder,
		      struct err *err)
{
	_cleanup_close_ int lock = -1;
	int r;

	*state = (struct sysctl_state)SYSCTL_STATE_INIT;
	*holder = 0;
	r = open_folder(state, folder, err);
	if (r > 0)
		r = open_file(state, folder, LOCK_NAME, O_RDONLY, &lock, err);
	if (r > 0)
		*holder = holder_of(lock);
	if (r >= 0 && state->dir >= 0)
		r = load(state, folder, err);
	cleanup_closep(&state->dir);
	state->dir = -1;
	return r < 0 ? -1 : 0;
}

static void compose(const struct sysctl_state *state, struct strbuf *text)
{
	char boot[BOOT_MAX];

	read_boot_id(boot, sizeof(boot));
	strbuf_printf(text, HEADER "%s\n", boot);
	for (size_t i = 0; i < state->count; i++)
		strbuf_printf(text, "%s %s %s\n", state->saved[i].path, state->saved[i].old,
			      state->saved[i].value);
	strbuf_puts(text, END);
}

static int replace_file(const struct sysctl_state *state)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	_cleanup_close_ int fd = -1;
	int r;

	compose(state, &text);
	unlinkat(state->dir, NEW_NAME,
		 0); /* left by a launcher that was killed here; we have the lock */
	fd = openat(state->dir, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	r = io_write_all(fd, text.buf, text.len);
	if (!r && (fchmod(fd, 0644) < 0 || fsync(fd) < 0 ||
		   renameat(state->dir, NEW_NAME, state->dir, FILE_NAME) < 0))
		r = -errno;
	if (r)
		unlinkat(state->dir, NEW_NAME, 0);
	return r;
}

int sysctl_state_write(const struct sysctl_state *state, struct err *err)
{
	int r = 0;

	if (state->dir < 0)
		return 0;
	if (state->count)
		r = replace_file(state);
	else if (unlinkat(state->dir, FILE_NAME, 0) < 0 && errno != ENOENT)
		r = -errno;
	if (!r && fsync(state->dir) < 0)
		r = -errno;
	return r ? err_set(err, EXIT_LAB_BROKEN, "cannot keep what the settings were: %s",
			   strerror(-r))
		 : 0;
}

void sysctl_state_release(struct sysctl_state *state)
{
	if (state->is_locked)
		unlinkat(state->dir, LOCK_NAME,
			 0); /* the next process makes a new one, see try_lock() */
	cleanup_closep(&state->lock);
	cleanup_closep(&state->dir);
	*state = (struct sysctl_state)SYSCTL_STATE_INIT;
}

char *sysctl_state_dir(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		return xstrdup(SYSCTL_STATE_ROOT);
	if (runtime && runtime[0] == '/')
		return text_format("%s/oomlab", runtime);
	return text_format("/tmp/oomlab-%d", (int)geteuid());
}
