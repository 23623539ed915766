#include "launch/vm/vm_pack.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/vm/guest.h"
#include "launch/vm/initramfs.h"

static const struct node {
	const char *path;
	mode_t mode;
	unsigned int major, minor;
} nodes[] = {
	{"/dev/console", S_IFCHR | 0600, 5, 1},
	{"/dev/null", S_IFCHR | 0666, 1, 3},
};

static const char *const directories[] = {"/proc", "/sys", "/tmp", "/run", "/var", "/etc", "/root"};

static int pack_skeleton(struct initramfs *fs, struct err *err)
{
	int rc = 0;

	for (size_t i = 0; i < ARRAY_SIZE(nodes) && rc == 0; i++)
		rc = initramfs_node(fs, nodes[i].path, nodes[i].mode,
				    makedev(nodes[i].major, nodes[i].minor), err);
	for (size_t i = 0; i < ARRAY_SIZE(directories) && rc == 0; i++)
		rc = initramfs_dir(fs, directories[i], err);
	return rc;
}

/* How much of an ELF file its segments need; symbols and debug sections follow. */
static size_t loaded_size(const char *data, size_t len)
{
#if __SIZEOF_POINTER__ == 8
	const Elf64_Ehdr *header = (const void *)data;
	const Elf64_Phdr *segments = (const void *)(data + header->e_phoff);
	size_t end = header->e_phoff + header->e_phnum * sizeof(*segments);

	for (size_t i = 0; i < header->e_phnum; i++)
		if (segments[i].p_offset + segments[i].p_filesz > end)
			end = segments[i].p_offset + segments[i].p_filesz;
	return end < len ? end : len;
#else
	return len;
#endif
}

/* Packs this program without its debug sections, because a smaller archive boots faster. */
static int pack_init(struct initramfs *fs, struct err *err)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;
	size_t len;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot read this program");
	len = (size_t)st.st_size;
	data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot read this program");
	rc = initramfs_data(fs, "/init", 0755, data, loaded_size(data, len), err);
	munmap(data, len);
	return rc;
}

/* Leaves out modules that this run does not need, because each lengthens an emulated boot. */
static bool is_needed(const char *module, const struct vm_machine *machine)
{
	static const char *const shared[] = {"fuse", "virtiofs", "overlay", "loop"};
	static const char *const zram[] = {"zram", "zsmalloc", "lz4", "lzo", "zstd", "842"};

	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		if (text_starts_with(module, shared[i]))
			return machine->share_host;
	for (size_t i = 0; i < ARRAY_SIZE(zram); i++)
		if (text_starts_with(module, zram[i]))
			return machine->zram_bytes;
	return !text_starts_with(module, "virtio_blk") || machine->swap_bytes ||
	       machine->scratch_bytes;
}

static int pack_modules(struct initramfs *fs, const struct kernel *kernel,
			const struct vm_machine *machine, struct err *err)
{
	_cleanup_strbuf_ struct strbuf list = STRBUF_INIT;

	for (size_t i = 0; i < kernel->module_count; i++) {
		const char *name = strrchr(kernel->modules[i], '/') + 1;
		_cleanup_free_ char *path = text_format(GUEST_DIR "/%s", name);

		if (!is_needed(name, machine))
			continue;
		strbuf_printf(&list, "%s\n", name);
		if (initramfs_copy(fs, path, kernel->modules[i], err) < 0)
			return -1;
	}
	return initramfs_data(fs, GUEST_DIR "/modules", 0644, list.buf, list.len, err);
}

static int pack_target(struct initramfs *fs, const struct vm_machine *machine, struct err *err)
{
	int rc = 0;

	if (machine->share_host)
		return 0;
	for (char *const *path = machine->programs; path && *path && rc == 0; path++)
		rc = initramfs_program(fs, *path, err);
	for (char *const *path = machine->files; path && *path && rc == 0; path++)
		rc = initramfs_file(fs, *path, err);
	return rc;
}

static int pack_stage(struct initramfs *fs, const struct vm_machine *machine, struct err *err)
{
	if (!machine->stage)
		return 0;
	return initramfs_data(fs, VM_STAGE, 0644, machine->stage, machine->stage_size, err);
}

static int pack_all(struct initramfs *fs, const struct vm_machine *machine,
		    const struct kernel *kernel, struct err *err)
{
	if (pack_skeleton(fs, err) < 0 || pack_init(fs, err) < 0 ||
	    pack_modules(fs, kernel, machine, err) < 0 || pack_target(fs, machine, err) < 0 ||
	    pack_stage(fs, machine, err) < 0)
		return -1;
	return initramfs_finish(fs, err);
}

int vm_pack(const struct vm_machine *machine, const struct kernel *kernel, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("initramfs", MFD_CLOEXEC);
	struct initramfs *fs;
	int rc;

	if (fd < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make the initramfs");
	fs = initramfs_new(fd, err);
	if (!fs)
		return -1;
	rc = pack_all(fs, machine, kernel, err);
	initramfs_free(fs);
	return rc < 0 ? -1 : STEAL_FD(fd);
}
