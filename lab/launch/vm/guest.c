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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

struct request {
	struct strvec head; /* the first three strings of the request, see guest.h */
	const char *cwd;
	bool share_host;
	const char *root; /* of the target; "": that of the initramfs */
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
				ports[i] = open(node, O_WRONLY | O_CLOEXEC);
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

static void read_request(struct request *r)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;
	const char *next, *end;

	if (io_read_at(AT_FDCWD, GUEST_DIR "/request", REQUEST_MAX, &text) < 0)
		guest_complain("cannot read", GUEST_DIR "/request");
	end = text.buf + text.len;
	next = take_strings(text.buf, end, 3, &r->head);
	if (r->head.count < 3) {
		errno = EINVAL;
		guest_complain("cannot read", GUEST_DIR "/request");
	}
	r->cwd = *r->head.list[0] ? r->head.list[0] : "/";
	r->share_host = *r->head.list[1] == '1';
	next = take_strings(next, end, (size_t)atol(r->head.list[2]), &r->argv);
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

static void run_child(struct request *r, const int *ports, const struct guest_output *outputs)
	__attribute__((noreturn));
static void run_child(struct request *r, const int *ports, const struct guest_output *outputs)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int self = open("/init", O_PATH | O_CLOEXEC);

	setsid();
	if (dup2(null, 0) < 0)
		guest_complain("cannot pass on", "/dev/null");
	guest_output_enter(outputs);
	keep_open(ports[PORT_RECORD]);
	keep_open(ports[PORT_TRACE]);
	strvec_pushf(&r->envp, "%s=%d", GUEST_RECORD_ENV, ports[PORT_RECORD]);
	strvec_pushf(&r->envp, "%s=%d", GUEST_TRACE_ENV, ports[PORT_TRACE]);
	if (*r->root && chroot(r->root) < 0)
		guest_complain("cannot chroot to", r->root);
	if (chdir(r->cwd) < 0) {
		if (r->share_host)
			say(ports[PORT_RECORD], GUEST_NOTE_NO_FOLDER);
		if (chdir("/") < 0)
			guest_complain("cannot change to the directory", "/");
	}
	fexecve(self, (char *const *)r->argv.list, (char *const *)r->envp.list);
	guest_complain("cannot run", "/init");
}

/* Mounts the root that the target gets, with a /tmp. */
static void prepare_root(struct request *r, int record_port)
{
	bool is_writable = true;

	r->root = r->share_host ? guest_fs_share_host(&is_writable) : "";
	if (!is_writable)
		say(record_port, GUEST_NOTE_READ_ONLY);
	guest_fs_mount_tmp(r->root, r->cwd);
}

/* The host ends QEMU once all has arrived; a power-off here could lose what QEMU still holds. */
static void report_end(int port, int status, const struct guest_output *outputs)
	__attribute__((noreturn));
static void report_end(int port, int status, const struct guest_output *outputs)
{
	_cleanup_free_ char *line = text_format("%s%d %" PRIu64 " %" PRIu64, GUEST_LINE_END, status,
						outputs[0].sent, outputs[1].sent);

	say(port, line);
	for (;;)
		pause();
}

void guest_main(void)
{
	static struct guest_output outputs[OUTPUT_COUNT];
	int ports[PORT_COUNT] = {-1, -1, -1, -1};
	struct request request = {.head = STRVEC_INIT, .argv = STRVEC_INIT, .envp = STRVEC_INIT};
	const char *device;
	pid_t child;
	int uevents;

	guest_fs_mount_kernel("");
	io_write_at(AT_FDCWD, "/proc/self/oom_score_adj", "-1000");
	enable_controllers();
	uevents = open_uevents();
	load_modules();
	wait_for_ports(uevents, ports);
	say(ports[PORT_RECORD], GUEST_LINE_UP);
	if (guest_devices_start(uevents, &device) < 0)
		guest_complain("cannot start", device);
	read_request(&request);
	prepare_root(&request, ports[PORT_RECORD]);
	guest_output_open(outputs, ports);
	child = fork();
	if (child < 0)
		guest_complain("cannot fork for", "oomlab");
	if (child == 0)
		run_child(&request, ports, outputs);
	report_end(ports[PORT_RECORD], guest_output_carry(outputs, child), outputs);
}
