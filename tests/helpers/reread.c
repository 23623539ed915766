/*
 * reread - maps FILE and touches its pages in a scattered order again and again, for ever, beside
 * MIB of anonymous memory. Where the limit has no room for both, the pages are dropped and read
 * again: thrashing.
 *
 *	reread MIB FILE
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, STRIDE = 7919 }; /* a prime: every page gets its turn */

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[2], O_RDONLY) : -1;
	size_t anon = argc == 3 ? strtoul(argv[1], NULL, 10) << 20 : 0, pages;
	const volatile char *file;
	char *memory, *map;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < PAGE) {
		fprintf(stderr, "usage: reread MIB FILE\n");
		return 2;
	}
	pages = (size_t)st.st_size / PAGE;
	map = mmap(NULL, pages * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	memory =
		mmap(NULL, anon + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || memory == MAP_FAILED ||
	    madvise(map, pages * PAGE, MADV_RANDOM) < 0) {
		perror("reread");
		return 1;
	}
	memset(memory, 1, anon + PAGE);
	file = map;
	for (size_t at = 0;; at = (at + STRIDE) % pages)
		memory[0] = (char)(memory[0] + file[at * PAGE]);
}
