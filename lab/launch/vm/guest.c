/*
 * PID 1 of the guest. There is nobody to return an error to: a failure becomes one sentence on the
 * console and ends the machine (guest_complain.h).
 */
#include "launch/vm/guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/text.h"
#include "launch/vm/guest_complain.h"
#include "launch/vm/guest_devices.h"
#include "launch/vm/guest_fs.h"
#include "launch/vm/guest_output.h"
#include "launch/vm/vm.h"

#define REQUEST_MAX   (16 << 20)
#define PORTS_WAIT_MS 20000
#define NAP_MS	      1

/* What the guest is, from its boot on. */
struct guest {
	int ports[PORT_COUNT];
	bool shares_host; /* the targets see the host's files */
	struct guest_output outputs[OUTPUT_COUNT];
};

struct request {
	struct strvec head; /* the first two strings of the request, see guest.h */
	const char *cwd;
	struct strvec argv, envp;
};

/* Enables every controller for the children of the root cgroup; memory must succeed. */
static void enable_controllers(void)
{
	char names[256], *save = NULL;
	int dir = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (io_read_line_at(dir, "cgroup.controllers", names, sizeof(names)) < 0)
		guest_complain("cannot read", "cgroup.controllers");
	for (char *s = strtok_r(names, " ", &save); s; s = strtok_r(NULL, " ", &save)) {
		_cleanup_free_ char *word = text_format("+%s", s);
		int rc = io_write_at(dir, "cgroup.subtree_control", word);

		errno = -rc;
		if (rc < 0 && strcmp(s, "memory") == 0)
			guest_complain("cannot enable the controller", s);
	}
	close(dir);
}

static bool is_for_other_transport(const char *module)
{
	const char *transport = getenv(GUEST_TRANSPORT);

	if (!transport ||
	    (!text_starts_with(module, "virtio_mmio") && !text_starts_with(module, "virtio_pci")))
		return false;
	return !text_starts_with(module, transport);
}

static void load_module(const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s", GUEST_DIR, name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
		guest_complain("cannot load the kernel module", name);
}

static void load_modules(void)
{
	_cleanup_fclose_ FILE *list = fopen(GUEST_DIR "/modules", "re");
	char name[256];

	if (!list)
		guest_complain("cannot read", GUEST_DIR "/modules");
	while (fgets(name, sizeof(name), list)) {
		name[strcspn(name, "\n")] = '\0';
		if (!is_for_other_transport(name))
			load_module(name);
	}
}

/* Opens the ports that have appeared; returns how many are still missing. */
static int open_ports(int *ports)
{
	static const char *const names[] = GUEST_PORT_NAMES;
	_cleanup_closedir_ DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *d;
	int missing = 0;

	while (dir && (d = readdir(dir))) {
		_cleanup_free_ char *attribute = text_format("%s/name", d->d_name);
		_cleanup_free_ char *node = text_format("/dev/%s", d->d_name);
		char name[64];

		if (io_read_line_at(dirfd(dir), attribute, name, sizeof(name)) < 0)
			continue;
		for (int i = 0; i < PORT_COUNT; i++)
			if (ports[i] < 0 && strcmp(name, names[i]) == 0)
				ports[i] = open(node,
						(i == PORT_RECORD ? O_RDWR : O_WRONLY) | O_CLOEXEC);
	}
	for (int i = 0; i < PORT_COUNT; i++)
		missing += ports[i] < 0;
	return missing;
}

static int open_uevents(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		guest_complain("cannot listen to", "uevents");
	return fd;
}

/* A port has its name some time after it has appeared; each change is a uevent. */
static void wait_for_ports(int uevents, int *ports)
{
	struct pollfd p = {.fd = uevents, .events = POLLIN};
	char event[4096];

	while (open_ports(ports) > 0) {
		if (poll(&p, 1, PORTS_WAIT_MS) == 0) {
			errno = ETIMEDOUT;
			guest_complain("cannot find", "the virtio-serial ports");
		}
		if (recv(uevents, event, sizeof(event), 0) < 0 && errno != ENOBUFS)
			guest_complain("cannot read", "uevents");
	}
}

static void say(int port, const char *line)
{
	_cleanup_free_ char *text = text_format("%s\n", line);

	if (io_write_all(port, text, strlen(text)) < 0)
		guest_complain("cannot write to", "the record port");
}

static const char *take_strings(const char *next, const char *end, size_t max, struct strvec *list)
{
	for (; next < end && list->count < max; next += strlen(next) + 1)
		strvec_push(list, next);
	return next;
}

/* One byte, or more, of a request; waits for it. */
static size_t receive(int port, char *into, size_t size)
{
	for (;;) {
		ssize_t n = read(port, into, size);

		if (n > 0)
			return (size_t)n;
		if (n < 0 && errno != EINTR)
			guest_complain("cannot read", "a request from the record port");
		/* Until the host has opened its side, there is an end of file. */
		if (n == 0)
			poll(NULL, 0, NAP_MS);
	}
}

/* The decimal number in front of a request. */
static size_t receive_length(int port)
{
	size_t length = 0;
	char digit;

	while (receive(port, &digit, 1) && digit != '\n') {
		if (digit < '0' || digit > '9' || length > REQUEST_MAX) {
			errno = EINVAL;
			guest_complain("cannot read", "the length of a request");
		}
		length = length * 10 + (size_t)(digit - '0');
	}
	return length;
}

static void receive_text(int port, struct strbuf *text)
{
	size_t left = receive_length(port);
	char chunk[4096];

	while (left) {
		size_t n = receive(port, chunk, left < sizeof(chunk) ? left : sizeof(chunk));

		strbuf_append(text, chunk, n);
		left -= n;
	}
}

static void release_request(struct request *r)
{
	strvec_release(&r->head);
	strvec_release(&r->argv);
	strvec_release(&r->envp);
}

/* Waits for the host's next request; release with release_request(). */
static void receive_request(int port, struct request *r)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *next, *end;

	*r = (struct request){.head = STRVEC_INIT, .argv = STRVEC_INIT, .envp = STRVEC_INIT};
	receive_text(port, &text);
	end = text.buf + text.len;
	next = take_strings(text.buf, end, 2, &r->head);
	if (r->head.count < 2) {
		errno = EINVAL;
		guest_complain("cannot read", "a request");
	}
	r->cwd = *r->head.list[0] ? r->head.list[0] : "/";
	next = take_strings(next, end, (size_t)atol(r->head.list[1]), &r->argv);
	take_strings(next, end, SIZE_MAX, &r->envp);
}

static void keep_open(int fd)
{
	fcntl(fd, F_SETFD, 0);
}

int guest_take_port(const char *env)
{
	const char *text = getenv(env);
	int fd = text ? atoi(text) : -1;

	unsetenv(env);
	return fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd : -1;
}

/*
 * Files and IPC objects of one request are gone with its processes. Returns the target's root; "":
 * that of the initramfs.
 */
static const char *enter_own_space(const struct guest *g, const struct request *r)
{
	bool is_writable = true;
	const char *root = "";

	if (unshare(CLONE_NEWNS | CLONE_NEWIPC) < 0)
		guest_complain("cannot make namespaces for", "the target");
	if (g->shares_host)
		root = guest_fs_make_root(&is_writable);
	else
		guest_fs_mount_shm();
	if (!is_writable)
		say(g->ports[PORT_RECORD], GUEST_NOTE_READ_ONLY);
	guest_fs_bind_scratch(root);
	guest_fs_mount_tmp(root, r->cwd);
	/* The command may ask where it is; chdir() tells what could not be made. */
	if (!g->shares_host)
		io_make_dirs(r->cwd);
	return root;
}

static void run_child(const struct guest *g, struct request *r) __attribute__((noreturn));
static void run_child(const struct guest *g, struct request *r)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int self = open("/init", O_PATH | O_CLOEXEC);
	const char *root;

	setsid();
	root = enter_own_space(g, r);
	if (dup2(null, 0) < 0)
		guest_complain("cannot pass on", "/dev/null");
	guest_output_enter(g->outputs);
	keep_open(g->ports[PORT_RECORD]);
	keep_open(g->ports[PORT_TRACE]);
	strvec_pushf(&r->envp, "%s=%d", GUEST_RECORD_ENV, g->ports[PORT_RECORD]);
	strvec_pushf(&r->envp, "%s=%d", GUEST_TRACE_ENV, g->ports[PORT_TRACE]);
	if (*root && chroot(root) < 0)
		guest_complain("cannot chroot to", root);
	if (chdir(r->cwd) < 0) {
		if (g->shares_host)
			say(g->ports[PORT_RECORD], GUEST_NOTE_NO_FOLDER);
		if (chdir("/") < 0)
			guest_complain("cannot change to the directory", "/");
	}
	fexecve(self, (char *const *)r->argv.list, (char *const *)r->envp.list);
	guest_complain("cannot run", "/init");
}

/* The host ends QEMU once all has arrived; a power-off here could lose what QEMU still holds. */
static void report_end(const struct guest *g, int status)
{
	_cleanup_free_ char *line = text_format("%s%d %" PRIu64 " %" PRIu64, GUEST_LINE_END, status,
						g->outputs[0].sent, g->outputs[1].sent);

	say(g->ports[PORT_RECORD], line);
}

static void perform(struct guest *g, struct request *r)
{
	pid_t child;

	guest_output_open(g->outputs, g->ports);
	child = fork();
	if (child < 0)
		guest_complain("cannot fork for", "oomlab");
	if (child == 0)
		run_child(g, r);
	report_end(g, guest_output_carry(g->outputs, child));
	guest_output_close(g->outputs);
}

/*
 * What a request left is no part of the next: neither its processes nor the files and the inodes
 * that the kernel has cached.
 */
static void clean_up(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	io_write_at(AT_FDCWD, "/proc/sys/vm/drop_caches", "3");
}

static void boot(struct guest *g)
{
	const char *device;
	int uevents;

	guest_fs_mount_kernel("");
	io_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000");
	enable_controllers();
	uevents = open_uevents();
	load_modules();
	wait_for_ports(uevents, g->ports);
	say(g->ports[PORT_RECORD], GUEST_LINE_UP);
	if (guest_devices_start(uevents, &device) < 0)
		guest_complain("cannot start", device);
	close(uevents);
	g->shares_host = getenv(GUEST_SHARE);
	if (g->shares_host)
		guest_fs_mount_host();
}

void guest_main(void)
{
	static struct guest guest = {.ports = {-1, -1, -1, -1}};
	struct request request;

	boot(&guest);
	for (;;) {
		receive_request(guest.ports[PORT_RECORD], &request);
		perform(&guest, &request);
		release_request(&request);
		clean_up();
	}
}
