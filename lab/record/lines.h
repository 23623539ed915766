/*
 * lines.h - the lines of a record as tables: one list of fields a kind, used to write and to read.
 *
 * Internal to lab/record: everybody else goes through record.h. premortem_lines.c has the lines of
 * the snapshot. load.c and load_single.c say which table is of which line.
 */
#ifndef OOMLAB_RECORD_LINES_H
#define OOMLAB_RECORD_LINES_H

#include "record/fields.h"
#include "record/record.h"

/* One table for each kind of line, named after its "ev"; FIELDS_END ends it. */
extern const struct field fields_run[];	     /* struct record_run, without argv */
extern const struct field fields_setting[];  /* struct line_setting */
extern const struct field fields_cgroup[];   /* struct record_cgroup */
extern const struct field fields_counters[]; /* struct line_counters */
extern const struct field fields_source[];   /* struct record_source */
extern const struct field fields_start[];    /* struct line_start */
extern const struct field fields_sample[];   /* struct record_sample */
extern const struct field fields_kmsg[];     /* struct record_kmsg */
extern const struct field fields_checkpoint[];
extern const struct field fields_refused[]; /* struct line_refused */
extern const struct field fields_exit[];    /* struct record_process_end */
extern const struct field fields_run_process[];
extern const struct field fields_cgroup_seen[];
extern const struct field fields_arena[];
extern const struct field fields_engine[]; /* struct record_engine: what is known when it starts */
extern const struct field fields_engine_end[]; /* ... and when it has ended */
extern const struct field fields_site[];
extern const struct field fields_maps[];
extern const struct field fields_module[];
extern const struct field fields_touch[];
extern const struct field fields_mapping[];
extern const struct field fields_invoker[];
extern const struct field fields_memory_file[];
extern const struct field fields_resident[];
extern const struct field fields_frame[];
extern const struct field fields_tail_call[];
extern const struct field fields_reservation[];
extern const struct field fields_range[];
extern const struct field fields_mark[];
extern const struct field fields_watchdog[]; /* struct line_watchdog */
extern const struct field fields_guardian[];
extern const struct field fields_lost[]; /* struct record_loss */
extern const struct field fields_twin[];
extern const struct field fields_isolation[];
/* struct record_note under the keys of each kind: */
extern const struct field fields_gate[];	/* t */
extern const struct field fields_end[];		/* t */
extern const struct field fields_mark_victim[]; /* t, pid = count, comm = text */
extern const struct field fields_residue[];	/* bytes = count */
extern const struct field fields_closed[];	/* lines = count */
extern const struct field fields_note[];	/* text: note, error, skip */

/* The fields of lines that have no struct in record.h. */
struct line_setting {
	const char *name, *value;
};

struct line_counters {
	int64_t t_ns;
	int level;
	enum moment when;
	struct record_counters all, local;
};

struct line_watchdog {
	int64_t t_ns;
	enum watchdog why;
};

struct line_start {
	int64_t t_ns, pid;
	const char *cgroup_path;
};

struct line_refused {
	int64_t t_ns, errno_value, bytes;
	const char *what;
};

#endif
