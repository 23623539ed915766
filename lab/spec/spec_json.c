#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "spec/spec.h"

static json_t *amount_json(const struct amount *a)
{
	return a->is_max ? json_string("max") : json_integer((json_int_t)a->bytes);
}

static void put_amount(json_t *to, const char *key, const struct amount *a)
{
	if (a->is_set)
		json_object_set_new(to, key, amount_json(a));
}

static void put_number(json_t *to, const char *key, int64_t n)
{
	if (n != SPEC_KEEP)
		json_object_set_new(to, key, json_integer(n));
}

static void put_string(json_t *to, const char *key, const char *s)
{
	if (s)
		json_object_set_new(to, key, json_string(s));
}

static void put_range(json_t *to, const char *key, const struct range *r)
{
	json_t *o;

	if (!r->is_set)
		return;
	o = json_pack("{s:I}", "min", (json_int_t)r->min);
	if (r->max != UINT64_MAX)
		json_object_set_new(o, "max", json_integer((json_int_t)r->max));
	json_object_set_new(to, key, o);
}

static json_t *expect_json(const struct expect *e)
{
	json_t *o = json_object();

	if (e->outcome)
		put_string(o, "outcome", spec_outcome_names[e->outcome]);
	if (e->constraint)
		put_string(o, "constraint", spec_constraint_names[e->constraint]);
	if (e->victim)
		put_string(o, "victim", spec_victim_names[e->victim]);
	put_range(o, "oom_kill", &e->oom_kill);
	put_range(o, "peak_bytes", &e->peak_bytes);
	put_range(o, "vsz_bytes", &e->vsz_bytes);
	put_range(o, "rss_bytes", &e->rss_bytes);
	return o;
}

json_t *spec_to_json(const struct spec *spec)
{
	json_t *o = json_object();

	put_string(o, "name", spec->name);
	put_string(o, "summary", spec->summary);
	put_string(o, "lesson", spec->lesson);
	put_string(o, "twin", spec->twin);
	put_amount(o, "memory_max", &spec->memory_max);
	put_amount(o, "memory_high", &spec->memory_high);
	put_amount(o, "memory_swap_max", &spec->memory_swap_max);
	if (spec->oom_group)
		json_object_set_new(o, "oom_group", json_true());
	put_number(o, "overcommit_memory", spec->overcommit_memory);
	put_number(o, "overcommit_ratio", spec->overcommit_ratio);
	put_number(o, "oom_score_adj", spec->oom_score_adj);
	put_string(o, "thp", spec->thp);
	put_number(o, "ram_bytes", spec->ram_bytes);
	put_number(o, "timeout_ns", spec->timeout_ns);
	if (spec->has_expect)
		json_object_set_new(o, "expect", expect_json(&spec->expect));
	return o;
}

/* Reading: `bad` holds the key of the first value that makes no sense. */
struct reader {
	const json_t *object;
	const char *bad;
};

static char *get_string(struct reader *r, const char *key)
{
	const json_t *v = json_object_get(r->object, key);

	if (!v)
		return NULL;
	if (!json_is_string(v)) {
		r->bad = key;
		return NULL;
	}
	return xstrdup(json_string_value(v));
}

static int64_t get_number(struct reader *r, const char *key, int64_t otherwise)
{
	const json_t *v = json_object_get(r->object, key);

	if (!v)
		return otherwise;
	if (!json_is_integer(v)) {
		r->bad = key;
		return otherwise;
	}
	return json_integer_value(v);
}

static void get_amount(struct reader *r, const char *key, struct amount *a)
{
	const json_t *v = json_object_get(r->object, key);

	if (!v)
		return;
	if (json_is_integer(v) && json_integer_value(v) >= 0)
		*a = (struct amount){.is_set = true, .bytes = (uint64_t)json_integer_value(v)};
	else if (json_is_string(v) && !strcmp(json_string_value(v), "max"))
		*a = (struct amount){.is_set = true, .is_max = true};
	else
		r->bad = key;
}

static void get_range(struct reader *r, const char *key, struct range *range)
{
	const json_t *v = json_object_get(r->object, key), *min, *max;

	if (!v)
		return;
	min = json_object_get(v, "min");
	max = json_object_get(v, "max");
	if ((min && !json_is_integer(min)) || (max && !json_is_integer(max)) || (!min && !max)) {
		r->bad = key;
		return;
	}
	range->is_set = true;
	range->min = (uint64_t)json_integer_value(min);
	range->max = max ? (uint64_t)json_integer_value(max) : UINT64_MAX;
}

static int get_name(struct reader *r, const char *key, const char *const *names, int count)
{
	const json_t *v = json_object_get(r->object, key);

	for (int i = 1; json_is_string(v) && i < count; i++)
		if (!strcmp(json_string_value(v), names[i]))
			return i;
	if (v)
		r->bad = key;
	return 0;
}

static void get_expect(struct reader *outer, struct spec *spec)
{
	struct reader r = {.object = json_object_get(outer->object, "expect")};
	struct expect *e = &spec->expect;

	if (!r.object)
		return;
	spec->has_expect = true;
	e->outcome = (enum outcome)get_name(&r, "outcome", spec_outcome_names, OUTCOME_COUNT);
	e->constraint = (enum constraint)get_name(&r, "constraint", spec_constraint_names,
						  CONSTRAINT_COUNT);
	e->victim = (enum victim)get_name(&r, "victim", spec_victim_names, VICTIM_COUNT);
	get_range(&r, "oom_kill", &e->oom_kill);
	get_range(&r, "peak_bytes", &e->peak_bytes);
	get_range(&r, "vsz_bytes", &e->vsz_bytes);
	get_range(&r, "rss_bytes", &e->rss_bytes);
	if (r.bad)
		outer->bad = r.bad;
}

static void get_needs(struct reader *r, struct spec *spec)
{
	size_t i;
	json_t *need;

	json_array_foreach (json_object_get(r->object, "needs"), i, need) {
		const char *name = json_string_value(need);

		if (name && !strcmp(name, "memcg_v2"))
			spec->needs_memcg_v2 = true;
		else if (name && !strcmp(name, "kmsg"))
			spec->needs_kmsg = true;
		else
			r->bad = "needs";
	}
}

int spec_from_json(const json_t *object, const char *who, struct spec *spec, struct err *err)
{
	struct reader r = {.object = object};
	int64_t sec;

	spec_init(spec);
	if (!json_is_object(object))
		return err_set(err, EXIT_USAGE, "%s does not print a declaration", who);
	spec->name = get_string(&r, "name");
	spec->summary = get_string(&r, "summary");
	spec->lesson = get_string(&r, "lesson");
	spec->twin = get_string(&r, "twin");
	get_amount(&r, "memory_max", &spec->memory_max);
	get_amount(&r, "memory_high", &spec->memory_high);
	get_amount(&r, "memory_swap_max", &spec->memory_swap_max);
	spec->oom_group = json_is_true(json_object_get(object, "oom_group"));
	spec->overcommit_memory = get_number(&r, "overcommit_memory", SPEC_KEEP);
	spec->overcommit_ratio = get_number(&r, "overcommit_ratio", SPEC_KEEP);
	spec->oom_score_adj = get_number(&r, "oom_score_adj", SPEC_KEEP);
	spec->thp = get_string(&r, "thp");
	spec->ram_bytes = get_number(&r, "ram_bytes", SPEC_KEEP);
	sec = get_number(&r, "timeout_sec", 0);
	spec->timeout_ns = get_number(&r, "timeout_ns", sec ? sec * 1000000000 : SPEC_TIMEOUT_NS);
	get_expect(&r, spec);
	get_needs(&r, spec);
	if (r.bad)
		return err_set(err, EXIT_USAGE, "%s declares '%s' in a way this lab does not know",
			       who, r.bad);
	return 0;
}

int spec_parse(const char *json, const char *who, struct spec *spec, struct err *err)
{
	json_error_t why;
	json_t *object = json_loads(json, 0, &why);
	int r;

	if (!object)
		return err_set(err, EXIT_USAGE, "%s does not print a declaration: %s", who,
			       why.text);
	r = spec_from_json(object, who, spec, err);
	json_decref(object);
	return r;
}

/* Reads what the child prints until it closes, 64 KiB, or 5 s. */
static int read_reply(int fd, struct strbuf *sb)
{
	int64_t deadline = io_now_ns() + INT64_C(5000000000);

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left_ms = (deadline - io_now_ns()) / 1000000;
		char chunk[4096];
		ssize_t n;

		if (left_ms <= 0 || sb->len > 65536)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left_ms) <= 0)
			continue;
		n = read(fd, chunk, sizeof(chunk));
		if (n <= 0)
			return n < 0 ? -errno : 0;
		strbuf_append(sb, chunk, (size_t)n);
	}
}

int spec_ask_program(const char *program, struct spec *spec, struct err *err)
{
	_cleanup_strbuf_ struct strbuf reply = STRBUF_INIT;
	int fds[2], r, status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, EXIT_LAB_BROKEN, "cannot make a pipe");
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		execl(program, program, "--spec", (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_errno(err, EXIT_LAB_BROKEN, "cannot start a process");
	}
	r = read_reply(fds[0], &reply);
	close(fds[0]);
	if (r)
		kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) == pid && status == 0 && r == 0)
		return spec_parse(reply.buf, program, spec, err);
	return err_set(err, EXIT_USAGE, "'%s --spec' printed no declaration", program);
}
