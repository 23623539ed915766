/*
 * Small pointers that are out. A bucket is a cache line and stands for 256 bytes of heap:
 * neighbours in the heap are neighbours here, which keeps to few pages and few cache lines. What
 * does not fit, the smallest allocations and where two regions of the heap meet, goes to a second
 * bucket and so on: the next few keep the neighbourhood as well, the last are anywhere.
 */
#include "preload/tables_map.h"

#define PROBES	    16
#define NEAR_PROBES 4

struct probe {
	uint64_t group, region;
	int count;
};

static uint64_t mix(uint64_t x)
{
	x *= UINT64_C(0x9e3779b97f4a7c15);
	return x ^ x >> 29;
}

static struct probe first_probe(uintptr_t address, uint32_t process)
{
	const uint64_t group = address >> 8;

	return (struct probe){
		.group = group,
		.region = mix((group >> 12) + 1 + ((uint64_t)process << 40)),
	};
}

static struct trace_bucket *next_bucket(struct probe *p)
{
	const uint64_t at = p->count < NEAR_PROBES ? p->group + (p->region >> 24)
						   : mix(p->group ^ p->region) >> 24;

	p->region = mix(p->region);
	p->count++;
	return &tables.buckets[at & (tables.geometry.follow_buckets - 1)];
}

/* An empty place, or that of a process that has ended. */
static bool take_place(struct trace_follow *entry, uint64_t key, uint64_t value)
{
	uint64_t found = __atomic_load_n(&entry->key, __ATOMIC_RELAXED);

	if (found && !tables_is_over(TRACE_FOLLOW_PROCESS(found)))
		return false;
	if (!__atomic_compare_exchange_n(&entry->key, &found, key, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return false;
	__atomic_store_n(&entry->value, value, __ATOMIC_RELEASE);
	return true;
}

bool follow_add(const void *p, size_t size, const struct trace_site *site)
{
	const uint64_t key = TRACE_FOLLOW_KEY((uintptr_t)p, tables_self());
	const uint64_t value = (uint64_t)(site - tables.sites) | (uint64_t)size << 16;
	struct probe probe = first_probe((uintptr_t)p, tables_self());

	for (int i = 0; i < PROBES; i++) {
		struct trace_bucket *bucket = next_bucket(&probe);

		for (int j = 0; j < TRACE_FOLLOW_PER_BUCKET; j++)
			if (take_place(&bucket->entries[j], key, value))
				return true;
	}
	return false;
}

static struct trace_site *release(struct trace_follow *entry, size_t *size)
{
	const uint64_t value = __atomic_load_n(&entry->value, __ATOMIC_ACQUIRE);
	const uint64_t index = value & 0xffff;

	*size = (size_t)(value >> 16);
	__atomic_store_n(&entry->key, 0, __ATOMIC_RELEASE);
	return &tables.sites[index & (tables.geometry.site_capacity - 1)];
}

struct trace_site *follow_remove(const void *p, size_t *size)
{
	const uint64_t key = TRACE_FOLLOW_KEY((uintptr_t)p, tables_self());
	struct probe probe = first_probe((uintptr_t)p, tables_self());

	for (int i = 0; i < PROBES; i++) {
		struct trace_bucket *bucket = next_bucket(&probe);

		for (int j = 0; j < TRACE_FOLLOW_PER_BUCKET; j++)
			if (__atomic_load_n(&bucket->entries[j].key, __ATOMIC_ACQUIRE) == key)
				return release(&bucket->entries[j], size);
	}
	return NULL;
}
