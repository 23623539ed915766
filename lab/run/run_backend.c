#include "run/run_backend.h"

#include "base/cleanup.h"
#include "run/run_container.h"
#include "run/run_current.h"
#include "run/run_here.h"
#include "run/run_vm.h"

static const struct run_backend cgroup = {.probe = run_here_probe, .run = run_here};
static const struct run_backend vm = {
	.probe = run_vm_probe,
	.prepare = run_vm_prepare,
	.run = run_vm,
};
static const struct run_backend current = {
	.probe = run_current_probe,
	.prepare = run_current_prepare,
	.run = run_here,
};
static const struct run_backend container = {
	.probe = run_container_probe,
	.run = run_here,
	.cleanup = run_container_remove,
};

static const struct run_backend *const backends[BACKEND_COUNT] = {
	[BACKEND_CGROUP] = &cgroup,    [BACKEND_VM] = &vm,
	[BACKEND_CURRENT] = &current,  [BACKEND_DOCKER] = &container,
	[BACKEND_PODMAN] = &container, [BACKEND_CONTAINER] = &container,
};

const struct run_backend *run_backend(enum backend backend)
{
	return backends[backend];
}

int run_backend_probe(struct run *run, struct err *err)
{
	/* A container first, because an engine takes longest. */
	static const struct run_backend *const all[] = {&container, &current, &cgroup, &vm};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->probe(run, err) < 0)
			return -1;
	return 0;
}

void run_backend_cleanup(struct run *run)
{
	const struct run_backend *backend = backends[run->plan.backend];

	if (backend && backend->cleanup)
		backend->cleanup(run);
}
