/*
 * swap.c - who may rename in a folder, and is quick: as soon as an entry whose name begins with
 * PREFIX appears in FOLDER, it and WITH (both in there) trade places. For tests of those who make
 * something there and open it afterwards.
 *
 *	swap FOLDER PREFIX WITH		prints "ready", then "swapped" once, and ends with status 0;
 *					1 at the end of its standard input, or after a minute
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS_MAX = 60, ROUNDS = 256 };

/* The buffer of a stream is of no use here: what was read is of the past. */
static int try(int folder, const char *prefix, const char *with)
{
	DIR *dir = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY));
	const struct dirent *entry;
	int won = 0;

	while (dir && !won && (entry = readdir(dir)))
		won = !strncmp(entry->d_name, prefix, strlen(prefix)) &&
		      !renameat2(folder, entry->d_name, folder, with, RENAME_EXCHANGE);
	if (dir)
		closedir(dir);
	return won;
}

static int is_over(time_t start)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&in, 1, 0) != 0 || time(NULL) - start > SECONDS_MAX;
}

int main(int argc, char **argv)
{
	int folder = argc == 4 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	time_t start = time(NULL);

	if (folder < 0)
		return 2;
	puts("ready");
	fflush(stdout);
	while (!is_over(start))
		for (int i = 0; i < ROUNDS; i++)
			if (try(folder, argv[2], argv[3]))
				return puts("swapped") < 0;
	return 1;
}
