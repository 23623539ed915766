#include "oomlog/draft.h"

#define ALLOCS_MAX 64

bool fact_slab(struct draft *f, struct span text)
{
	struct span name = span_token(&text), used = span_token(&text), total = span_token(&text);
	int64_t used_kib, total_kib;

	if (span_equal(name, SPAN("Name")))
		return true;
	if (!span_number(&used, &used_kib) || !span_number(&total, &total_kib) ||
	    !span_equal(used, SPAN("KB")) || !span_equal(total, SPAN("KB")))
		return false;
	if (f->event.slab_count < 4096) {
		struct oomlog_slab *slab =
			ARRAY_PUSH(f->event.slabs, f->event.slab_count, f->slab_capacity);

		*slab = (struct oomlog_slab){pool_text(&f->pool, name), fact_size(used_kib, 1024),
					     fact_size(total_kib, 1024)};
	}
	return true;
}

void fact_hugepages(struct draft *f, struct span text, uint64_t line)
{
	struct oomlog_event *ev = &f->event;
	int64_t total, unused, kib;

	if (!span_number_after(text, SPAN("hugepages_total="), &total) ||
	    !span_number_after(text, SPAN("hugepages_size="), &kib) || total < 0 || kib <= 0 ||
	    kib > INT64_C(1) << 30)
		return;
	if (!ev->lines.hugepages || !ev->hugepages_bytes)
		ev->lines.hugepages = line;
	ev->hugepages_bytes =
		fact_size(or_zero(ev->hugepages_bytes) + or_zero(fact_size(total, kib * 1024)), 1);
	if (span_number_after(text, SPAN("hugepages_free="), &unused) && unused <= total)
		ev->hugepages_free_bytes = fact_size(or_zero(ev->hugepages_free_bytes) +
							     or_zero(fact_size(unused, kib * 1024)),
						     1);
}

/* "3176243200", "2.96 GiB", "0 B"; as the kernel rounds, a size with a unit has three digits. */
static bool size_with_unit(struct span *s, int64_t *bytes)
{
	static const struct {
		struct span name;
		int64_t bytes;
	} units[] = {{SPAN(" KiB"), INT64_C(1) << 10},
		     {SPAN(" MiB"), INT64_C(1) << 20},
		     {SPAN(" GiB"), INT64_C(1) << 30},
		     {SPAN(" TiB"), INT64_C(1) << 40},
		     {SPAN(" B"), 1}};
	int64_t whole, hundredths = 0;

	if (!span_number(s, &whole) || whole < 0)
		return false;
	if (span_eat(s, SPAN("."))) {
		size_t digits = span_digits(*s);

		if (!digits || digits > 2 || !span_number(s, &hundredths))
			return false;
		hundredths *= digits == 1 ? 10 : 1;
	}
	*bytes = fact_size(whole, 1);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (span_eat(s, units[i].name)) {
			*bytes = fact_size(whole, units[i].bytes);
			if (*bytes != ABSENT)
				*bytes += units[i].bytes * hundredths / 100;
			break;
		}
	return *bytes != ABSENT;
}

bool fact_alloc(struct draft *f, struct span text)
{
	struct oomlog_event *ev = &f->event;
	struct span where;
	int64_t bytes, calls;

	text = span_trim(text);
	if (!size_with_unit(&text, &bytes))
		return false;
	text = span_ltrim(text);
	if (!span_number(&text, &calls) || !span_has(text, SPAN(" func:")))
		return false;
	where = span_trim(text);
	if (ev->alloc_count < ALLOCS_MAX)
		*ARRAY_PUSH(ev->allocs, ev->alloc_count, f->alloc_capacity) =
			(struct oomlog_alloc){pool_text(&f->pool, where), bytes, calls};
	return true;
}
