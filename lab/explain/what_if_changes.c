#include "explain/what_if_changes.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "oomlog/pool.h"

static int refuse(struct err *err, const char *text, const char *why)
{
	return err_set(err, EXIT_USAGE, "--what-if '%s': %s", text, why);
}

static int add_adj(struct what_if_changes *changes, const char *text, struct err *err)
{
	const char *name = text + strlen("adj "), *equals = strrchr(text, '=');
	struct what_if_adj *adj;
	long value, pid;

	if (!equals || equals <= name)
		return refuse(err, text, "adj needs a name or a pid, and a number: adj java=-500");
	if (text_parse_long(equals + 1, -1000, 1000, &value) < 0)
		return refuse(err, text, "an oom_score_adj is a number from -1000 to 1000");
	adj = ARRAY_PUSH(changes->adjs, changes->adj_count, changes->adj_capacity);
	adj->name = xstrndup(name, (size_t)(equals - name));
	adj->value = value;
	adj->pid = text_parse_long(adj->name, 1, INT32_MAX, &pid) < 0 ? ABSENT : pid;
	return 0;
}

static int set_size(int64_t *to, const char *text, const char *value, struct err *err)
{
	uint64_t bytes;

	if (is_known(*to))
		return refuse(err, text, "this is given twice");
	if (text_parse_size(value, &bytes) < 0 || bytes > WHAT_IF_BYTES_MAX)
		return refuse(err, text, "not a size up to 1024T, such as 512M or 2G");
	*to = (int64_t)bytes;
	return 0;
}

static int set_switch(enum what_if_switch *to, const char *text, const char *value, struct err *err)
{
	if (*to != WHAT_IF_AS_LOGGED)
		return refuse(err, text, "this is given twice");
	if (strcmp(value, "on") && strcmp(value, "off"))
		return refuse(err, text, "on or off is missing");
	*to = strcmp(value, "on") ? WHAT_IF_OFF : WHAT_IF_ON;
	return 0;
}

/* What stands behind the key; NULL: the text does not begin with it. */
static const char *behind(const char *text, const char *key)
{
	size_t n = strlen(key);

	return strncmp(text, key, n) ? NULL : text + n;
}

static int read_change(struct what_if_changes *changes, const char *text, struct err *err)
{
	const char *value;

	if (behind(text, "adj "))
		return add_adj(changes, text, err);
	if ((value = behind(text, "limit=")))
		return set_size(&changes->limit_bytes, text, value, err);
	if ((value = behind(text, "swap=")))
		return set_size(&changes->swap_bytes, text, value, err);
	if ((value = behind(text, "group=")))
		return set_switch(&changes->group, text, value, err);
	if ((value = behind(text, "kill-allocating=")))
		return set_switch(&changes->allocating, text, value, err);
	return refuse(
		err, text,
		"none of 'adj NAME=N', limit=SIZE, swap=SIZE, group=on|off, kill-allocating=on|off");
}

int what_if_changes_add(struct what_if_changes *changes, const char *text, struct err *err)
{
	if (read_change(changes, text, err) < 0)
		return -1;
	*ARRAY_PUSH(changes->texts, changes->text_count, changes->text_capacity) =
		xstrndup(text, strlen(text));
	return 0;
}

void what_if_changes_release(struct what_if_changes *changes)
{
	for (size_t i = 0; i < changes->text_count; i++)
		free(changes->texts[i]);
	for (size_t i = 0; i < changes->adj_count; i++)
		free(changes->adjs[i].name);
	free(changes->texts);
	free(changes->adjs);
	*changes = (struct what_if_changes)WHAT_IF_CHANGES_INIT;
}
