#include "run/run_current.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "launch/process.h"

static bool is_link(const char *path, const char *wanted)
{
	char name[64];
	ssize_t n = readlink(path, name, sizeof(name) - 1);

	if (n <= 0)
		return false;
	name[n] = '\0';
	return !strcmp(name, wanted);
}

/*
 * Whether this process is in the kernel's first pid namespace and in the mount namespace of process
 * 1. That is no container, even if its root has marks that came with an image. The first namespaces
 * have fixed numbers (include/uapi/linux/nsfs.h); that of mounts has one on recent kernels only.
 */
static bool is_beside_init(void)
{
	char files[64];
	ssize_t n = readlink("/proc/1/ns/mnt", files, sizeof(files) - 1);

	if (!is_link("/proc/self/ns/pid", "pid:[4026531836]"))
		return false;
	if (n <= 0)
		return is_link("/proc/self/ns/mnt", "mnt:[4026531832]");
	files[n] = '\0';
	return is_link("/proc/self/ns/mnt", files);
}

/* oomlab's own image and systemd set "container". */
bool run_current_is_container(void)
{
	if (is_beside_init())
		return false;
	return getenv("container") || getenv("KUBERNETES_SERVICE_HOST") ||
	       !access("/.dockerenv", F_OK) || !access("/run/.containerenv", F_OK);
}

int run_current_probe(struct run *run, struct err *err)
{
	struct plan_facts *facts = &run->facts;
	struct err ignored = ERR_INIT;
	struct cg own;

	(void)err;
	facts->in_container = run_current_is_container();
	facts->limit_requested = run->options->spec.memory_max.is_set;
	if (cg_open_own(&own, &run->reasons.current) < 0) {
		facts->current_reason = run->reasons.current.text;
		return 0;
	}
	facts->current_version = own.version;
	facts->current_limit = cg_limit_in_force(&own);
	cg_destroy(&own, &ignored);
	return 0;
}

int run_current_prepare(struct run *run, struct err *err)
{
	struct spec *spec = &run->spec;

	(void)err;
	if (run->facts.current_limit.is_max)
		return 0;
	spec_set_limit(spec, &run->facts.current_limit);
	spec->memory_swap_max = (struct amount){0};
	return 0;
}

void run_current_note(struct record_writer *w, const struct cg *cg, bool in_container)
{
	_cleanup_free_ char *text = NULL;
	struct cgroup_limits limits;
	int64_t vsz, rss;

	if (process_sizes(getpid(), &vsz, &rss))
		rss = 0;
	text = text_format(
		"oomlab runs in the same %s: counters and sizes are the whole %s's, oomlab (%s resident), its trace and its record included",
		in_container ? "container" : "cgroup", in_container ? "container" : "cgroup",
		TEXT_SIZE((uint64_t)rss));
	record_put_note(w, text);
	/* When process 1 dies, the kernel ends its whole pid namespace. */
	if (getpid() != 1)
		record_put_note(
			w,
			"Not guarded: should the launcher be killed, its guardian ends the target alone, and what the target has started goes on");
	cg_read_limits(cg, 0, &limits);
	if (limits.oom_group)
		record_put_note(
			w,
			"memory.oom.group is 1 here: a kill takes oomlab with the target, and the record ends there");
}
