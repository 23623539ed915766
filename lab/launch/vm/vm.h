/*
 * vm.h - runs oomlab as PID 1 of a throw-away QEMU guest and brings its records back.
 *
 * The guest needs no privilege, no disk and no network: a kernel from the cache (kernel.h), an
 * initramfs made for this guest (initramfs.h) with oomlab, the targets and what they load, and four
 * virtio-serial ports: record (JSON lines; requests come in there, too), trace (raw ring), out and
 * err (what the target prints). The guest's console is the kernel log and goes to its own file.
 *
 * Pattern of use:
 *  1. vm_new()	says which machine; nothing is started
 *  2. vm_run()	boots it if it is not up, and has it do one request; again for further ones, which
 *		find the kernel as the first left it, but with a /tmp, a /dev/shm and IPC objects of
 *		their own, and no process of an earlier one
 *  3. vm_free()	ends it
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

/* A machine; the strings and lists are borrowed until vm_free(). */
struct vm_machine {
	const char *kernel;  /* as kernel_find() takes it: a path, a series, or NULL: the default */
	uint64_t ram_bytes;  /* of the guest */
	uint64_t swap_bytes; /* of its swap disk; 0: none */
	uint64_t scratch_bytes; /* of an ext4 on a disk of its own; 0: none */
	uint64_t zram_bytes;	/* of compressed memory that it swaps to; 0: none */
	int numa_nodes;		/* that its RAM is split among; 0 and 1: one */
	char *const *programs;	/* absolute paths to pack with all they load; NULL-terminated */
	char *const *files;	/* absolute paths of further files; NULL-terminated; may be NULL */
	const char *stage;	/* the content of VM_STAGE in the guest; NULL: none */
	size_t stage_size;
	bool share_host;	   /* the host's file system read-only through virtiofs */
	uint64_t boot_timeout_ns;  /* until the guest first speaks; KVM has 5 s, unless forced */
	struct guardian *guardian; /* kills QEMU and virtiofsd when this process dies */
	const sigset_t *signals;   /* SIGINT, SIGTERM: already blocked; they end the guest */
};

struct vm_request {
	char *const *argv; /* what PID 1 runs: oomlab's own arguments, argv[0] included */
	char *const *envp; /* the environment the target gets; NULL: PATH only */
	const char *cwd;   /* of the target; NULL: "/", as where the guest does not have it */
	const struct folder *run_dir; /* console.log, trace.bin are written here */
	uint64_t timeout_ns;	      /* of the whole run, a boot included */
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
	char *panic;	       /* what the kernel said as it panicked, or NULL; the caller frees */
	int64_t lines_dropped; /* refused by `line`, or longer than 1 MiB */
	int out_cause;	       /* errno after which nothing more was copied to stdout; 0: none */
	int err_cause;	       /* the same of stderr */
};

struct vm;

/* Never NULL. */
struct vm *vm_new(const struct vm_machine *machine);

/*
 * Boots the guest where it is not up, passes on every record line, copies out and err to this
 * process's stdout and stderr, until the guest has sent its last line for this request. Returns 0
 * when the record is complete, or -1 with err: no QEMU, no kernel, a guest that never spoke,
 * panicked, or was killed, a signal. After -1 the guest is ended; the next request boots another.
 */
int vm_run(struct vm *vm, const struct vm_request *request, struct vm_result *result,
	   struct err *err);

/* Whether a guest is up, which a request need not boot. */
bool vm_is_up(const struct vm *vm);

/* How often a guest of it has been started. */
int vm_boots(const struct vm *vm);

/* Ends the guest. No process, socket or temporary file is left. NULL is allowed. */
void vm_free(struct vm *vm);

/* Whether this host has QEMU and a kernel: 0, or -1 with the cure in err. */
int vm_check(const char *kernel, struct err *err);

/* PID 1 of the guest (guest.c): mounts, loads modules, opens the ports, runs request->argv. */
void guest_main(void) __attribute__((noreturn));

#endif
