/*
 * folder.h - a folder that may be another user's: its files are read and written, and nothing that
 * was planted among them is followed, waited for or written through.
 *
 * Root reports on another's run, or runs in another's folder; whoever may write there can put a
 * symbolic link, a pipe, a hard link or a folder at each name the lab uses, and swap them while it
 * works. Pattern of use:
 *
 *	if (folder_open(&folder, path, err) < 0) ...
 *	fd = folder_read(&folder, "record.jsonl", err)
 *	folder_write(&folder, "report.txt", data, len, err)
 *	fd = folder_create(&folder, "console.log", err)
 *	folder_close(&folder)
 *
 * folder_open() follows links in what the user typed; folder_read() opens a regular file or says at
 * once why not; folder_create() is for what is written by and by.
 *
 * A file is always a new one: it has no name until it is whole, where the file system has such
 * files (O_TMPFILE), else one that nobody can foresee (O_CREAT | O_EXCL); then it is renamed into
 * place. What stood there is taken out of the folder and keeps its content; a folder that stands
 * there makes an error. All of it happens below one descriptor, so a folder that is renamed or
 * replaced meanwhile changes nothing. Names are single components.
 * LIMITATION: who may write in the folder can still remove or replace what was written.
 */
#ifndef OOMLAB_BASE_FOLDER_H
#define OOMLAB_BASE_FOLDER_H

#include <stddef.h>

#include "base/err.h"

struct folder {
	int fd;	    /* -1: none */
	char *path; /* for people */
};
#define FOLDER_INIT      \
	{                \
		-1, NULL \
	}

/* Opens a folder that exists. 0, or -1 with EXIT_FAILED. */
int folder_open(struct folder *folder, const char *path, struct err *err);
void folder_close(struct folder *folder);

/*
 * Opens a file for reading; never blocks, follows no link at `name`. What is no regular file is an
 * error, and so is a file that has a second name and is not of the folder's owner, who may have
 * linked it here without being allowed to read it. The descriptor, or -1 with EXIT_FAILED.
 */
int folder_read(const struct folder *folder, const char *name, struct err *err);

/* The same of a path that somebody named: links are followed. */
int folder_read_path(const char *path, struct err *err);

/* A file of these bytes, or none: no reader sees half of it. 0, or -1 with EXIT_LAB_BROKEN. */
int folder_write(const struct folder *folder, const char *name, const void *data, size_t len,
		 struct err *err);

/* A new empty file that has its name at once. The descriptor, or -1 with EXIT_LAB_BROKEN. */
int folder_create(const struct folder *folder, const char *name, struct err *err);

/*
 * A new folder inside that only this user may enter, to be filled by a program that knows no
 * better than a path. name: room for FOLDER_NAME_MAX bytes, set. Its descriptor, or -errno.
 */
enum { FOLDER_NAME_MAX = 96 };
int folder_make_private(const struct folder *folder, char *name);

#endif
