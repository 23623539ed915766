#include "run/run_keep.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"

bool run_keep_may_share(const struct spec *spec)
{
	return spec->name && !spec->own_boot && spec->guest_swap_bytes == SPEC_KEEP &&
	       spec->guest_numa_nodes == SPEC_KEEP;
}

bool run_keeps(const struct run *run)
{
	const struct run_options *o = run->options;

	return o->keep && run->plan.backend == BACKEND_VM && !run->plan.skip &&
	       run_keep_may_share(&run->spec) && !o->file_count && !o->stage && !run->preload;
}

static bool fits(const struct run_keep *keep, const struct vm_machine *machine)
{
	return keep->vm && text_is_same(keep->kernel, machine->kernel) &&
	       keep->machine.share_host == machine->share_host &&
	       keep->machine.ram_bytes >= machine->ram_bytes;
}

static struct vm *make(struct run_keep *keep, const struct vm_machine *machine)
{
	if (keep->vm)
		keep->boots += vm_boots(keep->vm);
	vm_free(keep->vm);
	free(keep->kernel);
	keep->kernel = machine->kernel ? xstrdup(machine->kernel) : NULL;
	keep->machine = *machine;
	keep->machine.kernel = keep->kernel;
	keep->machine.programs = keep->programs;
	keep->signals = *machine->signals;
	keep->machine.signals = &keep->signals;
	if (keep->machine.ram_bytes < keep->ram_bytes)
		keep->machine.ram_bytes = keep->ram_bytes;
	keep->vm = vm_new(&keep->machine);
	return keep->vm;
}

struct vm *run_keep_vm(struct run *run, const struct vm_machine *machine)
{
	struct run_keep *keep = run->options->keep;

	if (!run_keeps(run))
		return vm_new(machine);
	return fits(keep, machine) ? keep->vm : make(keep, machine);
}

void run_keep_return(struct run *run, struct vm *vm, bool is_sound)
{
	struct run_keep *keep = run->options->keep;

	if (run_keeps(run) && is_sound)
		return;
	if (keep)
		keep->boots += vm_boots(vm);
	vm_free(vm);
	if (run_keeps(run))
		keep->vm = NULL;
}

void run_keep_end(struct run_keep *keep)
{
	if (keep->vm)
		keep->boots += vm_boots(keep->vm);
	vm_free(keep->vm);
	keep->vm = NULL;
	free(keep->kernel);
	keep->kernel = NULL;
	guardian_end(&keep->guardian);
}
