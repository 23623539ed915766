/*
 * spec.h - the settings of one run: what to run, under which limits, and what is expected. They
 * come from a scenario's own declaration or from defaults; the command line overrides them.
 *
 * Units: bytes, ns. SPEC_KEEP is a number that leaves a setting alone. Pure but for
 * spec_ask_program(), which runs `PROGRAM --spec`.
 */
#ifndef OOMLAB_SPEC_SPEC_H
#define OOMLAB_SPEC_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "scenarios/scenario.h"

#define SPEC_KEEP      INT64_MIN
#define SPEC_NODES_MAX 8

struct spec {
	const char *name;			     /* of the scenario; NULL: a plain command */
	const char *summary, *lesson, *group, *twin; /* of the scenario; each may be NULL */
	struct amount memory_max, memory_high, memory_swap_max;
	bool oom_group;
	int64_t overcommit_memory;   /* 0, 1, 2 or SPEC_KEEP */
	int64_t overcommit_ratio;    /* percent or SPEC_KEEP */
	int64_t oom_score_adj;	     /* -1000..1000 or SPEC_KEEP */
	enum thp thp;		     /* THP_KEEP: leave it alone */
	int64_t ram_bytes;	     /* of the guest; SPEC_KEEP: oomlab chooses */
	int64_t guest_swap_bytes;    /* of its swap disk; SPEC_KEEP: none */
	int64_t guest_scratch_bytes; /* of an ext4 on a disk of its own; SPEC_KEEP: none */
	int64_t guest_zram_bytes;    /* of compressed memory that is swapped to; SPEC_KEEP: none */
	int64_t guest_numa_nodes;    /* 1..SPEC_NODES_MAX; SPEC_KEEP: one */
	bool own_boot;		     /* runs in no guest in which another has run */
	int64_t ceiling_bytes;	     /* the scenario never touches more; SPEC_KEEP: not known */
	int64_t timeout_ns;	     /* SPEC_NO_TIMEOUT: never */
	bool needs_memcg_v2, needs_kmsg, needs_sys_resource;
	json_t *nodes;		 /* cgroups below the run's own, as declared; NULL: none */
	const char *target_node; /* may be NULL */
	char **host_files;	 /* that the scenario needs, ended by NULL; NULL: none */
	const char *install;	 /* what installs them; may be NULL */
	bool has_expect;
	struct expect expect; /* its lists and strings are owned */
	struct ps_figures ps; /* checkpoint NULL: none; else no string is NULL */
};

#define SPEC_TIMEOUT_NS INT64_C(60000000000) /* of a scenario that declares none */
#define SPEC_NO_TIMEOUT (INT64_MAX / 8)	     /* 36 years: sums with it are numbers, too */

/* No limits, no expectation, no timeout, every setting left alone. */
void spec_init(struct spec *spec);

/*
 * Fills `spec` from the JSON text that a scenario prints for --spec. Strings are copied and freed
 * by spec_release(). Returns 0, or -1 with EXIT_USAGE when the text is no such declaration; `who`
 * names it in err. This, spec_from_json() and spec_ask_program() initialise `spec` first; it may
 * and must be released also when they fail.
 */
int spec_parse(const char *json, const char *who, struct spec *spec, struct err *err);
void spec_release(struct spec *spec);

/*
 * A spec as a JSON object, and back. The keys are those that a scenario prints (timeout_sec is
 * timeout_ns here), plus oom_score_adj and guest_swap_bytes. spec_to_json()
 * returns a new reference, never NULL.
 */
json_t *spec_to_json(const struct spec *spec);
int spec_from_json(const json_t *object, const char *who, struct spec *spec, struct err *err);

/* Drops what is expected. */
void spec_expect_nothing(struct spec *spec);

/* Runs `program --spec` (5 s, 64 KiB at most) and parses what it prints; 0 or -1 as above. */
int spec_ask_program(const char *program, struct spec *spec, struct err *err);

/* The outcome of that name ("oom_killed"), or OUTCOME_UNSET. */
enum outcome spec_outcome(const char *name);
extern const char *const spec_outcome_names[OUTCOME_COUNT];
extern const char *const spec_constraint_names[CONSTRAINT_COUNT];
extern const char *const spec_victim_names[VICTIM_COUNT];
extern const char *const spec_thp_names[THP_COUNT]; /* THP_KEEP: NULL */

/* Reads "max", "none" (the same) or a size; 0, or -1 with a sentence that names `option`. */
int spec_parse_amount(const char *option, const char *text, struct amount *amount, struct err *err);

/* Checks the settings together (a limit above the guest's RAM, ...): 0, or -1 with EXIT_USAGE. */
int spec_validate(const struct spec *spec, struct err *err);

/* Sets memory_max, and scales the expected peak with it where that is the declared limit. */
void spec_set_limit(struct spec *spec, const struct amount *limit);

/*
 * Puts the settings of the command line, `given`, over those that a scenario declared. Where there
 * is a limit and neither says how much swap, there is none.
 */
void spec_override(struct spec *spec, const struct spec *given);

/* True when the guest has a device that not every guest has: swap, a scratch disk, NUMA nodes. */
bool spec_has_devices(const struct spec *spec);

/* True when a setting is one that only a VM has: its RAM, its devices, a boot of its own. */
bool spec_wants_guest(const struct spec *spec);

/* True when a setting belongs to the whole kernel, so that the run goes to the VM. */
bool spec_is_kernel_wide(const struct spec *spec);

#endif
