/*
 * vm.h - runs oomlab as PID 1 of a throw-away QEMU guest and brings its record back.
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

/* Where a stage (scenarios/stage.h) is in the guest. */
#define VM_STAGE "/stage"

struct vm_request {
	const char *kernel;  /* as kernel_find() takes it: a path, a series, or NULL: the default */
	uint64_t ram_bytes;  /* of the guest */
	uint64_t swap_bytes; /* of its swap disk; 0: none */
	int numa_nodes;	     /* that its RAM is split among; 0 and 1: one */
	char *const *argv;   /* what PID 1 runs: oomlab's own arguments, argv[0] included */
	char *const *envp;   /* the environment the target gets; NULL: PATH only */
	const char *cwd;     /* of the target; NULL: "/", as where the guest does not have it */
	char *const *programs; /* absolute paths to pack with all they load; NULL-terminated */
	char *const *files;    /* absolute paths of further files; NULL-terminated; may be NULL */
	const char *stage;     /* the content of VM_STAGE in the guest; NULL: none */
	size_t stage_size;
	bool share_host;       /* the host's file system read-only through virtiofs */
	const struct folder *run_dir; /* console.log, trace.bin are written here */
	uint64_t boot_timeout_ns;     /* until the guest first speaks; KVM has 5 s, unless forced */
	uint64_t timeout_ns;	      /* of the whole run */
	struct guardian *guardian;    /* kills QEMU and virtiofsd when this process dies */
	const sigset_t *signals;      /* SIGINT, SIGTERM: already blocked; they end the run */
	/*
	 * Called with each record line, hostile text without its newline. Returns -1 to refuse it,
	 * which counts it as dropped. Called with NULL after a tenth of a second without any event,
	 * so that the caller may redraw.
	 */
	int (*line)(const char *text, size_t len, void *ctx);
	/* Called before `len` bytes, 1 or more, of what the target printed are written to `fd`. */
	void (*output)(int fd, const char *text, size_t len, void *ctx);
	void *ctx;
};

struct vm_result {
	const char *accelerator; /* "kvm" or "tcg"; NULL: no guest spoke */
	bool interrupted;	 /* by one of `signals` */
	int signal;		 /* which; 0: none */
	int status;		 /* wait status of the inner oomlab, when vm_run() returned 0 */
	int64_t lines_dropped;	 /* refused by `line`, or longer than 1 MiB */
	int out_cause;		 /* errno after which nothing more was copied to stdout; 0: none */
	int err_cause;		 /* the same of stderr */
};

/*
 * Boots the guest, passes on every record line, copies out and err to this process's stdout and
 * stderr, and ends QEMU when the guest has sent its last line. Returns 0 when the record is
 * complete, or -1 with err: no QEMU, no kernel, a guest that never spoke, panicked, or was killed,
 * a signal. On return no process, socket or temporary file is left.
 */
int vm_run(const struct vm_request *request, struct vm_result *result, struct err *err);

/* Whether this host has QEMU and a kernel: 0, or -1 with the cure in err. */
int vm_check(const char *kernel, struct err *err);

/* PID 1 of the guest (guest.c): mounts, loads modules, opens the ports, runs request->argv. */
void guest_main(void) __attribute__((noreturn));

#endif
