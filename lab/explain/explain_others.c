#include "explain/explain_others.h"

#include <inttypes.h>

static const struct {
	const char *name, *sentence;
} words[KILLER_COUNT] = {
	[KILLER_SYSTEMD_OOMD] =
		{"systemd-oomd",
		 "systemd-oomd killed a cgroup for memory pressure or swap use, before the kernel had to: no kernel OOM kill."},
	[KILLER_EARLYOOM] =
		{"earlyoom",
		 "earlyoom sent a signal because little memory and swap were left: a program's choice, no kernel OOM kill."},
	[KILLER_NOHANG] =
		{"nohang",
		 "nohang acted because little memory was left or pressure was high: a program's choice, no kernel OOM kill."},
	[KILLER_LOWMEMORYKILLER] =
		{"lowmemorykiller",
		 "Android's low memory killer (the lowmemorykiller driver, or lmkd) ended apps to keep memory and page cache free, by importance: it is not the kernel's OOM killer."},
	[KILLER_KUBELET] =
		{"kubelet",
		 "The kubelet evicted pods because the node had little memory left: it stops whole pods, and the kernel killed nobody for it."},
	[KILLER_TALOS] =
		{"talos",
		 "Talos' own OOM controller killed a cgroup for memory pressure: no kernel OOM kill."},
	[KILLER_ALLOCATION] =
		{"allocation_failure",
		 "An allocation of the kernel failed (\"page allocation failure\") and its caller went without: nobody is killed for that."},
	[KILLER_FAULT_LEAKED] =
		{"fault_retried",
		 "A page fault ended in \"out of memory\" without a kill (VM_FAULT_OOM leaked), and the kernel lets it be tried again: by itself no kill."},
	[KILLER_OVERCOMMIT] =
		{"overcommit",
		 "The kernel refused to promise memory (overcommit, \"not enough memory for the allocation\"): the program got ENOMEM, nobody was killed."},
};

void others_add(struct others *others, enum killer killer, uint64_t line)
{
	if (!others->of[killer].count++)
		others->of[killer].first = line;
	others->of[killer].last = line;
}

void others_doc(const struct others *others, struct doc *doc)
{
	bool any = false;

	for (size_t i = 0; i < KILLER_COUNT; i++) {
		uint64_t count = others->of[i].count;

		if (!count || !words[i].sentence)
			continue;
		if (!any)
			doc_heading(doc, "Not the kernel's OOM killer");
		any = true;
		doc_item(doc, words[i].sentence);
		if (count == 1)
			doc_cite(doc, "line %" PRIu64, others->of[i].first);
		else
			doc_cite(doc, "%" PRIu64 " lines, %" PRIu64 " to %" PRIu64, count,
				 others->of[i].first, others->of[i].last);
	}
}

json_t *others_json(const struct others *others)
{
	json_t *array = json_array();

	for (size_t i = 0; i < KILLER_COUNT; i++)
		if (others->of[i].count && words[i].sentence)
			json_array_append_new(
				array, json_pack("{s:s, s:s, s:I, s:{s:I, s:I}}", "what",
						 words[i].name, "text", words[i].sentence, "count",
						 (json_int_t)others->of[i].count, "lines", "first",
						 (json_int_t)others->of[i].first, "last",
						 (json_int_t)others->of[i].last));
	return array;
}
