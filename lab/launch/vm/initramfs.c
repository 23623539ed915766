#include "launch/vm/initramfs.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#define LINKS_MAX 40 /* as the kernel's own limit */

struct initramfs {
	struct archive *archive;
	void *packed; /* tsearch tree of paths */
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Whether `path` is not packed yet. Notes it, so that the next call is false. */
static bool is_new(struct initramfs *fs, const char *path)
{
	if (tfind(path, &fs->packed, compare))
		return false;
	if (!tsearch(xstrdup(path), &fs->packed, compare))
		BUG("no memory for a path");
	return true;
}

struct initramfs *initramfs_new(int fd, struct err *err)
{
	struct initramfs *fs = xcalloc(1, sizeof(*fs));

	fs->archive = archive_write_new();
	if (fs->archive && archive_write_set_format_cpio_newc(fs->archive) == ARCHIVE_OK &&
	    archive_write_set_bytes_per_block(fs->archive, 1 << 20) == ARCHIVE_OK &&
	    archive_write_set_bytes_in_last_block(fs->archive, 1) == ARCHIVE_OK &&
	    archive_write_open_fd(fs->archive, fd) == ARCHIVE_OK)
		return fs;
	err_set(err, EXIT_LAB_BROKEN, "cannot start the initramfs");
	initramfs_free(fs);
	return NULL;
}

void initramfs_free(struct initramfs *fs)
{
	if (!fs)
		return;
	archive_write_free(fs->archive);
	tdestroy(fs->packed, free);
	free(fs);
}

static int archive_err(struct initramfs *fs, const char *path, struct err *err)
{
	return err_set(err, EXIT_LAB_BROKEN, "cannot pack '%s' into the initramfs: %s", path,
		       archive_error_string(fs->archive));
}

int initramfs_finish(struct initramfs *fs, struct err *err)
{
	return archive_write_close(fs->archive) == ARCHIVE_OK ? 0 : archive_err(fs, "/", err);
}

/* One entry of the archive: a directory, file, link or node, by its mode. */
struct item {
	const char *path;
	mode_t mode;
	dev_t dev;
	const char *link;
	const void *data;
	size_t len;
};

static int put_data(struct initramfs *fs, const struct item *e, struct err *err)
{
	const char *data = e->data;
	size_t left = e->len;

	while (left > 0) {
		la_ssize_t n = archive_write_data(fs->archive, data, left);

		if (n <= 0)
			return archive_err(fs, e->path, err);
		data += n;
		left -= (size_t)n;
	}
	return 0;
}

/* Writes one entry, unless it is packed already. pre: its parents are packed. */
static int put(struct initramfs *fs, const struct item *e, struct err *err)
{
	struct archive_entry *entry;
	int rc;

	if (!is_new(fs, e->path))
		return 0;
	if (e->len > UINT32_MAX)
		return err_set(err, EXIT_LAB_BROKEN,
			       "cannot pack '%s': 4 GiB and more do not fit into an initramfs",
			       e->path);
	entry = archive_entry_new2(fs->archive);
	archive_entry_copy_pathname(entry, e->path + 1);
	archive_entry_set_mode(entry, e->mode);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_nlink(entry, 1);
	archive_entry_set_size(entry, e->link ? 0 : (la_int64_t)e->len);
	if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
		archive_entry_set_rdev(entry, e->dev);
	if (e->link)
		archive_entry_copy_symlink(entry, e->link);
	rc = archive_write_header(fs->archive, entry);
	archive_entry_free(entry);
	return rc == ARCHIVE_OK ? put_data(fs, e, err) : archive_err(fs, e->path, err);
}

static int put_dir(struct initramfs *fs, const char *path, struct err *err)
{
	return put(fs, &(struct item){.path = path, .mode = S_IFDIR | 0755}, err);
}

static int put_parents(struct initramfs *fs, const char *path, struct err *err)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		_cleanup_free_ char *parent = xstrndup(path, (size_t)(slash - path));

		if (put_dir(fs, parent, err) < 0)
			return -1;
	}
	return 0;
}

int initramfs_dir(struct initramfs *fs, const char *path, struct err *err)
{
	return put_parents(fs, path, err) < 0 ? -1 : put_dir(fs, path, err);
}

int initramfs_node(struct initramfs *fs, const char *path, mode_t mode, dev_t dev, struct err *err)
{
	struct item e = {.path = path, .mode = mode, .dev = dev};

	return put_parents(fs, path, err) < 0 ? -1 : put(fs, &e, err);
}

int initramfs_data(struct initramfs *fs, const char *path, mode_t mode, const void *data,
		   size_t len, struct err *err)
{
	struct item e = {.path = path, .mode = S_IFREG | mode, .data = data, .len = len};

	return put_parents(fs, path, err) < 0 ? -1 : put(fs, &e, err);
}

int initramfs_copy(struct initramfs *fs, const char *path, const char *from, struct err *err)
{
	_cleanup_close_ int fd = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	void *data = NULL;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot read '%s' for the VM", from);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_LAB_BROKEN, "cannot pack '%s': not a regular file", from);
	if (st.st_size > 0)
		data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot read '%s' for the VM", from);
	rc = initramfs_data(fs, path, st.st_mode & 0777, data, (size_t)st.st_size, err);
	if (data)
		munmap(data, (size_t)st.st_size);
	return rc;
}

/*
 * A path that is walked component by component: each directory and link on the way is packed, links
 * are followed, and `real` has the real path in the end.
 */
struct walk {
	struct strbuf real; /* resolved so far: "" or "/a/b" */
	char *rest;	    /* what is still to walk */
	int links;
};

static void walk_up(struct walk *w)
{
	char *slash = w->real.len ? strrchr(w->real.buf, '/') : NULL;

	if (slash) {
		w->real.len = (size_t)(slash - w->real.buf);
		*slash = '\0';
	}
}

/* The component at w->real is a link: packs it and continues with what it points to. */
static int walk_link(struct initramfs *fs, struct walk *w, const char *after, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlink(w->real.buf, target, sizeof(target) - 1);
	char *rest;

	if (n < 0 || ++w->links > LINKS_MAX) {
		errno = n < 0 ? errno : ELOOP;
		return err_errno(err, EXIT_LAB_BROKEN, "cannot follow the link '%s'", w->real.buf);
	}
	target[n] = '\0';
	if (put(fs, &(struct item){.path = w->real.buf, .mode = S_IFLNK | 0777, .link = target},
		err) < 0)
		return -1;
	rest = text_format("%s/%s", target, after);
	free(w->rest);
	w->rest = rest;
	walk_up(w);
	if (*target == '/')
		strbuf_clear(&w->real);
	return 0;
}

static int walk_step(struct initramfs *fs, struct walk *w, struct stat *st, struct err *err)
{
	size_t skip = strspn(w->rest, "/");
	size_t len = strcspn(w->rest + skip, "/");
	_cleanup_free_ char *name = xstrndup(w->rest + skip, len);
	_cleanup_free_ char *after = xstrdup(w->rest + skip + len);

	free(w->rest);
	w->rest = xstrdup(after);
	if (strcmp(name, "..") == 0)
		walk_up(w);
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	strbuf_printf(&w->real, "/%s", name);
	if (lstat(w->real.buf, st) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot find '%s' for the VM", w->real.buf);
	if (S_ISLNK(st->st_mode))
		return walk_link(fs, w, after, err);
	return S_ISDIR(st->st_mode) ? put_dir(fs, w->real.buf, err) : 0;
}

static int walk_all(struct initramfs *fs, struct walk *w, struct stat *st, struct err *err)
{
	while (w->rest[strspn(w->rest, "/")])
		if (walk_step(fs, w, st, err) < 0)
			return -1;
	return 0;
}

static int put_tree(struct initramfs *fs, const char *path, struct err *err)
{
	_cleanup_closedir_ DIR *dir = opendir(path);
	struct dirent *d;

	if (!dir)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot read '%s' for the VM", path);
	while ((d = readdir(dir))) {
		_cleanup_free_ char *child = text_format("%s/%s", path, d->d_name);

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (initramfs_file(fs, child, err) < 0)
			return -1;
	}
	return 0;
}

int initramfs_file(struct initramfs *fs, const char *path, struct err *err)
{
	struct walk w = {.real = STRBUF_INIT, .rest = xstrdup(path)};
	struct stat st = {.st_mode = S_IFDIR};
	int rc;

	if (*path != '/')
		BUG("not an absolute path: %s", path);
	rc = walk_all(fs, &w, &st, err);
	if (rc == 0)
		rc = S_ISDIR(st.st_mode) ? put_tree(fs, w.real.buf, err)
					 : initramfs_copy(fs, w.real.buf, w.real.buf, err);
	strbuf_release(&w.real);
	free(w.rest);
	return rc;
}
