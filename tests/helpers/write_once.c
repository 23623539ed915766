/*
 * write_once FD COUNT [hold]: COUNT blocks of 64 KiB to FD, each by one write(2) whose result
 * nobody looks at, as many a program does. The blocks differ; "hold" then touches memory for ever.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 65536, TOUCH = 1 << 20 };

static void fill(unsigned char *block, unsigned int seed)
{
	for (size_t i = 0; i < BLOCK; i++) {
		seed = seed * 1103515245U + 12345U;
		block[i] = (unsigned char)(seed >> 16);
	}
}

static void touch_for_ever(void)
{
	for (;;) {
		char *p = malloc(TOUCH);

		if (!p)
			abort();
		memset(p, 1, TOUCH);
	}
}

int main(int argc, char **argv)
{
	static unsigned char block[BLOCK];
	int fd = argc > 1 ? atoi(argv[1]) : 1;
	unsigned int count = argc > 2 ? (unsigned int)atoi(argv[2]) : 1;
	ssize_t ignored = 0;

	fill(block, 1);
	for (unsigned int i = 0; i < count; i++) {
		memcpy(block, &i, sizeof(i));
		ignored += write(fd, block, BLOCK);
	}
	if (argc > 3)
		touch_for_ever();
	return ignored < 0;
}
