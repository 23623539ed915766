/*
 * charged plain|traced: prints how many bytes are charged to the cgroup it runs in, of each kind
 * and in sum ("total"). With "traced" it makes an arena first, whose records go to the launcher's
 * ring if there is one. Compared between a bare cgroup (floor_cgroup) and a run by the lab, the
 * difference is what the lab costs its target.
 *
 * memory.current is not exact: each processor keeps up to 64 pages in advance. memory.stat is, once
 * enough has changed since it was last summed up, so memory is touched before it is read. The
 * layout of the address space is not left to chance: it decides the number of page tables.
 * cgroup v1 knows less: user memory, and the kernel's as one figure in steps of a page.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <unistd.h>

#include "src/arena.h"

#define STIR_BYTES ((size_t)32 << 20)

static char text[65536];

static const char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? text : NULL;
}

static void print_keys(const char *const *keys, long long *total)
{
	for (; *keys; keys++) {
		const char *at = strstr(text, *keys);
		long long bytes = at ? strtoll(at + strlen(*keys), NULL, 10) : 0;

		printf("%.*s %lld\n", (int)strcspn(*keys + 1, " "), *keys + 1, bytes);
		*total += bytes;
	}
}

/* Own path below `mount`, from the line of /proc/self/cgroup that holds `mark`. */
static int enter(const char *mount, const char *mark)
{
	const char *line = slurp("/proc/self/cgroup") ? strstr(text, mark) : NULL;
	char path[4096];

	if (!line)
		return -1;
	line += strlen(mark);
	snprintf(path, sizeof(path), "%s%.*s", mount, (int)strcspn(line, "\n"), line);
	return chdir(path);
}

static void allocate(void)
{
	static unsigned char buffer[4096];
	struct arena arena;

	if (arena_init(&arena, &(struct arena_config){.name = "charged",
						      .size = sizeof(buffer),
						      .policy = ARENA_CLEAR_NEVER,
						      .backing = buffer}) == 0)
		text[0] = arena_push(&arena, 100, 1) ? 'a' : '-';
}

/* Runs this program again with a fixed layout. */
static void fix_layout(char **argv)
{
	int now = personality(0xffffffff);

	if (now & ADDR_NO_RANDOMIZE || personality((unsigned int)now | ADDR_NO_RANDOMIZE) < 0)
		return;
	execv("/proc/self/exe", argv);
	exit(1);
}

/* More changes than the kernel leaves unsummed: 64 pages a processor, many times over. */
static void stir(void)
{
	void *pages = mmap(NULL, STIR_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (pages == MAP_FAILED || munmap(pages, STIR_BYTES))
		exit(1);
}

int main(int argc, char **argv)
{
	static const char *const v1[] = {"\ntotal_cache ", "\ntotal_rss ", NULL};
	static const char *const v2[] = {"\nfile ",   "\nkernel_stack ", "\npagetables ",
					 "\npercpu ", "\nvmalloc ",	 "\nsock ",
					 "\nslab ",   "\nanon ",	 NULL};
	long long total = 0;

	fix_layout(argv);
	if (argc > 1 && !strcmp(argv[1], "traced"))
		allocate();
	stir();
	text[0] = '\n';
	if (!enter("/sys/fs/cgroup/memory", ":memory:")) {
		if (!slurp("memory.stat"))
			return 1;
		print_keys(v1, &total);
		total += slurp("memory.kmem.usage_in_bytes") ? atoll(text) : 0;
		printf("kernel %s", text);
	} else if (!enter("/sys/fs/cgroup", "0::") && slurp("memory.stat")) {
		memmove(text + 1, text, sizeof(text) - 1); /* every key behind a newline */
		text[0] = '\n';
		print_keys(v2, &total);
	} else {
		return 1;
	}
	printf("total %lld\n", total);
	return 0;
}
