/*
 * The Windows program of scenarios/virtualalloc-2g.c: reserves 2 GiB, commits 1 GiB of it, touches
 * 64 MiB, then all that it committed. Before each further step it says where it is and waits for a
 * line, so that it can be measured there. An error is one line and status 1.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

#define MIB ((SIZE_T)1 << 20)

static void touch(char *p, SIZE_T bytes)
{
	volatile char *at = p;

	for (SIZE_T i = 0; i < bytes; i += 4096)
		at[i] = 1;
}

static void stop_at(const char *name)
{
	char line[16];

	printf("%s\n", name);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		ExitProcess(1);
}

static void *must(void *p, const char *call)
{
	if (p)
		return p;
	printf("%s: error %lu\n", call, GetLastError());
	fflush(stdout);
	ExitProcess(1);
}

int main(void)
{
	char *reserved, *committed;

	stop_at("started");
	reserved = must(VirtualAlloc(NULL, 2048 * MIB, MEM_RESERVE, PAGE_NOACCESS), "MEM_RESERVE");
	stop_at("reserved");
	committed = must(VirtualAlloc(reserved, 1024 * MIB, MEM_COMMIT, PAGE_READWRITE),
			 "MEM_COMMIT");
	stop_at("committed");
	touch(committed, 64 * MIB);
	stop_at("touched");
	touch(committed, 1024 * MIB);
	stop_at("survived");
	return 0;
}
