#include <stdlib.h>

#include "oomlog/badness.h"
#include "replay/replay_parts.h"

#define MIB_OF(n) ((int64_t)(n) << 20)
#define KIB_OF(n) ((int64_t)(n) << 10)

/* Of a guest, measured: what is left of its RAM, what it needs itself, and each process besides. */
#define USABLE_SHARE 0.95
#define GUEST_OWN    MIB_OF(150)
#define PROCESS_OWN  KIB_OF(160)
/* What the kernel charges to the cgroup for a process. */
#define PROCESS_CHARGE KIB_OF(96)
/* No process is smaller than that. */
#define PROCESS_LEAST KIB_OF(700)
/* The kernel counts resident pages in batches on each CPU. */
#define COUNTED_TO KIB_OF(256)
/* The first that is tried, and the last for a cgroup; sizes below are scaled up. */
#define RAM_FIRST   MIB_OF(1024)
#define LIMIT_FIRST MIB_OF(512)
/* As much of the total may be held by processes; the rest is the kernel's. */
#define HELD_SHARE 0.97

struct sums {
	int64_t private_bytes, tmpfs_most, file_most, pgtables;
};

static struct sums sum_rows(const struct replay_plan *plan)
{
	struct sums sums = {0};

	for (size_t i = 0; i < plan->row_count; i++) {
		const struct replay_row *row = &plan->rows[i];

		sums.private_bytes += row->private_bytes;
		sums.pgtables += row->pgtables_bytes;
		if (row->tmpfs_bytes > sums.tmpfs_most)
			sums.tmpfs_most = row->tmpfs_bytes;
		if (row->file_bytes > sums.file_most)
			sums.file_most = row->file_bytes;
	}
	return sums;
}

/* What all processes take, each shared page once. */
static int64_t taken(const struct replay_plan *plan)
{
	struct sums sums = sum_rows(plan);

	return sums.private_bytes + sums.tmpfs_most + sums.file_most + sums.pgtables +
	       plan->slab_bytes;
}

static double taken_if_shared(const struct replay_plan *plan, double share)
{
	double most = 0;
	struct sums sums = sum_rows(plan);

	for (size_t i = 0; i < plan->row_count; i++) {
		double here = (double)plan->rows[i].tmpfs_bytes +
			      share * (double)plan->rows[i].private_bytes;

		most = here > most ? here : most;
	}
	return (1 - share) * (double)sums.private_bytes + most + (double)sums.file_most +
	       (double)sums.pgtables + (double)plan->slab_bytes;
}

/* Rows that sum to more than there was share pages: as much of each is made shared as it needs. */
static void share_rows(struct replay_plan *plan)
{
	double room = HELD_SHARE * (double)plan->total_bytes, low = 0, high = 1;
	bool was_more = taken(plan) > plan->log_total_bytes;

	if (taken(plan) <= plan->total_bytes || taken_if_shared(plan, 1) > room)
		return;
	for (int i = 0; i < 30; i++) {
		double middle = (low + high) / 2;

		if (taken_if_shared(plan, middle) > room)
			low = middle;
		else
			high = middle;
	}
	for (size_t i = 0; i < plan->row_count; i++) {
		int64_t moved = (int64_t)(high * (double)plan->rows[i].private_bytes);

		plan->rows[i].private_bytes -= moved;
		plan->rows[i].tmpfs_bytes += moved;
	}
	REPLAY_CHOSE(plan,
		     "The processes %s: here %.0f %% of what each has is memory of tmpfs that "
		     "all share.",
		     was_more ? "sum to more than there was, so they shared pages"
			      : "of the log do not fit with the change",
		     high * 100);
}

static int64_t swap_used(const struct replay_plan *plan)
{
	int64_t sum = 0;

	for (size_t i = 0; i < plan->row_count; i++)
		if (plan->rows[i].task)
			sum += replay_clamp(plan->rows[i].task->swap_bytes);
	return sum;
}

static int64_t swap_total(const struct replay_plan *plan, const struct oomlog_event *ev,
			  const struct what_if_changes *changes)
{
	int64_t used = swap_used(plan);

	if (is_known(changes->swap_bytes))
		return changes->swap_bytes;
	if (plan->bound != STAGE_CGROUP && is_known(ev->swap_total_bytes))
		return ev->swap_total_bytes;
	if (plan->bound == STAGE_CGROUP && is_known(ev->swap_limit_bytes) &&
	    ev->swap_limit_bytes < WHAT_IF_BYTES_MAX && is_known(ev->swap_usage_bytes))
		return ev->swap_usage_bytes;
	return used;
}

/* The limit, or what the machine has; ABSENT: the log does not tell what it must hold. */
static int64_t find_base(const struct replay_plan *plan, const struct oomlog_event *ev,
			 const struct what_if_changes *changes)
{
	int64_t base = ABSENT;

	if (plan->bound == STAGE_CGROUP && is_known(changes->limit_bytes))
		base = changes->limit_bytes;
	else if (plan->bound == STAGE_CGROUP && is_known(ev->limit_bytes) && !ev->limit_is_max)
		base = ev->limit_bytes;
	else if (plan->bound == STAGE_MACHINE && is_known(ev->ram_bytes))
		base = replay_clamp(ev->ram_bytes) - replay_clamp(ev->reserved_bytes);
	return is_known(base) && base > 0 ? replay_clamp(base) : ABSENT;
}

/* The total that an oom_score_adj weighs by. */
static int64_t find_total(const struct replay_plan *plan, const struct oomlog_event *ev,
			  const struct what_if_changes *changes)
{
	int64_t base = find_base(plan, ev, changes);

	if (is_known(base))
		return base + replay_clamp(swap_total(plan, ev, changes));
	return (int64_t)((double)taken(plan) / HELD_SHARE) + MIB_OF(1);
}

static void say_total(struct replay_plan *plan, const struct oomlog_event *ev,
		      const struct what_if_changes *changes)
{
	int64_t swap = replay_clamp(swap_total(plan, ev, changes)), used = swap_used(plan);

	if (!is_known(find_base(plan, ev, changes)))
		REPLAY_CHOSE(plan, "%s: it is what the processes have, and 3 %% more.",
			     plan->bound == STAGE_CGROUP && is_known(ev->limit_bytes)
				     ? "The limit that the log gives can hold nothing"
			     : plan->nodes > 1 ? "How much memory the nodes had is not in the log"
					       : "How much memory there was is not in the log");
	if (swap > 0)
		REPLAY_CHOSE(plan, "There is no swap here: %s of it %s memory.",
			     TEXT_SIZE((uint64_t)swap),
			     plan->bound == STAGE_CGROUP ? "are added to the limit as"
							 : "are added to the machine as");
	if (used > 0)
		REPLAY_CHOSE(plan, "The %s that processes had in swap are resident here.",
			     TEXT_SIZE((uint64_t)used));
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static double smaller(double a, double b)
{
	return a < b ? a : b;
}

/* What the kernel will weigh an oom_score_adj by here. */
static double total_here(const struct replay_plan *plan)
{
	if (plan->bound == STAGE_CGROUP)
		return (double)plan->limit_bytes;
	return USABLE_SHARE * (double)plan->ram_bytes / plan->nodes;
}

/* Touching memory of its own, the invoker may be a little larger than its size; doubled to be sure. */
static double growth(const struct replay_plan *plan)
{
	if (plan->way != STAGE_TOUCH)
		return 0;
	return plan->bound == STAGE_CGROUP ? (double)KIB_OF(256) : 2 * (double)STAGE_OVERSHOOT;
}

/* Who is first by score, and by how much; index SIZE_MAX: nobody may be killed. */
struct lead {
	size_t index;
	double margin;
};

/* With scaling: nothing is smaller than `least`, and `grown` is added to the invoker. */
static struct lead find_lead(const struct replay_plan *plan, double factor, double total,
			     double least, double grown)
{
	struct lead lead = {SIZE_MAX, 0};
	double best = -1e300, second = -1e300;

	if (plan->kills_invoker && plan->rows[plan->invoker].oom_score_adj != BADNESS_UNKILLABLE)
		return (struct lead){plan->invoker, 1e300};
	for (size_t i = 0; i < plan->row_count; i++) {
		const struct replay_row *row = &plan->rows[i];
		double score = larger(factor * (double)replay_footprint(row), least) +
			       (i == plan->invoker ? grown : 0) + row->oom_score_adj * total / 1000;

		if (row->oom_score_adj == BADNESS_UNKILLABLE)
			continue;
		second = smaller(best, larger(score, second));
		if (score > best) {
			best = score;
			lead.index = i;
		}
	}
	lead.margin = best - second;
	return lead;
}

static struct lead lead_here(const struct replay_plan *plan)
{
	return find_lead(plan, plan->factor, total_here(plan), (double)PROCESS_LEAST, growth(plan));
}

/* Scaling changes nothing about who is first, or lets it be whom the log has. */
static bool keeps_the_first(const struct replay_plan *plan)
{
	size_t was = find_lead(plan, 1, (double)plan->total_bytes, 0, 0).index;
	size_t is = lead_here(plan).index;

	/* A kernel that panics chooses nobody. */
	return plan->panic_on_oom || was == is || (is != SIZE_MAX && plan->rows[is].is_victim);
}

static size_t count_least(const struct replay_plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->row_count; i++)
		count += plan->rows[i].task &&
			 plan->factor * (double)replay_footprint(&plan->rows[i]) <
				 (double)PROCESS_LEAST;
	return count;
}

/* What scaling cannot keep. */
static void say_limits_of_scale(struct replay_plan *plan)
{
	size_t least = count_least(plan);
	double wanted = plan->factor * (double)plan->total_bytes;
	struct lead lead = lead_here(plan);

	if (least)
		REPLAY_CHOSE(plan, "%s would be smaller than one can be here, some %s.",
			     TEXT_COUNT(least, "process"), TEXT_SIZE(PROCESS_LEAST));
	if (plan->bound == STAGE_CGROUP && (double)plan->limit_bytes > 1.01 * wanted)
		REPLAY_CHOSE(plan,
			     "The limit is %s where %s would be to scale: the processes, and "
			     "what the kernel needs for them, do not fit under that.",
			     TEXT_SIZE((uint64_t)plan->limit_bytes), TEXT_SIZE((uint64_t)wanted));
	if (lead.index != SIZE_MAX && lead.margin < (double)COUNTED_TO)
		REPLAY_CHOSE(plan,
			     "The two highest scores are less than %s apart here, and the "
			     "kernel's counters are not exact to that: which of the two is "
			     "chosen may be chance.",
			     TEXT_SIZE(COUNTED_TO));
}

/* Between an eighth of `largest` and that; a limit that its processes do not fit under is not one. */
static void scale_cgroup(struct replay_plan *plan, int64_t largest)
{
	double total = (double)plan->total_bytes, most = larger((double)largest, 1);
	double size = larger(total, (double)taken(plan));
	int64_t charges;

	plan->factor = size > most ? most / size : larger(1, most / 8 / size);
	plan->limit_bytes = (int64_t)(plan->factor * total);
	charges = (int64_t)(plan->factor * (double)taken(plan)) +
		  (int64_t)plan->row_count * PROCESS_CHARGE + MIB_OF(6);
	if (plan->limit_bytes < charges)
		plan->limit_bytes = charges;
	plan->limit_bytes &= ~INT64_C(4095);
	plan->ram_bytes = plan->limit_bytes + GUEST_OWN + MIB_OF(200) +
			  (int64_t)plan->row_count * PROCESS_OWN;
}

static void scale_machine(struct replay_plan *plan, int64_t largest)
{
	double usable = USABLE_SHARE * (double)largest;
	double own = (double)(GUEST_OWN + (int64_t)plan->row_count * PROCESS_OWN);
	double by_total = usable / (double)plan->total_bytes;
	double by_rows = larger(usable - own, 1) / larger((double)taken(plan), 1);

	plan->factor = smaller(by_total, by_rows);
	plan->ram_bytes = largest * plan->nodes;
}

static void scale_to(struct replay_plan *plan, int64_t largest)
{
	if (plan->bound == STAGE_CGROUP)
		scale_cgroup(plan, largest);
	else
		scale_machine(plan, largest);
}

/* Larger until that keeps who is first; false: it does not within ram_max. */
static bool scale_up(struct replay_plan *plan, int64_t own, int64_t ram_max)
{
	bool is_cgroup = plan->bound == STAGE_CGROUP;
	int64_t largest = is_cgroup ? LIMIT_FIRST : RAM_FIRST;

	if (!is_cgroup && largest < 2 * own)
		largest = 2 * own;
	for (;; largest *= 2) {
		scale_to(plan, largest);
		if (plan->ram_bytes > ram_max)
			return false;
		if (keeps_the_first(plan))
			return true;
	}
}

int replay_scale(struct replay_plan *plan, const struct oomlog_event *ev,
		 const struct what_if_changes *changes, int64_t ram_max, struct err *err)
{
	const struct what_if_changes nothing = WHAT_IF_CHANGES_INIT;
	int64_t own = GUEST_OWN + (int64_t)plan->row_count * PROCESS_OWN;

	plan->log_total_bytes = find_total(plan, ev, &nothing);
	plan->total_bytes = find_total(plan, ev, changes);
	say_total(plan, ev, changes);
	share_rows(plan);
	if (!scale_up(plan, own, ram_max)) {
		scale_to(plan, plan->bound == STAGE_CGROUP ? ram_max - MIB_OF(210) - own
							   : ram_max / plan->nodes);
		if (plan->ram_bytes > ram_max || plan->factor < 1e-6)
			return err_set(err, EXIT_FAILED,
				       "a guest of %s has no room for %s; give --guest-ram",
				       TEXT_SIZE((uint64_t)ram_max),
				       TEXT_COUNT(plan->row_count, "process"));
		REPLAY_CHOSE(plan,
			     "Within %s the sizes are too small to keep the order of the "
			     "scores for certain.",
			     TEXT_SIZE((uint64_t)ram_max));
	}
	say_limits_of_scale(plan);
	return 0;
}
