#include "preload/count.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "preload/tables.h"
#include "trace.h"

/* Set while a record is written: a signal handler that comes in between has to do without one. */
static _Thread_local volatile bool is_recording;

bool count_attach(void)
{
	const char *text = getenv(TRACE_FD_ENV);
	char *end;
	long fd;

	if (!text || *text < '0' || *text > '9')
		return false;
	fd = strtol(text, &end, 10);
	if (*end || fd > 1 << 20 || !tables_map((int)fd))
		return false;
	trace_attach();
	return trace_on() && pthread_atfork(NULL, NULL, tables_forked) == 0;
}

static void add(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

static void record(enum trace_op op, enum trace_taken what, uintptr_t start, size_t bytes,
		   uintptr_t site)
{
	if (bytes < TRACE_LARGE_BYTES)
		return;
	if (is_recording) {
		add(&trace_state.header->records_lost, 1);
		return;
	}
	is_recording = true;
	trace_append(op, (uint16_t)what, 0, start, bytes, site);
	is_recording = false;
}

static void site_took(struct trace_site *site, size_t size, uint64_t calls)
{
	const uint64_t asked = __atomic_add_fetch(&site->asked, size, __ATOMIC_RELAXED);
	const uint64_t live = asked - __atomic_load_n(&site->freed, __ATOMIC_RELAXED);
	uint64_t peak = __atomic_load_n(&site->peak, __ATOMIC_RELAXED);

	add(&site->calls, calls);
	/* Another thread may have freed between the two: then it is no peak of any moment. */
	while (live > peak && live <= asked &&
	       !__atomic_compare_exchange_n(&site->peak, &peak, live, true, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
}

static void site_gave(struct trace_site *site, size_t size, uint64_t frees)
{
	add(&site->frees, frees);
	add(&site->freed, size);
}

static void not_followed(struct trace_process *process, size_t size)
{
	add(&process->not_followed, 1);
	add(&process->not_followed_bytes, size);
}

void count_take(const void *p, size_t size, uintptr_t address, enum trace_taken what)
{
	struct trace_process *process = tables_process();
	struct trace_site *site;
	bool is_followed;

	if (!process)
		return;
	site = tables_site(address, what);
	site_took(site, size, 1);
	is_followed = size < TRACE_LARGE_BYTES
			      ? follow_add(p, size, site)
			      : range_add((uintptr_t)p, size, tables_key(address, what));
	if (!is_followed)
		not_followed(process, size);
	record(TRACE_TAKE, what, (uintptr_t)p, size, address);
}

static struct trace_site *find_large(const void *p, struct count_given *given)
{
	given->size = range_remove((uintptr_t)p, &given->key);
	return given->size ? tables_site_of(given->key) : NULL;
}

/* malloc hands out pages of their own for large ones, behind two words at their start. */
static bool looks_large(const void *p)
{
	return ((uintptr_t)p & 0xfff) == 2 * sizeof(size_t);
}

static struct trace_site *find(const void *p, struct count_given *given)
{
	struct trace_site *site = looks_large(p) ? find_large(p, given) : NULL;

	if (site)
		return site;
	site = follow_remove(p, &given->size);
	if (!site)
		return looks_large(p) ? NULL : find_large(p, given);
	given->key = site->key;
	return site;
}

struct count_given count_give_for_now(const void *p)
{
	struct trace_process *process = tables_process();
	struct count_given given = {.p = p};
	struct trace_site *site;

	if (!process)
		return given;
	site = find(p, &given);
	if (!site) {
		add(&process->frees_unknown, 1);
		return given;
	}
	site_gave(site, given.size, 1);
	record(TRACE_GIVE, TRACE_TAKEN_MALLOC, (uintptr_t)p, given.size,
	       TRACE_SITE_ADDRESS(given.key));
	return given;
}

void count_give(const void *p)
{
	count_give_for_now(p);
}

void count_take_back(const struct count_given *given)
{
	struct trace_site *site;

	if (!given->key)
		return;
	site = tables_site_of(given->key);
	site_gave(site, -given->size, UINT64_MAX);
	if (given->size < TRACE_LARGE_BYTES
		    ? !follow_add(given->p, given->size, site)
		    : !range_add((uintptr_t)given->p, given->size, given->key))
		not_followed(tables_process(), given->size);
}

void count_refused(size_t size, uintptr_t address, enum trace_taken what, int error)
{
	struct trace_site *site;
	uint64_t most;

	if (error != ENOMEM || !tables_process())
		return;
	site = tables_site(address, what);
	most = __atomic_load_n(&site->refused_most, __ATOMIC_RELAXED);
	while (size > most && !__atomic_compare_exchange_n(&site->refused_most, &most, size, true,
							   __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	__atomic_fetch_add(&site->refused, 1, __ATOMIC_RELAXED);
}

void count_map(uintptr_t start, size_t bytes, uintptr_t address, enum trace_taken what)
{
	struct trace_process *process = tables_process();
	uint64_t key;

	if (!process)
		return;
	key = tables_key(address, what);
	site_took(tables_site(address, what), bytes, 1);
	if (!(what == TRACE_TAKEN_BRK && range_extend(start, bytes, key)) &&
	    !range_add(start, bytes, key))
		not_followed(process, bytes);
	record(TRACE_TAKE, what, start, bytes, address);
}

static void unmapped(uint64_t key, size_t bytes, bool is_last)
{
	site_gave(tables_site_of(key), bytes, is_last);
}

void count_unmap(uintptr_t start, size_t bytes)
{
	if (!tables_process())
		return;
	range_cut(start, bytes, unmapped);
	record(TRACE_GIVE, TRACE_TAKEN_MMAP, start, bytes, 0);
}
