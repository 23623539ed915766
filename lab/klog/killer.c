#include "klog/killer.h"

/* All words must stand in the line. `rare` is the letter of the first words that few lines have. */
static const struct {
	char rare;
	enum killer killer;
	struct span words[3];
} signs[] = {
	{'F', KILLER_SYSTEMD_RESULT, {SPAN("Failed with result 'oom-kill'")}},
	{'k', KILLER_SYSTEMD_OOMD, {SPAN("systemd-oomd killed ")}},
	{'K', KILLER_SYSTEMD_OOMD, {SPAN("Killed /"), SPAN(" due to memory ")}},
	{'G', KILLER_EARLYOOM, {SPAN("sending SIG"), SPAN(" to process "), SPAN("badness ")}},
	{'I', KILLER_NOHANG, {SPAN("Implementing a corrective action")}},
	{'I', KILLER_NOHANG, {SPAN("Implement a corrective action")}},
	{'K', KILLER_LOWMEMORYKILLER, {SPAN("lowmemorykiller: Kill")}},
	{'K', KILLER_LOWMEMORYKILLER, {SPAN("Kill '"), SPAN("oom_score_adj "), SPAN(" to free ")}},
	{'K', KILLER_LOWMEMORYKILLER, {SPAN("Killing '"), SPAN("), adj ")}},
	{'k', KILLER_LOWMEMORYKILLER, {SPAN("send sigkill to "), SPAN(", adj ")}},
	{'T', KILLER_KUBELET, {SPAN("The node was low on resource: memory")}},
	{'v', KILLER_KUBELET, {SPAN("must evict pod"), SPAN("memory")}},
	{'g', KILLER_KUBELET, {SPAN("ttempting to reclaim"), SPAN("memory"), SPAN("evict")}},
	{'O', KILLER_TALOS, {SPAN("OOMController"), SPAN("SIGKILL")}},
	{'O', KILLER_TALOS, {SPAN("OOM controller triggered")}},
	{'f', KILLER_ALLOCATION, {SPAN("page allocation failure")}},
	{'V', KILLER_FAULT_LEAKED, {SPAN("VM_FAULT_OOM leaked")}},
	{'v', KILLER_OVERCOMMIT, {SPAN("__vm_enough_memory: "), SPAN("not enough memory")}},
};

#define SIGNS (sizeof(signs) / sizeof(signs[0]))
_Static_assert(SIGNS <= 32, "a bit a sign");

/* The signs that have a letter as their rare one, a bit each; where it stands in their words. */
static uint32_t signs_with[256];
static uint8_t rare_at[SIGNS];

__attribute__((constructor)) static void index_signs(void)
{
	for (size_t i = 0; i < SIGNS; i++) {
		rare_at[i] =
			(uint8_t)span_find(signs[i].words[0], (struct span){&signs[i].rare, 1});
		signs_with[(unsigned char)signs[i].rare] |= UINT32_C(1) << i;
	}
}

/* Those of the signs whose first words have their rare letter at an offset of the text. */
static uint32_t begun_at(struct span text, size_t at, uint32_t bits)
{
	uint32_t found = 0;

	for (; bits; bits &= bits - 1) {
		size_t i = (size_t)__builtin_ctz(bits);

		if (at >= rare_at[i] &&
		    span_starts(span_skip(text, at - rare_at[i]), signs[i].words[0]))
			found |= UINT32_C(1) << i;
	}
	return found;
}

/* The signs whose first words stand in the text. */
static uint32_t begun_in(struct span text)
{
	uint32_t found = 0;

	for (size_t at = 0; at < text.n; at++) {
		uint32_t bits = signs_with[(unsigned char)text.p[at]];

		if (bits)
			found |= begun_at(text, at, bits);
	}
	return found;
}

static bool has_all(struct span text, const struct span *words, size_t count)
{
	for (size_t i = 0; i < count && words[i].n; i++)
		if (!span_has(text, words[i]))
			return false;
	return true;
}

enum killer killer_of(struct span text)
{
	for (uint32_t bits = begun_in(text); bits; bits &= bits - 1) {
		size_t i = (size_t)__builtin_ctz(bits);

		if (has_all(text, signs[i].words, sizeof(signs[i].words) / sizeof(struct span)))
			return signs[i].killer;
	}
	return KILLER_NONE;
}
