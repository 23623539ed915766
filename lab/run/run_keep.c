#include "run/run_keep.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/text.h"

#define DUMPS_NS INT64_C(5000000000)

enum { NAP_MS = 20 };

bool run_keep_may_share(const struct spec *spec)
{
	return spec->name && !spec->own_boot && !spec_has_devices(spec);
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
	memset(keep->dumped_ns, 0, sizeof(keep->dumped_ns));
	return keep->vm;
}

void run_keep_note(struct run *run, const char *line)
{
	struct run_keep *keep = run->options->keep;

	if (run_keeps(run) && strstr(line, " invoked oom-killer: "))
		keep->dumped_ns[keep->dumps++ % RUN_KEEP_DUMPS] = io_now_ns();
}

/* A signal ends the wait, and is seen by who waits for the guest next. */
static void wait_for_room(struct run *run)
{
	struct run_keep *keep = run->options->keep;
	int64_t oldest = keep->dumped_ns[keep->dumps % RUN_KEEP_DUMPS];
	int64_t left = oldest ? oldest + DUMPS_NS - io_now_ns() : 0;

	while (left > 0 && !run_is_signalled(run)) {
		poll(NULL, 0, NAP_MS);
		left = oldest + DUMPS_NS - io_now_ns();
	}
}

struct vm *run_keep_vm(struct run *run, const struct vm_machine *machine)
{
	struct run_keep *keep = run->options->keep;

	if (!run_keeps(run))
		return vm_new(machine);
	if (!fits(keep, machine))
		return make(keep, machine);
	wait_for_room(run);
	return keep->vm;
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
