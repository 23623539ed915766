/*
 * fuse_mute.c - a file system that its own target serves, and which stops answering.
 *
 *	fuse_mute FOLDER MIB SECONDS [ROOM]
 *
 * Mounts itself on FOLDER, in a mount namespace of its own; opens a file there, which is all that
 * its server answers; touches MIB of memory, stays for SECONDS, ends with 0. With ROOM it mounts a
 * tmpfs on that folder in FOLDER instead, writes a file of MIB into it, and stops its server. The
 * protocol is that of linux/fuse.h.
 */
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_NODE = 2, ROOM_NODE = 3, FILE_BYTES = 64 << 20 };

static void answer(int fd, const struct fuse_in_header *in, const void *body, size_t size)
{
	char packet[512];
	struct fuse_out_header out = {.len = (unsigned int)(sizeof(out) + size),
				      .unique = in->unique};

	memcpy(packet, &out, sizeof(out));
	memcpy(packet + sizeof(out), body, size);
	if (write(fd, packet, out.len) < 0)
		perror("fuse_mute: answer");
}

static void serve(int fd)
{
	static char request[1 << 20];
	const struct fuse_init_out init = {
		.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096};
	const struct fuse_entry_out entry = {
		.nodeid = FILE_NODE,
		.attr = {.ino = FILE_NODE,
			 .size = FILE_BYTES,
			 .blocks = FILE_BYTES / 512,
			 .mode = S_IFREG | 0644,
			 .nlink = 1},
	};
	const struct fuse_entry_out room = {
		.nodeid = ROOM_NODE,
		.attr = {.ino = ROOM_NODE, .mode = S_IFDIR | 0755, .nlink = 2},
	};
	const struct fuse_open_out opened = {.fh = 1};

	while (read(fd, request, sizeof(request)) > 0) {
		struct fuse_in_header in;

		memcpy(&in, request, sizeof(in));
		if (in.opcode == FUSE_INIT)
			answer(fd, &in, &init, sizeof(init));
		else if (in.opcode == FUSE_LOOKUP)
			answer(fd, &in, strcmp(request + sizeof(in), "file") ? &room : &entry,
			       sizeof(entry));
		else if (in.opcode == FUSE_OPEN)
			answer(fd, &in, &opened, sizeof(opened));
	}
}

static int mount_at(const char *folder)
{
	char options[100];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 fd);
	if (fd < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("fuse_mute", folder, "fuse", 0, options) < 0) {
		perror("fuse_mute: mount");
		exit(1);
	}
	return fd;
}

static void fill_room(const char *folder, const char *room, size_t bytes)
{
	static char block[1 << 20];
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, room);
	if (mount("room", path, "tmpfs", 0, "mode=0755") < 0) {
		perror("fuse_mute: mount room");
		exit(1);
	}
	strncat(path, "/kept", sizeof(path) - strlen(path) - 1);
	f = fopen(path, "we");
	for (size_t done = 0; f && done < bytes; done += sizeof(block))
		fwrite(block, 1, sizeof(block), f);
	if (!f || fclose(f)) {
		perror("fuse_mute: room");
		exit(1);
	}
}

static void open_and_touch(const char *folder, size_t bytes)
{
	char path[4096], *p;

	snprintf(path, sizeof(path), "%s/file", folder);
	if (open(path, O_RDONLY) < 0) {
		perror("fuse_mute: open");
		exit(1);
	}
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		exit(1);
	memset(p, 1, bytes);
}

int main(int argc, char **argv)
{
	size_t bytes = argc > 3 ? strtoul(argv[2], NULL, 10) << 20 : 0;
	pid_t server;
	int fd;

	if (argc < 4) {
		fputs("usage: fuse_mute FOLDER MIB SECONDS [ROOM]\n", stderr);
		return 2;
	}
	fd = mount_at(argv[1]);
	server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A parent that ends waits for an answer to close(2): its death does not end this one. */
		alarm((unsigned int)atoi(argv[3]) + 1);
		serve(fd);
		_exit(0);
	}
	close(fd); /* so that the server's end is the file system's */
	if (argc > 4) {
		fill_room(argv[1], argv[4], bytes);
		kill(server, SIGSTOP);
	} else {
		open_and_touch(argv[1], bytes);
	}
	sleep((unsigned int)atoi(argv[3]));
	return 0;
}
