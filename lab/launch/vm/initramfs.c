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
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

#define LINKS_MAX   40 /* as the kernel's own limit */
#define CHUNK_BYTES ((size_t)1 << 20)

struct initramfs {
	struct archive *archive;
	void *packed; /* tsearch tree of paths */
	void *trees;  /* the same, of folders whose contents are packed or being packed */
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Whether `path` is not in the tree yet. Notes it, so that the next call is false. */
static bool is_new(void **tree, const char *path)
{
	if (tfind(path, tree, compare))
		return false;
	if (!tsearch(xstrdup(path), tree, compare))
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
	tdestroy(fs->trees, free);
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

/* A file of the host, open for reading. */
struct file {
	int fd;
	const char *path;
};

/* One entry of the archive: a directory, file, link or node, by its mode. */
struct item {
	const char *path;
	mode_t mode;
	dev_t dev;
	const char *link;
	const void *data;
	const struct file *file; /* the contents, in place of data */
	size_t len;
};

static int put_bytes(struct initramfs *fs, const struct item *e, const char *data, size_t left,
		     struct err *err)
{
	while (left > 0) {
		la_ssize_t n = archive_write_data(fs->archive, data, left);

		if (n <= 0)
			return archive_err(fs, e->path, err);
		data += n;
		left -= (size_t)n;
	}
	return 0;
}

/* The header has said how long the file is: one that grew is cut there, one that shrank is an error. */
static int put_file(struct initramfs *fs, const struct item *e, struct err *err)
{
	_cleanup_free_ char *chunk = xcalloc(1, CHUNK_BYTES);
	size_t left = e->len;

	while (left > 0) {
		ssize_t n = read(e->file->fd, chunk, left < CHUNK_BYTES ? left : CHUNK_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, EXIT_LAB_BROKEN, "cannot read '%s' for the VM",
					 e->file->path);
		if (n == 0)
			return err_set(err, EXIT_LAB_BROKEN,
				       "cannot pack '%s': of its %zu bytes only %zu can be read",
				       e->file->path, e->len, e->len - left);
		if (put_bytes(fs, e, chunk, (size_t)n, err) < 0)
			return -1;
		left -= (size_t)n;
	}
	return 0;
}

static int put_data(struct initramfs *fs, const struct item *e, struct err *err)
{
	return e->file ? put_file(fs, e, err) : put_bytes(fs, e, e->data, e->len, err);
}

/* Writes one entry, unless it is packed already. pre: its parents are packed. */
static int put(struct initramfs *fs, const struct item *e, struct err *err)
{
	struct archive_entry *entry;
	int rc;

	if (!is_new(&fs->packed, e->path))
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
	const struct file file = {fd, from};
	struct item e = {.path = path, .file = &file};
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot read '%s' for the VM", from);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EXIT_LAB_BROKEN, "cannot pack '%s': not a regular file", from);
	e.mode = S_IFREG | (st.st_mode & 0777);
	e.len = (size_t)st.st_size;
	return put_parents(fs, path, err) < 0 ? -1 : put(fs, &e, err);
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

/* Packs the link at `path`; `target` gets what it points to. */
static int put_link(struct initramfs *fs, const char *path, char target[PATH_MAX], struct err *err)
{
	ssize_t n = readlink(path, target, PATH_MAX - 1);

	if (n < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot read the link '%s'", path);
	target[n] = '\0';
	return put(fs, &(struct item){.path = path, .mode = S_IFLNK | 0777, .link = target}, err);
}

/* The component at w->real is a link: packs it and continues with what it points to. */
static int walk_link(struct initramfs *fs, struct walk *w, const char *after, struct err *err)
{
	char target[PATH_MAX], *rest;

	if (++w->links > LINKS_MAX) {
		errno = ELOOP;
		return err_errno(err, EXIT_LAB_BROKEN, "cannot follow the link '%s'", w->real.buf);
	}
	if (put_link(fs, w->real.buf, target, err) < 0)
		return -1;
	rest = text_format("%s/%s", target, after);
	free(w->rest);
	w->rest = rest;
	walk_up(w);
	if (*target == '/')
		strbuf_clear(&w->real);
	return 0;
}

static int walk_step(struct initramfs *fs, struct walk *w, struct err *err)
{
	struct stat st;
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
	if (lstat(w->real.buf, &st) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot find '%s' for the VM", w->real.buf);
	if (S_ISLNK(st.st_mode))
		return walk_link(fs, w, after, err);
	return S_ISDIR(st.st_mode) ? put_dir(fs, w->real.buf, err) : 0;
}

static int walk_all(struct initramfs *fs, struct walk *w, struct err *err)
{
	while (w->rest[strspn(w->rest, "/")])
		if (walk_step(fs, w, err) < 0)
			return -1;
	return 0;
}

/* A link that leads nowhere on the host is packed as it is: it leads nowhere in the guest. */
static bool leads_nowhere(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 && (errno == ENOENT || errno == ELOOP) &&
	       lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

static int put_path(struct initramfs *fs, const char *path, bool is_in_folder, struct err *err);

static int put_child(struct initramfs *fs, const char *path, struct err *err)
{
	char target[PATH_MAX];

	return leads_nowhere(path) ? put_link(fs, path, target, err)
				   : put_path(fs, path, true, err);
}

/* Packs what is in a folder, once: links may lead back to it. */
static int put_tree(struct initramfs *fs, const char *path, struct err *err)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *d;

	if (!is_new(&fs->trees, path))
		return 0;
	dir = opendir(path);
	if (!dir)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot read '%s' for the VM", path);
	while ((d = readdir(dir))) {
		_cleanup_free_ char *child =
			text_format("%s/%s", strcmp(path, "/") ? path : "", d->d_name);

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (put_child(fs, child, err) < 0)
			return -1;
	}
	return 0;
}

static int put_real(struct initramfs *fs, const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot find '%s' for the VM", path);
	return S_ISDIR(st.st_mode) ? put_tree(fs, path, err) : initramfs_copy(fs, path, path, err);
}

static bool lies_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* Of a folder that a link in it leads up to, no more is packed: only what is below was requested. */
static int put_path(struct initramfs *fs, const char *path, bool is_in_folder, struct err *err)
{
	struct walk w = {.real = STRBUF_INIT, .rest = xstrdup(path)};
	const char *real;
	int rc = walk_all(fs, &w, err);

	real = w.real.len ? w.real.buf : "";
	if (rc == 0 && !(is_in_folder && lies_below(path, real)))
		rc = put_real(fs, *real ? real : "/", err);
	strbuf_release(&w.real);
	free(w.rest);
	return rc;
}

int initramfs_file(struct initramfs *fs, const char *path, struct err *err)
{
	if (*path != '/')
		BUG("not an absolute path: %s", path);
	return put_path(fs, path, false, err);
}
