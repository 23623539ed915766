#include "os_mem.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

size_t os_mem_page_size(void)
{
	static size_t page_size;
	size_t known = __atomic_load_n(&page_size, __ATOMIC_RELAXED);

	if (known == 0) {
		known = (size_t)sysconf(_SC_PAGESIZE);
		__atomic_store_n(&page_size, known, __ATOMIC_RELAXED);
	}
	return known;
}

static int check_range(const void *addr, size_t bytes)
{
	const uintptr_t below_page = os_mem_page_size() - 1;

	if (bytes == 0 || (bytes & below_page) || ((uintptr_t)addr & below_page))
		return -EINVAL;
	return 0;
}

int os_mem_reserve(size_t bytes, void **addr)
{
	void *p;

	if (check_range(NULL, bytes) < 0)
		return -EINVAL;
	p = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	*addr = p;
	return 0;
}

/* linux/prctl.h of 5.17; older headers do not have it. */
#ifndef PR_SET_VMA
#define PR_SET_VMA	     0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
enum { VMA_NAME_MAX = 80 }; /* with the NUL: ANON_VMA_NAME_MAX_LEN in the kernel's mm/madvise.c */

void os_mem_name(void *addr, size_t bytes, const char *name)
{
	char text[VMA_NAME_MAX];
	size_t len = 0;

	for (; len < sizeof(text) - 1 && name[len]; len++)
		text[len] = (char)(name[len] < ' ' || name[len] > '~' || strchr("\\`$[]", name[len])
					   ? '_'
					   : name[len]);
	text[len] = '\0';
	prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, addr, bytes, text);
}

int os_mem_commit(void *addr, size_t bytes)
{
	if (check_range(addr, bytes) < 0)
		return -EINVAL;
	return mprotect(addr, bytes, PROT_READ | PROT_WRITE) < 0 ? -errno : 0;
}

int os_mem_decommit(void *addr, size_t bytes)
{
	const int status = os_mem_discard(addr, bytes);

	if (status < 0)
		return status;
	return mprotect(addr, bytes, PROT_NONE) < 0 ? -errno : 0;
}

int os_mem_discard(void *addr, size_t bytes)
{
	if (check_range(addr, bytes) < 0)
		return -EINVAL;
	return madvise(addr, bytes, MADV_DONTNEED) < 0 ? -errno : 0;
}

int os_mem_release(void *addr, size_t bytes)
{
	return munmap(addr, bytes) < 0 ? -errno : 0;
}

int os_mem_map_shared(int fd, size_t bytes, void **addr)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		return -errno;
	*addr = p;
	return 0;
}
