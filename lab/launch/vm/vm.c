#include "launch/vm/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm/accel.h"
#include "launch/vm/guest_devices.h"
#include "launch/vm/kernel.h"
#include "launch/vm/machine.h"
#include "launch/vm/qemu.h"
#include "launch/vm/share.h"
#include "launch/vm/vm_pack.h"
#include "launch/vm/vm_relay.h"

#define KVM_TIMEOUT_NS UINT64_C(5000000000) /* a guest that works speaks within one second */

struct vm {
	struct vm_machine machine;
	const struct vm_request *request; /* the one that is done */
	struct qemu_config config;
	struct accel accel;
	struct kernel kernel;
	struct machine_clock clock;
	struct relay relay;
	struct share share;
	struct qemu qemu;
	int boots;
	bool kvm_failed;
	bool is_prepared; /* kernel, accelerator, initramfs and swap disk are there */
	bool is_running;  /* QEMU is */
};

static bool is_in_path(const char *program)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *dirs = xstrdup(path ? path : "/usr/bin:/bin");
	char *save = NULL;

	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		_cleanup_free_ char *file = text_format("%s/%s", dir, program);

		if (io_is_executable(file))
			return true;
	}
	return false;
}

static const struct machine *find_machine(struct err *err)
{
	const struct machine *machine = machine_here(err);

	if (!machine || is_in_path(machine->qemu))
		return machine;
	err_set(err, EXIT_LAB_BROKEN, "the VM needs %s, which is not in PATH", machine->qemu);
	err_hint(err, "install it: apt-get install %s", machine->package);
	return NULL;
}

int vm_check(const char *kernel, struct err *err)
{
	struct kernel found = {0};
	int rc = find_machine(err) ? kernel_find(kernel, &found, err) : -1;

	kernel_release(&found);
	return rc;
}

/* A guest larger than the host could use up all of its memory; others use what they touch. */
static int check_ram(uint64_t ram_bytes, uint64_t disk_bytes, struct err *err)
{
	_cleanup_strbuf_ struct strbuf info = STRBUF_INIT;
	uint64_t wanted = ram_bytes + disk_bytes < ram_bytes ? UINT64_MAX : ram_bytes + disk_bytes;
	int64_t total, swap;

	if (io_read_at(AT_FDCWD, "/proc/meminfo", 1 << 16, &info) < 0)
		return 0;
	total = io_keyed_number(info.buf, "MemTotal:");
	swap = io_keyed_number(info.buf, "SwapTotal:");
	total += swap > 0 ? swap : 0;
	if (total <= 0 || wanted >> 10 <= (uint64_t)total)
		return 0;
	return err_set(err, EXIT_LAB_BROKEN,
		       "cannot give the VM %s of memory%s: this host has %s, swap included",
		       TEXT_SIZE(wanted), disk_bytes ? " and disks" : "",
		       TEXT_SIZE((uint64_t)total << 10));
}

/* KVM is given up early where TCG can follow; where it is forced nothing can. */
static uint64_t boot_timeout_ns(const struct vm *vm)
{
	bool is_kvm = strcmp(vm->config.accelerator, "kvm") == 0;

	return is_kvm && !vm->accel.is_forced ? KVM_TIMEOUT_NS : vm->machine.boot_timeout_ns;
}

/* Says what `status` tells of a QEMU that ended before its guest did. */
static int explain_status(const struct machine *machine, int status, const char *words,
			  struct err *err)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return err_set(
			err, EXIT_LAB_BROKEN,
			"the VM's %s was killed (SIGKILL) from outside oomlab, or by the host's OOM killer",
			machine->qemu);
	if (WIFSIGNALED(status))
		err_set(err, EXIT_LAB_BROKEN, "the VM's %s died of signal %d (%s)", machine->qemu,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status))
		err_set(err, EXIT_LAB_BROKEN, "the VM's %s failed with status %d", machine->qemu,
			WEXITSTATUS(status));
	else
		err_set(err, EXIT_LAB_BROKEN, "the guest went down before its record was complete");
	return *words ? err_hint(err, "it said: %s", words) : -1;
}

/* virtiofsd served when the guest was started, so something has ended it since. */
static int explain_share(const struct share *share, struct err *err)
{
	_cleanup_free_ char *words = share_words(share);
	siginfo_t info = {0};

	err_set(err, EXIT_LAB_BROKEN,
		"virtiofsd, which shows the VM the host's files, ended while it ran");
	if (waitid(P_PID, (id_t)share->process.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_code != CLD_EXITED && info.si_status)
		err_set(err, EXIT_LAB_BROKEN,
			"virtiofsd, which shows the VM the host's files, was ended by signal %d (%s)",
			info.si_status, strsignal(info.si_status));
	else if (*words)
		return err_hint(err, "it said: %s", words);
	return -1;
}

static int explain_silence(const struct vm *vm, enum relay_end end, const char *words,
			   struct err *err)
{
	const struct vm_request *r = vm->request;

	if (end == RELAY_TIMED_OUT)
		return err_set(err, EXIT_LAB_BROKEN, "the guest did not end within %s",
			       TEXT_DURATION(r->timeout_ns));
	err_set(err, EXIT_LAB_BROKEN,
		"the guest did not say anything within %s: kernel '%s' under %s",
		TEXT_DURATION(boot_timeout_ns(vm)), vm->kernel.image, vm->config.accelerator);
	return *words ? err_hint(err, "%s said: %s", vm->config.machine->qemu, words) : -1;
}

/* Says why a guest did not end as it should. What the console says is preferred. */
static int explain(const struct vm *vm, enum relay_end end, int status, const char *words,
		   struct err *err)
{
	_cleanup_free_ char *panic = relay_console_line(&vm->relay, "Kernel panic - ");
	_cleanup_free_ char *complaint = relay_console_line(&vm->relay, GUEST_COMPLAINT);

	if (end == RELAY_INTERRUPTED)
		return err_set(err, EXIT_LAB_BROKEN, "interrupted (%s)",
			       strsignal(vm->relay.signal));
	if (end == RELAY_SHARE_GONE)
		return explain_share(&vm->share, err);
	if (complaint)
		return err_set(err, EXIT_LAB_BROKEN, "the guest could not start oomlab: %s",
			       complaint + strlen(GUEST_COMPLAINT));
	if (panic)
		return err_set(err, EXIT_LAB_BROKEN, "the guest's kernel stopped: %s", panic);
	if (end == RELAY_GONE)
		return explain_status(vm->config.machine, status, words, err);
	return explain_silence(vm, end, words, err);
}

/* After a guest that never spoke: changes to the next board or to TCG; false when none is left. */
static bool change_config(struct vm *vm, const char *words)
{
	const struct machine_board *boards = vm->config.machine->boards;

	if (strstr(words, "unsupported machine type") && vm->config.board == &boards[0] &&
	    boards[1].option) {
		vm->config.board = &boards[1];
		return true;
	}
	if (strcmp(vm->config.accelerator, "kvm") == 0 && !vm->accel.is_forced) {
		vm->config.accelerator = "tcg";
		vm->kvm_failed = true;
		return true;
	}
	return false;
}

static int start(struct vm *vm, struct err *err)
{
	struct guardian *guardian = vm->machine.guardian;

	relay_restart(&vm->relay);
	if (vm->machine.share_host && share_start(&vm->share, guardian, err) < 0)
		return -1;
	vm->config.share_fd = vm->share.fd;
	vm->relay.share_pidfd = vm->share.process.pidfd;
	vm->config.clock_khz = machine_guest_khz(vm->clock);
	if (qemu_start(&vm->config, guardian, &vm->qemu, err) < 0) {
		share_stop(&vm->share);
		return -1;
	}
	vm->is_running = true;
	vm->boots++;
	return 0;
}

static void stop(struct vm *vm)
{
	if (!vm->is_running)
		return;
	qemu_stop(&vm->qemu);
	share_stop(&vm->share);
	vm->is_running = false;
}

/* Does the request with one QEMU. 1: try again with the changed config; else as vm_run(). */
static int attempt(struct vm *vm, struct err *err)
{
	_cleanup_free_ char *words = NULL;
	enum relay_end end;
	int rc;

	if (!vm->is_running && start(vm, err) < 0)
		return -1;
	end = relay_run(&vm->relay, &vm->qemu, boot_timeout_ns(vm));
	if (end == RELAY_ENDED)
		return 0;
	words = qemu_words(&vm->qemu);
	qemu_stop(&vm->qemu);
	if (end != RELAY_INTERRUPTED && end != RELAY_SHARE_GONE && !vm->relay.is_up &&
	    change_config(vm, words))
		rc = 1;
	else
		rc = explain(vm, end, vm->qemu.process.status, words, err);
	share_stop(&vm->share);
	vm->is_running = false;
	return rc;
}

static int run_guest(struct vm *vm, struct vm_result *result, struct err *err)
{
	int rc;

	do
		rc = attempt(vm, err);
	while (rc > 0);
	if (vm->relay.is_up)
		result->accelerator = vm->config.accelerator;
	if (vm->relay.is_up && vm->kvm_failed)
		accel_remember_broken();
	result->signal = vm->relay.signal;
	result->interrupted = vm->relay.signal != 0;
	result->status = vm->relay.status;
	if (rc < 0)
		result->panic = relay_console_line(&vm->relay, "Kernel panic - ");
	return rc;
}

static void release(struct vm *vm)
{
	relay_release(&vm->relay);
	cleanup_closep(&vm->config.initramfs_fd);
	for (int i = 0; i < DISK_COUNT; i++)
		cleanup_closep(&vm->config.disk_fds[i]);
	kernel_release(&vm->kernel);
}

/* Made anew for each boot: what a guest wrote there is no swap area, nor an empty file system. */
static int prepare_disks(struct vm *vm, struct err *err)
{
	int *fds = vm->config.disk_fds;

	for (int i = 0; i < DISK_COUNT; i++)
		cleanup_closep(&fds[i]);
	if (vm->machine.swap_bytes)
		fds[DISK_SWAP] = guest_devices_make_swap(vm->machine.swap_bytes, err);
	if (vm->machine.scratch_bytes && (fds[DISK_SWAP] >= 0 || !vm->machine.swap_bytes))
		fds[DISK_SCRATCH] = guest_devices_make_scratch(vm->machine.scratch_bytes, err);
	return (vm->machine.swap_bytes && fds[DISK_SWAP] < 0) ||
			       (vm->machine.scratch_bytes && fds[DISK_SCRATCH] < 0)
		       ? -1
		       : 0;
}

static int prepare(struct vm *vm, struct err *err)
{
	const struct vm_machine *machine = &vm->machine;

	release(vm);
	vm->config.machine = find_machine(err);
	if (relay_init(&vm->relay, machine->signals, err) < 0 || !vm->config.machine ||
	    check_ram(machine->ram_bytes, machine->swap_bytes + machine->scratch_bytes, err) < 0 ||
	    kernel_find(machine->kernel, &vm->kernel, err) < 0 || accel_choose(&vm->accel, err) < 0)
		return -1;
	vm->config.board = machine_board(vm->config.machine, machine->numa_nodes > 1);
	vm->config.kernel = &vm->kernel;
	vm->config.accelerator = vm->accel.name;
	vm->config.ram_bytes = machine->ram_bytes;
	vm->config.numa_nodes = machine->numa_nodes;
	vm->config.zram_bytes = machine->zram_bytes;
	vm->config.initramfs_fd = vm_pack(machine, &vm->kernel, err);
	return vm->config.initramfs_fd < 0 ? -1 : 0;
}

struct vm *vm_new(const struct vm_machine *machine)
{
	struct vm *vm = xcalloc(1, sizeof(*vm));

	*vm = (struct vm){
		.machine = *machine,
		.clock = machine_clock_read(),
		.config = {.initramfs_fd = -1, .share_fd = -1, .disk_fds = {-1, -1}},
		.share = SHARE_INIT,
		.relay = {.signal_fd = -1, .console_fd = -1, .trace_fd = -1},
	};
	return vm;
}

static int make_ready(struct vm *vm, struct err *err)
{
	if (!vm->is_prepared && prepare(vm, err) < 0)
		return -1;
	vm->is_prepared = true;
	if (relay_begin(&vm->relay, vm->request, err) < 0)
		return -1;
	return vm->is_running ? 0 : prepare_disks(vm, err);
}

int vm_run(struct vm *vm, const struct vm_request *request, struct vm_result *result,
	   struct err *err)
{
	int rc;

	*result = (struct vm_result){0};
	guardian_set_deadline(vm->machine.guardian, io_now_ns() + (int64_t)request->timeout_ns);
	vm->request = request;
	rc = make_ready(vm, err);
	if (rc == 0)
		rc = run_guest(vm, result, err);
	result->lines_dropped = vm->relay.dropped;
	result->out_cause = vm->relay.outputs[0].cause;
	result->err_cause = vm->relay.outputs[1].cause;
	guardian_set_deadline(vm->machine.guardian, 0);
	return rc;
}

bool vm_is_up(const struct vm *vm)
{
	return vm->is_running && vm->relay.is_up;
}

int vm_boots(const struct vm *vm)
{
	return vm->boots;
}

void vm_free(struct vm *vm)
{
	if (!vm)
		return;
	stop(vm);
	release(vm);
	free(vm);
}
