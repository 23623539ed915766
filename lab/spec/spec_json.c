#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "spec/spec.h"
#include "spec/spec_tree.h"

#define NS INT64_C(1000000000)

enum { HOST_FILES_MAX = 64 };

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
	put_string(o, "scope", e->scope);
	if (e->victims)
		json_object_set_new(o, "victims", spec_tree_victims_json(e));
	if (e->nodes)
		json_object_set_new(o, "nodes", spec_tree_node_counters_json(e));
	put_range(o, "oom_kill", &e->oom_kill);
	put_range(o, "oom_group_kill", &e->oom_group_kill);
	put_range(o, "peak_bytes", &e->peak_bytes);
	put_range(o, "vsz_bytes", &e->vsz_bytes);
	put_range(o, "rss_bytes", &e->rss_bytes);
	return o;
}

static json_t *ps_json(const struct ps_figures *ps)
{
	json_t *o = json_object();

	put_string(o, "checkpoint", ps->checkpoint);
	put_string(o, "where", ps->where);
	put_number(o, "vsz_bytes", (int64_t)ps->vsz_bytes);
	put_number(o, "rss_bytes", (int64_t)ps->rss_bytes);
	put_string(o, "meaning", ps->meaning);
	return o;
}

static json_t *needs_json(const struct spec *spec)
{
	json_t *needs = json_array();

	if (spec->needs_memcg_v2)
		json_array_append_new(needs, json_string("memcg_v2"));
	if (spec->needs_kmsg)
		json_array_append_new(needs, json_string("kmsg"));
	if (spec->needs_sys_resource)
		json_array_append_new(needs, json_string("sys_resource"));
	return needs;
}

static json_t *host_files_json(const struct spec *spec)
{
	json_t *files = json_array();

	for (char **file = spec->host_files; *file; file++)
		json_array_append_new(files, json_string(*file));
	return files;
}

json_t *spec_to_json(const struct spec *spec)
{
	json_t *o = json_object();

	put_string(o, "name", spec->name);
	put_string(o, "summary", spec->summary);
	put_string(o, "lesson", spec->lesson);
	put_string(o, "group", spec->group);
	put_string(o, "twin", spec->twin);
	put_amount(o, "memory_max", &spec->memory_max);
	put_amount(o, "memory_high", &spec->memory_high);
	put_amount(o, "memory_swap_max", &spec->memory_swap_max);
	if (spec->oom_group)
		json_object_set_new(o, "oom_group", json_true());
	put_number(o, "overcommit_memory", spec->overcommit_memory);
	put_number(o, "overcommit_ratio", spec->overcommit_ratio);
	put_number(o, "oom_score_adj", spec->oom_score_adj);
	put_string(o, "thp", spec_thp_names[spec->thp]);
	put_number(o, "ram_bytes", spec->ram_bytes);
	put_number(o, "guest_swap_bytes", spec->guest_swap_bytes);
	put_number(o, "guest_scratch_bytes", spec->guest_scratch_bytes);
	put_number(o, "guest_zram_bytes", spec->guest_zram_bytes);
	put_number(o, "guest_numa_nodes", spec->guest_numa_nodes);
	if (spec->own_boot)
		json_object_set_new(o, "own_boot", json_true());
	put_number(o, "ceiling_bytes", spec->ceiling_bytes);
	if (spec->timeout_ns == SPEC_NO_TIMEOUT)
		json_object_set_new(o, "timeout_ns", json_null());
	else
		put_number(o, "timeout_ns", spec->timeout_ns);
	if (spec->needs_memcg_v2 || spec->needs_kmsg || spec->needs_sys_resource)
		json_object_set_new(o, "needs", needs_json(spec));
	if (spec->host_files)
		json_object_set_new(o, "host_files", host_files_json(spec));
	put_string(o, "install", spec->install);
	if (spec->nodes)
		json_object_set(o, "nodes", spec->nodes);
	put_string(o, "target_node", spec->target_node);
	if (spec->has_expect)
		json_object_set_new(o, "expect", expect_json(&spec->expect));
	if (spec->ps.checkpoint)
		json_object_set_new(o, "ps", ps_json(&spec->ps));
	return o;
}

/* What is read; `bad` is the key of a value that makes no sense, NULL if there is none. */
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

/* A whole number within [min, max], or `otherwise` when the key is missing. */
static int64_t get_number(struct reader *r, const char *key, int64_t min, int64_t max,
			  int64_t otherwise)
{
	const json_t *v = json_object_get(r->object, key);

	if (!v)
		return otherwise;
	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max) {
		r->bad = key;
		return otherwise;
	}
	return json_integer_value(v);
}

static bool get_bool(struct reader *r, const char *key)
{
	const json_t *v = json_object_get(r->object, key);

	if (v && !json_is_boolean(v))
		r->bad = key;
	return json_is_true(v);
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

/* True when the value is absent or a whole number from 0. */
static bool is_count(const json_t *v)
{
	return !v || (json_is_integer(v) && json_integer_value(v) >= 0);
}

static void get_range(struct reader *r, const char *key, struct range *range)
{
	const json_t *v = json_object_get(r->object, key), *min, *max;

	if (!v)
		return;
	min = json_object_get(v, "min");
	max = json_object_get(v, "max");
	if (!is_count(min) || !is_count(max) || (!min && !max)) {
		r->bad = key;
		return;
	}
	range->is_set = true;
	range->min = (uint64_t)json_integer_value(min);
	range->max = max ? (uint64_t)json_integer_value(max) : UINT64_MAX;
}

/* The index of a name in its table; 0 (unset) when the key is missing. */
static int get_name(struct reader *r, const char *key, const char *const *names, int count)
{
	const json_t *v = json_object_get(r->object, key);
	int i = text_index(names, (size_t)count, json_string_value(v));

	if (v && i <= 0)
		r->bad = key;
	return i > 0 ? i : 0;
}

static bool is_scope(const char *name)
{
	static const char *const names[] = {"own", "ancestor", "global", "cpuset", "mempolicy"};

	return text_index(names, ARRAY_SIZE(names), name) >= 0;
}

static void get_expect(struct reader *outer, struct spec *spec)
{
	struct reader r = {.object = json_object_get(outer->object, "expect")};
	struct expect *e = &spec->expect;

	if (!r.object)
		return;
	if (!json_is_object(r.object)) {
		outer->bad = "expect";
		return;
	}
	spec->has_expect = true;
	e->outcome = (enum outcome)get_name(&r, "outcome", spec_outcome_names, OUTCOME_COUNT);
	e->constraint = (enum constraint)get_name(&r, "constraint", spec_constraint_names,
						  CONSTRAINT_COUNT);
	e->victim = (enum victim)get_name(&r, "victim", spec_victim_names, VICTIM_COUNT);
	e->scope = get_string(&r, "scope");
	if (e->scope && !is_scope(e->scope))
		r.bad = "scope";
	if (!spec_tree_read_victims(json_object_get(r.object, "victims"), e))
		r.bad = "victims";
	if (!spec_tree_read_node_counters(json_object_get(r.object, "nodes"), e))
		r.bad = "nodes";
	get_range(&r, "oom_kill", &e->oom_kill);
	get_range(&r, "oom_group_kill", &e->oom_group_kill);
	get_range(&r, "peak_bytes", &e->peak_bytes);
	get_range(&r, "vsz_bytes", &e->vsz_bytes);
	get_range(&r, "rss_bytes", &e->rss_bytes);
	if (r.bad)
		outer->bad = r.bad;
}

/* All of its strings must be there. */
static void get_ps(struct reader *outer, struct ps_figures *ps)
{
	struct reader r = {.object = json_object_get(outer->object, "ps")};

	if (!r.object)
		return;
	ps->checkpoint = get_string(&r, "checkpoint");
	ps->where = get_string(&r, "where");
	ps->vsz_bytes = (uint64_t)get_number(&r, "vsz_bytes", 0, INT64_MAX, 0);
	ps->rss_bytes = (uint64_t)get_number(&r, "rss_bytes", 0, INT64_MAX, 0);
	ps->meaning = get_string(&r, "meaning");
	if (r.bad || !ps->checkpoint || !ps->where || !ps->meaning)
		outer->bad = "ps";
}

static void get_needs(struct reader *r, struct spec *spec)
{
	json_t *needs = json_object_get(r->object, "needs"), *need;
	size_t i;

	if (needs && !json_is_array(needs))
		r->bad = "needs";
	json_array_foreach (needs, i, need) {
		const char *name = json_string_value(need);

		if (name && !strcmp(name, "memcg_v2"))
			spec->needs_memcg_v2 = true;
		else if (name && !strcmp(name, "kmsg"))
			spec->needs_kmsg = true;
		else if (name && !strcmp(name, "sys_resource"))
			spec->needs_sys_resource = true;
		else
			r->bad = "needs";
	}
}

static void get_nodes(struct reader *r, struct spec *spec)
{
	json_t *nodes = json_object_get(r->object, "nodes");

	spec->target_node = get_string(r, "target_node");
	/* They are made on cgroup v2 only. */
	if (!spec_tree_check_nodes(nodes) || (nodes && !spec->needs_memcg_v2))
		r->bad = "nodes";
	else if (spec->target_node && !spec_tree_is_leaf(nodes, spec->target_node))
		r->bad = "target_node";
	else
		spec->nodes = json_incref(nodes);
}

static void get_host_files(struct reader *r, struct spec *spec)
{
	json_t *files = json_object_get(r->object, "host_files"), *file;
	size_t i;

	if (!files)
		return;
	if (!json_is_array(files) || json_array_size(files) > HOST_FILES_MAX) {
		r->bad = "host_files";
		return;
	}
	spec->host_files = xcalloc(json_array_size(files) + 1, sizeof(*spec->host_files));
	json_array_foreach (files, i, file) {
		if (!json_is_string(file) || !json_string_length(file))
			r->bad = "host_files";
		spec->host_files[i] = xstrdup(json_is_string(file) ? json_string_value(file) : "");
	}
}

/* A scenario that declares none has the default; a null says that there is none. */
static int64_t get_timeout(struct reader *r)
{
	int64_t ns = get_number(r, "timeout_sec", 1, SPEC_NO_TIMEOUT / NS, SPEC_TIMEOUT_NS / NS) *
		     NS;

	if (json_is_null(json_object_get(r->object, "timeout_ns")))
		return SPEC_NO_TIMEOUT;
	return get_number(r, "timeout_ns", 1, SPEC_NO_TIMEOUT, ns);
}

int spec_from_json(const json_t *object, const char *who, struct spec *spec, struct err *err)
{
	struct reader r = {.object = object};

	spec_init(spec);
	if (!json_is_object(object))
		return err_set(err, EXIT_USAGE, "%s does not print a declaration", who);
	spec->name = get_string(&r, "name");
	spec->summary = get_string(&r, "summary");
	spec->lesson = get_string(&r, "lesson");
	spec->group = get_string(&r, "group");
	spec->twin = get_string(&r, "twin");
	get_amount(&r, "memory_max", &spec->memory_max);
	get_amount(&r, "memory_high", &spec->memory_high);
	get_amount(&r, "memory_swap_max", &spec->memory_swap_max);
	spec->oom_group = get_bool(&r, "oom_group");
	spec->overcommit_memory = get_number(&r, "overcommit_memory", 0, 2, SPEC_KEEP);
	spec->overcommit_ratio = get_number(&r, "overcommit_ratio", 1, 100, SPEC_KEEP);
	spec->oom_score_adj = get_number(&r, "oom_score_adj", -1000, 1000, SPEC_KEEP);
	spec->thp = (enum thp)get_name(&r, "thp", spec_thp_names, THP_COUNT);
	spec->ram_bytes = get_number(&r, "ram_bytes", 0, INT64_MAX, SPEC_KEEP);
	spec->guest_swap_bytes = get_number(&r, "guest_swap_bytes", MIB(1), INT64_MAX, SPEC_KEEP);
	spec->guest_scratch_bytes =
		get_number(&r, "guest_scratch_bytes", MIB(8), INT64_MAX, SPEC_KEEP);
	spec->guest_zram_bytes = get_number(&r, "guest_zram_bytes", MIB(1), INT64_MAX, SPEC_KEEP);
	spec->guest_numa_nodes = get_number(&r, "guest_numa_nodes", 1, SPEC_NODES_MAX, SPEC_KEEP);
	spec->own_boot = get_bool(&r, "own_boot");
	spec->ceiling_bytes = get_number(&r, "ceiling_bytes", 0, INT64_MAX, SPEC_KEEP);
	spec->timeout_ns = get_timeout(&r);
	get_expect(&r, spec);
	get_needs(&r, spec);
	get_nodes(&r, spec);
	get_host_files(&r, spec);
	spec->install = get_string(&r, "install");
	get_ps(&r, &spec->ps);
	if (r.bad)
		return err_set(err, EXIT_USAGE,
			       "%s declares '%s' in a way that oomlab does not know", who, r.bad);
	return 0;
}

int spec_parse(const char *json, const char *who, struct spec *spec, struct err *err)
{
	json_error_t why;
	json_t *object = json_loads(json, 0, &why);
	int r;

	spec_init(spec);
	if (!object)
		return err_set(err, EXIT_USAGE, "%s does not print a declaration: %s", who,
			       why.text);
	r = spec_from_json(object, who, spec, err);
	json_decref(object);
	return r;
}
