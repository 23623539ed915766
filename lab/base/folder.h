/*
 * folder.h - reads and writes files in a folder that may be another user's, without following,
 * waiting for or writing through anything that was planted there.
 *
 * Root reports on the run of another user, or runs in that user's folder. Whoever may write there
 * can put a symbolic link, a pipe, a hard link or a folder at each name that oomlab uses, and swap
 * them while it works. Pattern of use:
 *
 *	if (folder_open(&folder, path, err) < 0) ...
 *	fd = folder_read(&folder, "record.jsonl", err)
 *	folder_write(&folder, "report.txt", data, len, err)
 *	fd = folder_create(&folder, "console.log", err)
 *	folder_close(&folder)
 *
 * folder_open() follows links in what the user typed; folder_read() opens a regular file or says at
 * once why not; folder_create() is for a file that grows while the run goes on.
 *
 * A file that is written is always a new one. Where the file system can (O_TMPFILE), it has no name
 * until it is whole; else it has a random one (O_CREAT | O_EXCL). Then it is renamed into place. A
 * file that had the name leaves the folder and keeps its content; a folder that has the name makes
 * an error. All of it happens below one descriptor, so a folder that is renamed or replaced
 * meanwhile changes nothing. Names are single components.
 * LIMITATION: whoever may write in the folder can still remove or replace what was written.
 */
#ifndef OOMLAB_BASE_FOLDER_H
#define OOMLAB_BASE_FOLDER_H

#include <stddef.h>

#include "base/err.h"

struct folder {
	int fd;	    /* -1: not open */
	char *path; /* as the user gave it, for messages; owned */
};
#define FOLDER_INIT      \
	{                \
		-1, NULL \
	}

/* Opens a folder that exists. 0, or -1 with EXIT_FAILED. */
int folder_open(struct folder *folder, const char *path, struct err *err);
void folder_close(struct folder *folder);

/*
 * Opens a file for reading; never blocks, follows no link at `name`. It is an error when it is no
 * regular file, and when it has a second name (hard link) and belongs to another than the folder's
 * owner, who may have linked it here without being allowed to read it. Returns the descriptor, or
 * -1 with EXIT_FAILED.
 */
int folder_read(const struct folder *folder, const char *name, struct err *err);

/* As folder_read() for a path that the user typed: links are followed, hard links are no error. */
int folder_read_path(const char *path, struct err *err);

/* Writes a file of these bytes; no reader sees half of it. 0, or -1 with EXIT_LAB_BROKEN. */
int folder_write(const struct folder *folder, const char *name, const void *data, size_t len,
		 struct err *err);

/* Makes an empty file that has its name at once. The descriptor, or -1 with EXIT_LAB_BROKEN. */
int folder_create(const struct folder *folder, const char *name, struct err *err);

/*
 * The same in two steps, for a file that nobody is to see before its beginning is written. Until it
 * is shown its name is `hidden`, which has room for FOLDER_NAME_MAX bytes. folder_show() returns 0,
 * or -1 with EXIT_LAB_BROKEN, and then the file has no name any more.
 */
enum { FOLDER_NAME_MAX = 96 };
int folder_create_hidden(const struct folder *folder, const char *name, char *hidden,
			 struct err *err);
int folder_show(const struct folder *folder, const char *hidden, const char *name, struct err *err);

/*
 * Makes a folder inside that only this user may enter, for a program that can be given only a path
 * to write to. Sets name, which has room for FOLDER_NAME_MAX bytes. Its descriptor, or -errno.
 */
int folder_make_private(const struct folder *folder, char *name);

#endif
