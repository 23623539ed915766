#include "launch/container/container_gate.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "launch/container/cgroup_foreign.h"
#include "launch/container/gate.h"

bool container_read_id(const struct container *container, char id[CONTAINER_ID_SIZE])
{
	_cleanup_free_ char *path = text_format("%s/" CONTAINER_ID_FILE, container->dir);

	return !io_read_line_at(AT_FDCWD, path, id, CONTAINER_ID_SIZE) && *id &&
	       strspn(id, "0123456789abcdef") == strlen(id);
}

/* oomlab did not make the cgroup, so cg_destroy() only closes it. */
static void close_levels(struct cg *cg)
{
	struct err ignored = ERR_INIT;

	cg_destroy(cg, &ignored);
}

/* 0 when the peer is in the container, with `cg` opened; else -1 with the reason. */
static int check_peer(const struct container *container, const struct target *peer, struct cg *cg,
		      struct err *err)
{
	_cleanup_(close_levels) struct cg own = {0};
	struct pollfd end = {.fd = peer->pidfd, .events = POLLIN};
	struct err ignored = ERR_INIT;
	char id[CONTAINER_ID_SIZE];

	if (!container_read_id(container, id))
		return err_set(err, EXIT_LAB_BROKEN,
			       "process %d came before the container was made", (int)peer->pid);
	cg_open_own(&own, &ignored);
	if (cg_open_of(peer->pid, cg, err) < 0 ||
	    cgroup_foreign_check(cg, &own, peer->pid, id, err) < 0)
		return -1;
	return poll(&end, 1, 0)
		       ? err_set(err, EXIT_LAB_BROKEN, "process %d has ended", (int)peer->pid)
		       : 0;
}

int container_admit(struct container *container, struct target *target, struct cg *cg,
		    struct err *err)
{
	struct err why = ERR_INIT;
	int r = gate_accept(container->listener, target, err);

	if (r || !check_peer(container, target, cg, &why))
		return r;
	container->turned_away_why = why;
	container->turned_away++;
	close_levels(cg);
	gate_turn_away(target);
	return 1;
}

int container_hint_at_gate(const struct container *container, struct err *err)
{
	if (container->turned_away)
		err_hint(err, "turned away at the gate: %s", container->turned_away_why.text);
	return -1;
}

void container_skip_payload(const struct container *container, struct cg *cg)
{
	struct cgroup_limits own, above;
	char id[CONTAINER_ID_SIZE];

	if (cg->level_count < 2 || !container_read_id(container, id) ||
	    !cgroup_foreign_is_named_for(cg->levels[1].path, id))
		return;
	cg_read_limits(cg, 0, &own);
	cg_read_limits(cg, 1, &above);
	if (!own.memory_max.is_max || above.memory_max.is_max)
		return;
	close(cg->levels[0].dirfd);
	free(cg->levels[0].path);
	memmove(cg->levels, cg->levels + 1, sizeof(cg->levels[0]) * (size_t)--cg->level_count);
}

/* A user who could replace the folder would show the container a gate of his own. */
static int check_tmp(const char *tmp, struct err *err)
{
	struct stat st;

	if (stat(tmp, &st) < 0 || !(st.st_mode & S_IWOTH) || (st.st_mode & S_ISVTX))
		return 0;
	err_set(err, EXIT_LAB_BROKEN,
		"every user may rename what is in '%s': no place for a container's gate", tmp);
	return err_hint(err, "name another folder in TMPDIR, or chmod +t this one");
}

int container_make_dir(struct container *container, struct err *err)
{
	const char *set = getenv("TMPDIR"), *tmp = set && *set ? set : "/tmp";
	_cleanup_free_ char *dir = text_format("%s/oomlab-gate-XXXXXX", tmp);
	_cleanup_free_ char *shown = NULL;

	if (check_tmp(tmp, err) < 0)
		return -1;
	if (!mkdtemp(dir))
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make '%s'", dir);
	container->dir = STEAL(dir);
	shown = text_format("%s/" CONTAINER_SHOWN_DIR, container->dir);
	if (mkdir(shown, 0755) < 0 || chmod(shown, 0755) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make '%s'", shown);
	container->listener = gate_listen(shown, err);
	return container->listener < 0 ? -1 : 0;
}
