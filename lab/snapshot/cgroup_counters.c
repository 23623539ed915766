#include "snapshot/cgroup_counters.h"

#include "base/io.h"
#include "base/strbuf.h"

static void set_absent(struct record_counters *counters)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		counters->value[i] = ABSENT;
}

static int64_t keyed(const char *text, const char *key)
{
	int64_t n = io_keyed_number(text, key);

	return n < 0 ? ABSENT : n;
}

static void read_v1(int dirfd, struct record_counters *counters)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	int64_t failcnt, both = 0;

	/* Where both limits are equal, that of memory and swap together fails, and counts apart. */
	io_read_number_at(dirfd, "memory.memsw.failcnt", &both);
	if (!io_read_number_at(dirfd, "memory.failcnt", &failcnt))
		counters->value[COUNTER_MAX] = failcnt + both;
	if (!io_read_at(dirfd, "memory.oom_control", 4096, &sb))
		counters->value[COUNTER_OOM_KILL] = keyed(sb.buf, "oom_kill");
}

void cgroup_counters_read(const struct cg *cg, int level, bool local,
			  struct record_counters *counters)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	int dirfd = cg->levels[level].dirfd;

	set_absent(counters);
	if (cg->version == 1) {
		if (!local)
			read_v1(dirfd, counters);
		return;
	}
	if (io_read_at(dirfd, local ? "memory.events.local" : "memory.events", 4096, &sb))
		return;
	for (int i = 0; i < COUNTER_COUNT; i++)
		counters->value[i] = keyed(sb.buf, record_counter_names[i]);
}
