#include <string.h>

#include "explain/explain_parts.h"

#define ID_MIN	 32 /* hexadecimal digits of an id, at least */
#define ID_SHOWN 12 /* as crictl, docker and podman show it */

/* A pod's cgroup, by the paths of kubelet's two cgroup drivers. */
struct pod {
	bool is_pods; /* within kubepods */
	char uid[9];  /* the first digits of the pod's id; "": none */
	char container[ID_SHOWN + 1];
	bool is_deeper; /* below the container's own cgroup */
};

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static size_t hex_run(const char *s)
{
	size_t n = 0;

	while (is_hex(s[n]))
		n++;
	return n;
}

static void keep_id(char *to, size_t size, const char *from)
{
	memcpy(to, from, size - 1);
	to[size - 1] = '\0';
}

/* ".../kubepods-burstable-pod94eb36cd_29e1_...slice/cri-containerd-46b3e0....scope", or with '/'. */
static struct pod pod_of(const char *path)
{
	struct pod pod = {0};
	const char *at = path ? strstr(path, "kubepods") : NULL;

	if (!at)
		return pod;
	pod.is_pods = true;
	for (at = strstr(at, "pod"); at; at = strstr(at + 3, "pod"))
		if ((at[-1] == '/' || at[-1] == '-') && hex_run(at + 3) >= 8)
			break;
	if (!at)
		return pod;
	keep_id(pod.uid, sizeof(pod.uid), at + 3);
	at = strchr(at, '/');
	for (const char *p = at; p && *p; p++) {
		size_t n = hex_run(p);

		if (n < ID_MIN || is_hex(p[-1]))
			continue;
		keep_id(pod.container, sizeof(pod.container), p);
		pod.is_deeper = strchr(p, '/') != NULL;
		break;
	}
	pod.is_deeper |= at && !*pod.container;
	return pod;
}

/* Ids of containers are shortened to what the tools show. */
static const char *short_path(struct explanation *x, const char *path)
{
	char *copy = (char *)explain_name(x, path), *to = copy;

	for (const char *from = copy; *from;) {
		size_t n = hex_run(from);

		if (n >= ID_MIN) {
			memmove(to, from, ID_SHOWN);
			memcpy(to + ID_SHOWN, "...", 3);
			to += ID_SHOWN + 3;
			from += n;
			continue;
		}
		n = n ? n : 1;
		memmove(to, from, n);
		to += n;
		from += n;
	}
	*to = '\0';
	return copy;
}

const char *explain_cgroup(struct explanation *x, const char *path)
{
	struct pod pod = pod_of(path);

	if (!path)
		return "cgroup ?";
	if (*pod.container && !pod.is_deeper)
		return pool_format(&x->pool, "container %s of pod %s", pod.container, pod.uid);
	if (*pod.container)
		return pool_format(&x->pool, "a cgroup within container %s of pod %s",
				   pod.container, pod.uid);
	if (*pod.uid)
		return pool_format(&x->pool, "%spod %s", pod.is_deeper ? "a cgroup within " : "",
				   pod.uid);
	return pool_format(&x->pool, "cgroup %s", short_path(x, path));
}

/* The last component: "pulse.service". */
static const char *unit_of(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!slash || !(text_ends_with(path, ".service") || text_ends_with(path, ".slice")))
		return NULL;
	return slash + 1;
}

static bool is_in_lxc(const char *path)
{
	return path && (text_starts_with(path, "/lxc/") || text_starts_with(path, "/lxc.payload"));
}

void explain_say_owner(struct explanation *x, const struct oomlog_event *ev, uint64_t line)
{
	const char *unit = unit_of(ev->oom_memcg);

	if (unit && is_in_lxc(ev->oom_memcg) && !pod_of(ev->oom_memcg).is_pods)
		explain_say(
			x, TOPIC_WHAT, line, 0,
			"The limit is that of the unit %s inside the LXC container, not the container's own.",
			explain_name(x, unit));
}

/* Which limit of the manifest to raise. */
static void change_pod(struct explanation *x, const struct oomlog_event *ev, const struct pod *pod,
		       uint64_t line)
{
	struct pod victim = pod_of(ev->task_memcg);

	if (!*pod->uid)
		explain_say(
			x, TOPIC_CHANGE, line, 0,
			"%s is what the node leaves to its pods: let fewer pods share the node, have their limits add up to less, or reserve less for the system.",
			explain_name(x, ev->oom_memcg));
	else if (*pod->container && !pod->is_deeper)
		explain_say(
			x, TOPIC_CHANGE, line, 0,
			"Raise resources.limits.memory of container %s in the manifest of pod %s, or have it touch less memory.",
			pod->container, pod->uid);
	else if (!*pod->container && !pod->is_deeper)
		explain_say(
			x, TOPIC_CHANGE, line, ev->lines.summary,
			"A pod's limit is the sum of its containers' limits, unless it has one of its own: raise resources.limits.memory of the container that grew%s, or have it touch less memory; volumes in memory (emptyDir) count, too.",
			*victim.container && !strcmp(victim.uid, pod->uid)
				? pool_format(&x->pool, " (the victim's was %s)", victim.container)
				: "");
	else
		explain_say(
			x, TOPIC_CHANGE, line, 0,
			"The limit was set inside of the container, by what runs there, not in the pod's manifest: raise it there.");
}

void explain_change_limit(struct explanation *x, const struct oomlog_event *ev, uint64_t line)
{
	struct pod pod = pod_of(ev->oom_memcg);
	const char *unit = unit_of(ev->oom_memcg), *top = explain_cgroup(x, ev->oom_memcg);

	if (ev->mechanism == MECHANISM_BPF_REQUEST)
		explain_say(
			x, TOPIC_CHANGE, ev->lines.trace, 0,
			"A BPF program decides when to kill here: look at that (bpftool prog), not at limits.");
	else if (ev->limit_is_max && !explain_memsw_is_full(ev))
		explain_say(
			x, TOPIC_CHANGE, line, 0,
			"The memory limit of %s is not what was full, for it has none: look at its limits on kernel memory and on swap, and at those below it.",
			top);
	else if (pod.is_pods)
		change_pod(x, ev, &pod, line);
	else if (ev->scope == SCOPE_ANCESTOR)
		explain_say(
			x, TOPIC_CHANGE, line, 0,
			"Raising the victim's own limit does not help: %s is what was full. Raise that, or let less run below it.",
			top);
	else if (unit)
		explain_say(x, TOPIC_CHANGE, line, 0,
			    "Raise MemoryMax= of %s, or have what runs there touch less memory.",
			    explain_name(x, unit));
	else
		explain_say(x, TOPIC_CHANGE, line, 0,
			    "Raise the limit%s of %s, or have what runs there touch less memory.",
			    explain_memsw_is_full(ev) ? " of memory and swap together" : "",
			    ev->oom_memcg ? top : "the cgroup");
}
