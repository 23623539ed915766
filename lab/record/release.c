#include <stdlib.h>

#include "record/premortem_lines.h"
#include "record/record.h"

void record_release(struct record *r)
{
	free(r->argv);
	free(r->cgroups);
	free(r->sources);
	free(r->samples);
	free(r->kmsg);
	free(r->ends);
	free(r->processes);
	free(r->cgroups_seen);
	free(r->checkpoints);
	free(r->arenas);
	free(r->sites);
	free(r->maps);
	free(r->modules);
	free(r->touches);
	free(r->mappings);
	free(r->invokers);
	free(r->memory_files);
	free(r->residents);
	free(r->frames);
	free(r->tail_calls);
	free(r->reservations);
	free(r->ranges);
	premortem_free(r->premortem);
	free(r->marks);
	free(r->lost);
	free(r->notes);
	free(r->mark_victims);
	spec_release(&r->spec);
	json_decref(r->settings);
	json_decref(r->lines);
	*r = (struct record){0};
}
