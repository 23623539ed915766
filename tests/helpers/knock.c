/*
 * knock.c - a stranger at the gates of containers: connects to every gate below FOLDER that it can
 * reach, up to 200 times, says nothing and keeps what comes.
 *
 *	knock FOLDER	prints "ready"; when FOLDER/over is there, or after two minutes, what came
 *of it: "connected" or "kept out", and the bytes and descriptors it was given
 */
#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { HELD_MAX = 200, SECONDS_MAX = 120 };

static int held[HELD_MAX], count;
static char data[256 << 10];

static void knock_at(const char *folder, const char *below)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, below);

	if (count < HELD_MAX && n < (int)sizeof(address.sun_path) &&
	    !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		held[count++] = fd;
	else
		close(fd);
}

/* The folder of a gate may be entered and not be listed: its names are known. */
static void knock(const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		knock_at(found.gl_pathv[i], "gate");
		knock_at(found.gl_pathv[i], "shown/gate");
	}
	globfree(&found);
}

static ssize_t given(int fd)
{
	char room[CMSG_SPACE(sizeof(int) * 16)];
	struct iovec iov = {data, sizeof(data)};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = room,
				 .msg_controllen = sizeof(room)};
	ssize_t n = recvmsg(fd, &message, 0);

	return n < 0 ? 0 : n + (ssize_t)message.msg_controllen;
}

int main(int argc, char **argv)
{
	char pattern[4096], over[4096];
	time_t start = time(NULL);
	ssize_t got = 0;

	if (argc != 2)
		return 2;
	snprintf(pattern, sizeof(pattern), "%s/oomlab-gate-*", argv[1]);
	snprintf(over, sizeof(over), "%s/over", argv[1]);
	puts("ready");
	fflush(stdout);
	while (access(over, F_OK) && time(NULL) - start < SECONDS_MAX) {
		knock(pattern);
		usleep(100);
	}
	for (int i = 0; i < count; i++)
		got += given(held[i]);
	printf("%s, given %zd\n", count ? "connected" : "kept out", got);
	return 0;
}
