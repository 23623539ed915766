#include "preload/tables.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/tables_map.h"
#include "trace_clock.h"

#define SITE_PROBES 64

_Static_assert(sizeof(struct trace_header) == 128, "wire format");
_Static_assert(sizeof(struct trace_process) == 64, "wire format");
_Static_assert(sizeof(struct trace_module) == 256, "wire format");
_Static_assert(sizeof(struct trace_site) == 72, "wire format");
_Static_assert(sizeof(struct trace_range) == 32, "wire format");
_Static_assert(sizeof(struct trace_bucket) == 64, "wire format");

struct tables tables;

/* Id of this process; NOBODY: it found no place. */
enum { UNCLAIMED = 0, NOBODY = -1 };
static int self;
static uint32_t parent; /* of the next claim: the process this one was forked from */

static bool is_power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

static bool is_sound(const struct trace_header *h, off_t file_bytes)
{
	return h->magic == TRACE_MAGIC && h->version == TRACE_VERSION &&
	       h->clock == TRACE_CLOCK_HERE && h->process_capacity > 0 &&
	       h->process_capacity <= TRACE_PROCESS_CAPACITY && h->module_capacity > 0 &&
	       h->module_capacity < UINT16_MAX && is_power_of_two(h->site_capacity) &&
	       h->site_capacity > TRACE_TAKEN_COUNT && h->site_capacity <= TRACE_SITE_CAPACITY &&
	       is_power_of_two(h->range_capacity) && is_power_of_two(h->follow_buckets) &&
	       h->total_bytes == TRACE_TOTAL_BYTES(h->arena_capacity, h->block_count) +
					 TRACE_TABLES_BYTES(h) &&
	       h->total_bytes <= (uint64_t)file_bytes;
}

static void place(void *map, const struct trace_header *h)
{
	char *at = (char *)map + TRACE_TOTAL_BYTES(h->arena_capacity, h->block_count);

	tables = (struct tables){.header = map, .geometry = *h};
	tables.processes = (struct trace_process *)(void *)at;
	tables.modules = (struct trace_module *)(tables.processes + h->process_capacity);
	tables.sites = (struct trace_site *)(tables.modules + h->module_capacity);
	tables.ranges = (struct trace_range *)(tables.sites + h->site_capacity);
	tables.buckets = (struct trace_bucket *)(tables.ranges + h->range_capacity);
}

bool tables_map(int fd)
{
	struct trace_header header;
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0 || pread(fd, &header, sizeof(header), 0) != sizeof(header))
		return false;
	if (!is_sound(&header, st.st_size))
		return false;
	map = mmap(NULL, header.total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return false;
	place(map, &header);
	return true;
}

void tables_forked(void)
{
	parent = self > 0 ? (uint32_t)self : 0;
	self = UNCLAIMED;
}

/* The image that this pid ran before its exec() is gone, and all it held. */
static void replace_older(uint32_t before, uint32_t pid)
{
	for (uint32_t i = 0; i < before; i++)
		if (tables.processes[i].pid == pid &&
		    tables.processes[i].state == TRACE_PROCESS_LIVE)
			__atomic_store_n(&tables.processes[i].state, TRACE_PROCESS_REPLACED,
					 __ATOMIC_RELEASE);
}

static int claim_process(void)
{
	uint32_t *claimed = &tables.header->processes_claimed;
	const uint32_t pid = (uint32_t)getpid();
	struct trace_process *entry;
	uint32_t index;

	if (__atomic_load_n(claimed, __ATOMIC_RELAXED) > 1u << 30)
		return NOBODY;
	index = __atomic_fetch_add(claimed, 1, __ATOMIC_RELAXED);
	if (index >= tables.geometry.process_capacity)
		return NOBODY;
	if (!parent)
		replace_older(index, pid);
	entry = &tables.processes[index];
	entry->pid = pid;
	entry->parent = parent;
	entry->time_first = trace_clock_ticks();
	__atomic_store_n(&entry->state, TRACE_PROCESS_LIVE, __ATOMIC_RELEASE);
	return (int)index + 1;
}

/* Two threads may both claim at first: the later entry stays empty of figures. */
struct trace_process *tables_process(void)
{
	int id = __atomic_load_n(&self, __ATOMIC_RELAXED);

	if (__builtin_expect(id == UNCLAIMED, 0)) {
		int expected = UNCLAIMED;

		id = claim_process();
		if (!__atomic_compare_exchange_n(&self, &expected, id, false, __ATOMIC_RELAXED,
						 __ATOMIC_RELAXED))
			id = expected;
	}
	return id > 0 ? &tables.processes[id - 1] : NULL;
}

uint32_t tables_self(void)
{
	return self > 0 ? (uint32_t)self : 0;
}

void tables_exited(void)
{
	if (self > 0 && tables.processes[self - 1].pid == (uint32_t)getpid())
		__atomic_store_n(&tables.processes[self - 1].state, TRACE_PROCESS_EXITED,
				 __ATOMIC_RELEASE);
}

bool tables_is_over(uint32_t process)
{
	return process == 0 || process > tables.geometry.process_capacity ||
	       __atomic_load_n(&tables.processes[process - 1].state, __ATOMIC_RELAXED) >
		       TRACE_PROCESS_LIVE;
}

/* Index + 1 of the module of that path, entered if it is new; 0: the table is full. */
static uint16_t module_of(const char *path)
{
	for (uint32_t i = 0; i < tables.geometry.module_capacity; i++) {
		struct trace_module *m = &tables.modules[i];
		uint32_t state = __atomic_load_n(&m->state, __ATOMIC_ACQUIRE);

		if (state == 0 && __atomic_compare_exchange_n(&m->state, &state, 1, false,
							      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
			strncpy(m->path, path, sizeof(m->path) - 1);
			__atomic_store_n(&m->state, 2, __ATOMIC_RELEASE);
			return (uint16_t)(i + 1);
		}
		if (state == 2 && !strncmp(m->path, path, sizeof(m->path) - 1))
			return (uint16_t)(i + 1);
	}
	return 0;
}

/* The link map has no name for the program itself. */
static uint16_t module_of_program(void)
{
	char path[TRACE_MODULE_PATH_MAX];
	const ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return 0;
	path[n] = '\0';
	return module_of(path);
}

#ifdef DLFO_STRUCT_HAS_EH_DBASE
static int (*find_object)(void *address, struct dl_find_object *result);

void tables_use_finder(void *dl_find_object)
{
	memcpy(&find_object, &dl_find_object, sizeof(find_object));
}

/*
 * dladdr() would take the dynamic linker's lock, which another thread, or this one's parent, may
 * hold for as long as a constructor likes.
 */
static void name_site(struct trace_site *site, uintptr_t address)
{
	const int saved = errno;
	struct dl_find_object object;
	const char *name;
	uint16_t module = 0;

	/* NOLINTNEXTLINE(performance-no-int-to-ptr): it is a number all the way */
	if (!find_object || find_object((void *)address, &object) || !object.dlfo_link_map)
		return;
	name = object.dlfo_link_map->l_name;
	site->offset = address - object.dlfo_link_map->l_addr;
	if (!name || !*name)
		module = module_of_program();
	else if (*name == '/')
		module = module_of(name);
	__atomic_store_n(&site->module, module, __ATOMIC_RELEASE);
	errno = saved;
}
#else
void tables_use_finder(void *dl_find_object)
{
	(void)dl_find_object;
}

static void name_site(struct trace_site *site, uintptr_t address)
{
	(void)site, (void)address;
}
#endif

uint64_t tables_key(uintptr_t address, enum trace_taken what)
{
	return TRACE_SITE_KEY(address, self, what);
}

struct trace_site *tables_site(uintptr_t address, enum trace_taken what)
{
	const uint64_t key = tables_key(address, what);
	const uint32_t mask = tables.geometry.site_capacity - 1;
	uint32_t at = (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40);

	for (int i = 0; i < SITE_PROBES; i++, at++) {
		struct trace_site *site = &tables.sites[at & mask];
		uint64_t found = __atomic_load_n(&site->key, __ATOMIC_RELAXED);

		if (found == key)
			return site;
		if (found || (at & mask) < TRACE_TAKEN_COUNT)
			continue;
		if (__atomic_compare_exchange_n(&site->key, &found, key, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED)) {
			name_site(site, address);
			return site;
		}
		if (found == key)
			return site;
	}
	tables.sites[what].key = TRACE_SITE_KEY(0, 0, what);
	return &tables.sites[what];
}

struct trace_site *tables_site_of(uint64_t key)
{
	return tables_site(TRACE_SITE_ADDRESS(key), TRACE_SITE_TAKEN(key));
}
