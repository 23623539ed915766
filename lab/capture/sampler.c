/*
 * The timeline: samples of the cgroup's memory. A sample costs some file reads, so the interval is
 * at least COST_FACTOR times the cost (2 % of the time) and doubles every SAMPLES_PER_OCTAVE
 * samples, up to LAST_INTERVAL_NS. Where the charge grows fast the next sample comes halfway to the
 * limit, whatever it costs. A sample equal to the one before is not written.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "capture/source.h"
#include "launch/process.h"
#include "snapshot/maps.h"
#include "snapshot/memory_files.h"
#include "trace/trace_ring.h"

enum { SAMPLES_PER_OCTAVE = 256, COST_FACTOR = 50 };
#define FIRST_INTERVAL_NS INT64_C(5000000)
#define LEAST_INTERVAL_NS INT64_C(2000000) /* when the limit is near */
#define LAST_INTERVAL_NS  INT64_C(2000000000)

struct sampler {
	int64_t interval_ns;
	int64_t samples;
	struct record_sample last;     /* the last one read */
	int64_t written[METRIC_COUNT]; /* values of the last one written */
	bool has_written;
	int64_t charge_bytes, charge_ns; /* of the sample before, for halfway_ns() */
	struct memory_files memory_files;
};

struct key {
	enum metric metric;
	const char *v1, *v2; /* a key of memory.stat or a file; NULL: that version has none */
};

static const struct key stat_keys[] = {
	{METRIC_ANON, "total_rss", "anon"},
	{METRIC_FILE, "total_cache", "file"},
	{METRIC_SHMEM, "total_shmem", "shmem"},
	{METRIC_KERNEL, NULL, "kernel"},
	{METRIC_KERNEL_STACK, NULL, "kernel_stack"},
	{METRIC_PAGETABLES, NULL, "pagetables"},
	{METRIC_PERCPU, NULL, "percpu"},
	{METRIC_SLAB, NULL, "slab"},
	{METRIC_SOCK, NULL, "sock"},
	{METRIC_VMALLOC, NULL, "vmalloc"},
	{METRIC_ANON_THP, "total_rss_huge", "anon_thp"},
	{METRIC_PGFAULT, "total_pgfault", "pgfault"},
	{METRIC_PGMAJFAULT, "total_pgmajfault", "pgmajfault"},
	{METRIC_REFAULT_FILE, "total_workingset_refault_file", "workingset_refault_file"},
	{METRIC_REFAULT_ANON, "total_workingset_refault_anon", "workingset_refault_anon"},
	{METRIC_SWAP, "total_swap", NULL},
};

static const struct key file_keys[] = {
	{METRIC_CURRENT, "memory.usage_in_bytes", "memory.current"},
	{METRIC_PEAK, "memory.max_usage_in_bytes", "memory.peak"},
	{METRIC_SWAP, NULL, "memory.swap.current"},
	{METRIC_KERNEL, "memory.kmem.usage_in_bytes", NULL},
};

static const char *key_name(const struct key *key, int version)
{
	return version == 2 ? key->v2 : key->v1;
}

static void read_stat(const struct cg *cg, struct record_sample *sample)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	if (io_read_at(cg->levels[0].dirfd, "memory.stat", 65536, &sb))
		return;
	for (size_t i = 0; i < sizeof(stat_keys) / sizeof(stat_keys[0]); i++) {
		const char *name = key_name(&stat_keys[i], cg->version);
		int64_t n = name ? io_keyed_number(sb.buf, name) : -1;

		if (n >= 0)
			sample->value[stat_keys[i].metric] = n;
	}
}

static void read_files(const struct cg *cg, struct record_sample *sample)
{
	for (size_t i = 0; i < sizeof(file_keys) / sizeof(file_keys[0]); i++) {
		const char *name = key_name(&file_keys[i], cg->version);
		int64_t n;

		if (name && !io_read_number_at(cg->levels[0].dirfd, name, &n))
			sample->value[file_keys[i].metric] = n;
	}
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234\nfull ..." (Documentation/accounting/psi.rst)
 */
static void read_pressure(const struct cg *cg, struct record_sample *sample)
{
	char text[256], *total;
	int fd = openat(cg->levels[0].dirfd, "memory.pressure", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	long long us;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return;
	text[n] = '\0';
	total = strstr(text, "total=");
	if (total && sscanf(total, "total=%lld", &us) == 1)
		sample->value[METRIC_PSI_SOME_US] = us;
	total = total ? strstr(total + 1, "total=") : NULL;
	if (total && sscanf(total, "total=%lld", &us) == 1)
		sample->value[METRIC_PSI_FULL_US] = us;
}

void sampler_read_cgroup(const struct cg *cg, struct record_sample *sample)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		sample->value[i] = ABSENT;
	sample->t_ns = io_now_ns();
	read_files(cg, sample);
	read_stat(cg, sample);
	read_pressure(cg, sample);
}

static void sampler_read(struct capture *capture)
{
	struct record_sample *sample = &capture->sampler->last;
	int64_t vsz, rss;

	sampler_read_cgroup(capture->cg, sample);
	guest_files_read(capture, sample);
	if (capture->target && !capture->target_ended &&
	    !process_sizes(capture->target->pid, &vsz, &rss) && vsz) {
		sample->value[METRIC_VSZ] = vsz;
		sample->value[METRIC_RSS] = rss;
	}
	capture->sampler->samples++;
	capture->status.current_bytes = sample->value[METRIC_CURRENT];
}

static bool is_news(const struct capture *capture)
{
	const int64_t *last = capture->sampler->last.value, *written = capture->sampler->written;

	if (!capture->sampler->has_written)
		return true;
	/* Pressure totals creep up by themselves; they are no news alone. */
	for (int i = 0; i < METRIC_COUNT; i++)
		if (last[i] != written[i] && i != METRIC_PSI_SOME_US && i != METRIC_PSI_FULL_US)
			return true;
	return false;
}

static void write_last(struct capture *capture)
{
	record_put_sample(capture->w, &capture->sampler->last);
	memcpy(capture->sampler->written, capture->sampler->last.value,
	       sizeof(capture->sampler->written));
	capture->sampler->has_written = true;
}

void sampler_take(struct capture *capture)
{
	sampler_read(capture);
	write_last(capture);
}

void sampler_put(struct capture *capture, const struct record_sample *sample)
{
	capture->sampler->last = *sample;
	capture->sampler->samples++;
	write_last(capture);
}

const struct record_sample *sampler_last(const struct capture *capture)
{
	return &capture->sampler->last;
}

static void arm(struct capture *capture)
{
	struct itimerspec when = {
		.it_value = {capture->sampler->interval_ns / 1000000000,
			     capture->sampler->interval_ns % 1000000000},
	};

	timerfd_settime(capture->polls[SOURCE_SAMPLER].fd, 0, &when, NULL);
}

static int open_sampler(struct capture *capture, char *why)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	capture->sampler = xcalloc(1, sizeof(*capture->sampler));
	if (fd < 0)
		snprintf(why, WHY_MAX, "timerfd: %s", strerror(errno));
	capture->sampler->interval_ns = FIRST_INTERVAL_NS;
	capture->polls[SOURCE_SAMPLER].fd = fd;
	if (fd >= 0)
		arm(capture);
	return fd;
}

/* Ever more rarely, because most libraries are loaded early in a run. */
static bool is_time_for_maps(int64_t samples)
{
	return samples == 1 || samples == 8 || samples == 64 || samples == 1024;
}

/* Half of the time until a sixteenth of the limit is left, at the growth since the last sample. */
static int64_t halfway_ns(struct capture *capture)
{
	int64_t current = capture->sampler->last.value[METRIC_CURRENT],
		now = capture->sampler->last.t_ns;
	int64_t limit = capture->status.max_bytes, left = limit - limit / 16 - current;
	int64_t before = capture->sampler->charge_ns ? capture->sampler->charge_ns
						     : capture->started_ns;
	double per_ns;

	if (current == ABSENT || limit == INT64_MAX || now <= before)
		return LAST_INTERVAL_NS;
	per_ns = (double)(current - capture->sampler->charge_bytes) / (double)(now - before);
	capture->sampler->charge_bytes = current;
	capture->sampler->charge_ns = now;
	if (left <= 0 || per_ns * (double)LAST_INTERVAL_NS <= (double)left)
		return LAST_INTERVAL_NS;
	left = (int64_t)((double)left / per_ns / 2);
	return left > LEAST_INTERVAL_NS ? left : LEAST_INTERVAL_NS;
}

void sampler_find_memory_files(struct capture *capture)
{
	const struct memory_files_moment now = {
		.cg = capture->cg,
		.pid = capture->target ? capture->target->pid : -1,
		.current = capture->sampler->last.value[METRIC_CURRENT],
		.shmem = capture->sampler->last.value[METRIC_SHMEM],
		.limit = capture->status.max_bytes,
		.started_ns = capture->started_ns,
		.ring_fd = capture->config.ring ? trace_ring_fd(capture->config.ring) : -1,
	};

	if (capture->target && !capture->target_ended)
		memory_files_find(&capture->sampler->memory_files, &now, capture->w);
}

static void read_sampler(struct capture *capture)
{
	int64_t started = io_now_ns(), cost, least = FIRST_INTERVAL_NS, halfway;
	uint64_t ticks;

	if (read(capture->polls[SOURCE_SAMPLER].fd, &ticks, sizeof(ticks)) < 0)
		return;
	sampler_read(capture);
	if (is_news(capture))
		write_last(capture);
	if (!capture->profile && is_time_for_maps(capture->sampler->samples))
		maps_write(capture->w, capture->target->pid);
	sampler_find_memory_files(capture);
	if (capture->cg->made && !capture->target_ended && !capture->escaped_to)
		capture->escaped_to = cg_left_for(capture->cg, capture->target->pid);
	family_tick(capture);
	if (capture->cg->version == 1)
		source_events.read(capture);
	if (capture->config.progress)
		capture->config.progress(&capture->status, capture->config.ctx);
	cost = (io_now_ns() - started) * COST_FACTOR;
	least = FIRST_INTERVAL_NS << (capture->sampler->samples / SAMPLES_PER_OCTAVE < 12
					      ? capture->sampler->samples / SAMPLES_PER_OCTAVE
					      : 12);
	capture->sampler->interval_ns = cost > least ? cost : least;
	halfway = halfway_ns(capture);
	if (capture->sampler->interval_ns > halfway)
		capture->sampler->interval_ns = halfway;
	arm(capture);
}

static void close_sampler(struct capture *capture)
{
	free(capture->sampler);
}

const struct source source_sampler = {
	.name = "memory.stat",
	.open = open_sampler,
	.read = read_sampler,
	.close = close_sampler,
	.events = POLLIN,
};
