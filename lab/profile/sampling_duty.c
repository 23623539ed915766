#include "profile/sampling_duty.h"

/* Shorter than this says little of a rate. */
#define RATE_NS 1000000

bool sampling_duty_is_due(const struct sampling_duty *d, uint64_t t_ns)
{
	return d->state == DUTY_GAP && t_ns >= d->until_ns;
}

/* The rate falls slowly: too short a gap costs little, too long a one may miss the limit. */
static void measure(struct sampling_duty *d, const struct sampling_duty_seen *seen)
{
	uint64_t ns = seen->t_ns - d->measured.t_ns;
	double rate;

	if (ns < RATE_NS)
		return;
	rate = (double)(seen->bytes - d->measured.bytes) / (double)ns;
	d->rate = rate > d->rate / 2 ? rate : d->rate / 2;
	d->measured = *seen;
}

static void update_credit(struct sampling_duty *d, const struct sampling_duty_seen *seen)
{
	d->credit += (double)(seen->t_ns - d->last.t_ns) * DUTY_CREDIT_A_SECOND / 1e9;
	d->credit -= (double)(seen->pages - d->last.pages);
	if (d->credit > DUTY_CREDIT)
		d->credit = DUTY_CREDIT;
}

/* Nanoseconds; 0: the limit is too near for any. */
static uint64_t gap_for(const struct sampling_duty *d, const struct sampling_duty_seen *seen)
{
	double rate = d->rate > 0 ? d->rate : 1e-9;
	double gap = (double)seen->bytes / DUTY_PART_OF_ALL / rate;
	double most = (double)seen->headroom / rate / 2;

	gap = gap > DUTY_GAP_MOST_NS ? DUTY_GAP_MOST_NS : gap;
	gap = gap < DUTY_GAP_LEAST_NS ? DUTY_GAP_LEAST_NS : gap;
	gap = gap > most ? most : gap;
	return gap < DUTY_GAP_LEAST_NS || seen->headroom < seen->bytes / DUTY_PART_NEAR
		       ? 0
		       : (uint64_t)gap;
}

static void begin_gap(struct sampling_duty *d, const struct sampling_duty_seen *seen)
{
	uint64_t gap = gap_for(d, seen);

	d->state = gap ? DUTY_GAP : DUTY_ALWAYS;
	d->until_ns = seen->t_ns + gap;
	d->began = *seen;
}

static bool are_few(double pages, uint64_t ns)
{
	return pages <= (double)ns / 1e9 * DUTY_CREDIT_A_SECOND;
}

static void end_gap(struct sampling_duty *d, const struct sampling_duty_seen *seen)
{
	double pages = (double)(seen->small - d->began.small) / DUTY_PAGE;

	if (++d->gaps % DUTY_GAPS_A_LOOK && !seen->is_unclear &&
	    !are_few(pages, seen->t_ns - d->began.t_ns)) {
		begin_gap(d, seen);
		return;
	}
	d->state = DUTY_LOOK;
	d->until_ns = seen->t_ns + DUTY_LOOK_NS;
	d->began = *seen;
}

static void end_look(struct sampling_duty *d, const struct sampling_duty_seen *seen)
{
	if (!are_few((double)(seen->pages - d->began.pages), seen->t_ns - d->began.t_ns)) {
		begin_gap(d, seen);
		return;
	}
	d->state = DUTY_ALWAYS;
	d->credit = d->credit > DUTY_CREDIT_BACK ? d->credit : DUTY_CREDIT_BACK;
}

static void next_state(struct sampling_duty *d, const struct sampling_duty_seen *seen)
{
	switch (d->state) {
	case DUTY_ALWAYS:
		if (d->credit <= 0)
			begin_gap(d, seen);
		break;
	case DUTY_GAP:
		end_gap(d, seen);
		break;
	case DUTY_LOOK:
		end_look(d, seen);
		break;
	}
}

void sampling_duty_step(struct sampling_duty *d, const struct sampling_duty_seen *seen)
{
	if (!d->has_begun) {
		*d = (struct sampling_duty){.has_begun = true, .credit = DUTY_CREDIT};
		d->last = d->measured = *seen;
	}
	if (seen->t_ns < d->last.t_ns)
		return;
	if (d->state != DUTY_GAP || sampling_duty_is_due(d, seen->t_ns))
		measure(d, seen);
	update_credit(d, seen);
	if (seen->is_delicate)
		d->state = DUTY_ALWAYS;
	else if (d->state == DUTY_ALWAYS || seen->t_ns >= d->until_ns)
		next_state(d, seen);
	d->last = *seen;
}

bool sampling_duty_is_on(const struct sampling_duty *d)
{
	return d->state != DUTY_GAP;
}

double sampling_duty_bytes(const struct sampling_duty *d, double ns)
{
	return d->rate * ns;
}

uint64_t sampling_duty_wait_ns(const struct sampling_duty *d)
{
	if (d->state == DUTY_ALWAYS)
		return 0;
	return d->until_ns > d->last.t_ns ? d->until_ns - d->last.t_ns : 1;
}
