/*
 * vm.h - the throw-away VM: the same oomlab as PID 1 of a QEMU guest, its record brought back.
 *
 * The guest needs no privilege, no disk and no network: a kernel from the cache (kernel.h), an
 * initramfs made for this run (initramfs.h) with oomlab, the target and what they load, and four
 * virtio-serial ports: record (JSON lines), trace (raw ring), out and err (what the target prints).
 * The guest's console is the kernel log and goes to its own file.
 *
 * KVM is used when a guest really boots with it (it may be present and broken); else TCG. The
 * answer is remembered in the cache.
 */
#ifndef OOMLAB_LAUNCH_VM_VM_H
#define OOMLAB_LAUNCH_VM_VM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/folder.h"
#include "launch/guardian.h"

struct vm_request {
	const char *kernel;  /* a path to a vmlinuz, a series such as "6.1", or NULL: the default */
	uint64_t ram_bytes;  /* of the guest */
	uint64_t swap_bytes; /* of its swap disk; 0: none */
	int numa_nodes;	     /* its RAM is split among; 0, 1: one */
	char *const *argv;   /* what PID 1 runs: oomlab's own arguments, argv[0] included */
	char *const *envp;   /* the environment the target gets; NULL: PATH only */
	const char *cwd;     /* of the target; "/" where the guest has none such, as below /proc */
	char *const *programs; /* absolute paths to pack with all they load; NULL-terminated */
	char *const *files;    /* absolute paths of further files; NULL-terminated; may be NULL */
	bool share_host;       /* the host's file system read-only through virtiofs */
	const struct folder *run_dir;	      /* console.log, trace.bin are written here */
	uint64_t boot_timeout_ns, timeout_ns; /* silence before the first byte; the whole run */
	struct guardian *guardian;	      /* ends the processes should this one be ended */
	const sigset_t *signals; /* SIGINT, SIGTERM: already blocked; they end the run */
	/*
	 * Takes each record line, hostile text without its newline. Returns -1 to refuse it: it is
	 * counted as dropped. NULL once a tenth of a second passed without any: time to redraw.
	 */
	int (*line)(const char *text, size_t len, void *ctx);
	void *ctx;
};

struct vm_result {
	const char *accelerator; /* "kvm" or "tcg" */
	bool interrupted;	 /* by one of `signals` */
	int signal;		 /* which; 0: none */
	int status;	       /* wait status of the inner oomlab, when the guest ended by itself */
	int64_t lines_dropped; /* refused by `line`, or longer than 1 MiB */
	int out_cause,
		err_cause; /* errno that ended what could be copied to stdout, stderr; or 0 */
};

/*
 * Boots, hands on every record line, copies out/err to this process's stdout/stderr, waits
 * for the power-off. Returns 0 when the guest ended by itself and its record is complete, or -1
 * with a sentence: no QEMU, no kernel, a guest that never spoke, panicked, or was killed. On
 * return no process, socket or temporary file is left.
 */
int vm_run(const struct vm_request *request, struct vm_result *result, struct err *err);

/* What this host lacks for the vm place: 0, or -1 with the sentence and the cure. */
int vm_check(const char *kernel, struct err *err);

/* PID 1 of the guest: mounts, modules, ports, runs request->argv, powers off. Never returns. */
void guest_main(void) __attribute__((noreturn));

#endif
