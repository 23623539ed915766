#include "klog/killer.h"

/* All words must stand in the line. */
static const struct {
	struct span words[3];
	enum killer killer;
} signs[] = {
	{{SPAN("Failed with result 'oom-kill'")}, KILLER_SYSTEMD_RESULT},
	{{SPAN("systemd-oomd killed ")}, KILLER_SYSTEMD_OOMD},
	{{SPAN("Killed /"), SPAN(" due to memory ")}, KILLER_SYSTEMD_OOMD},
	{{SPAN("sending SIG"), SPAN(" to process "), SPAN("badness ")}, KILLER_EARLYOOM},
	{{SPAN("Implementing a corrective action")}, KILLER_NOHANG},
	{{SPAN("Implement a corrective action")}, KILLER_NOHANG},
	{{SPAN("lowmemorykiller: Kill")}, KILLER_LOWMEMORYKILLER},
	{{SPAN("Kill '"), SPAN("oom_score_adj "), SPAN(" to free ")}, KILLER_LOWMEMORYKILLER},
	{{SPAN("Killing '"), SPAN("), adj ")}, KILLER_LOWMEMORYKILLER},
	{{SPAN("send sigkill to "), SPAN(", adj ")}, KILLER_LOWMEMORYKILLER},
	{{SPAN("The node was low on resource: memory")}, KILLER_KUBELET},
	{{SPAN("must evict pod"), SPAN("memory")}, KILLER_KUBELET},
	{{SPAN("ttempting to reclaim"), SPAN("memory"), SPAN("evict")}, KILLER_KUBELET},
	{{SPAN("OOMController"), SPAN("SIGKILL")}, KILLER_TALOS},
	{{SPAN("OOM controller triggered")}, KILLER_TALOS},
	{{SPAN("page allocation failure")}, KILLER_ALLOCATION},
	{{SPAN("VM_FAULT_OOM leaked")}, KILLER_FAULT_LEAKED},
	{{SPAN("__vm_enough_memory: "), SPAN("not enough memory")}, KILLER_OVERCOMMIT},
};

static bool has_all(struct span text, const struct span *words, size_t count)
{
	for (size_t i = 0; i < count && words[i].n; i++)
		if (!span_has(text, words[i]))
			return false;
	return true;
}

enum killer killer_of(struct span text)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (has_all(text, signs[i].words, sizeof(signs[i].words) / sizeof(struct span)))
			return signs[i].killer;
	return KILLER_NONE;
}
