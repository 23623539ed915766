#include "profile/perf_sample.h"

#include <string.h>
#include <unistd.h>

#include "symbols/registers.h"

/* Only tracepoints have raw bytes; for other events the kernel writes 4 bytes of padding. */
enum { NO_RAW = 4 };

/* What has not been read yet; `left` is -1 after a read past the end. */
struct cursor {
	const unsigned char *at;
	ptrdiff_t left;
};

static const void *take(struct cursor *c, size_t len)
{
	const void *at = c->at;

	if (c->left < 0 || len > (size_t)c->left) {
		c->left = -1;
		return NULL;
	}
	c->at += len;
	c->left -= (ptrdiff_t)len;
	return at;
}

static uint64_t take_u64(struct cursor *c)
{
	const void *at = take(c, sizeof(uint64_t));
	uint64_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

static uint32_t take_u32(struct cursor *c)
{
	const void *at = take(c, sizeof(uint32_t));
	uint32_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return value;
}

static bool find_field(const char *format, const char *declaration, unsigned int size,
		       struct tracefs_field *field)
{
	*field = tracefs_find(format, declaration);
	return field->size == size;
}

bool perf_sample_layout(const char *format, struct perf_sample_layout *layout)
{
	return find_field(format, " mm_id;", 4, &layout->mm_id) &&
	       find_field(format, " curr;", 4, &layout->curr) &&
	       find_field(format, " member;", 4, &layout->counter) &&
	       find_field(format, " size;", 8, &layout->size);
}

bool perf_sample_layout_reserve(const char *format, int64_t id, struct perf_sample_layout *layout)
{
	if (id <= 0 || id > UINT16_MAX ||
	    !find_field(format, " addr;", 8, &layout->reserve_start) ||
	    !find_field(format, " length;", 8, &layout->reserve_len))
		return false;
	layout->reserve_id = (uint16_t)id;
	return true;
}

bool perf_sample_layout_request(const char *format, int64_t id, struct perf_sample_layout *layout)
{
	if (id <= 0 || id > UINT16_MAX ||
	    !find_field(format, " addr;", 8, &layout->request_start) ||
	    !find_field(format, " len;", 8, &layout->request_len))
		return false;
	layout->request_id = (uint16_t)id;
	return true;
}

bool perf_sample_layout_unmap(const char *format, int64_t id, struct perf_sample_layout *layout)
{
	if (id <= 0 || id > UINT16_MAX || !find_field(format, " addr;", 8, &layout->unmap_start) ||
	    !find_field(format, " len;", 8, &layout->unmap_len))
		return false;
	layout->unmap_id = (uint16_t)id;
	return true;
}

bool perf_sample_layout_remap(const char *format, int64_t id, struct perf_sample_layout *layout)
{
	if (id <= 0 || id > UINT16_MAX || !find_field(format, " addr;", 8, &layout->remap_start) ||
	    !find_field(format, " old_len;", 8, &layout->remap_len) ||
	    !find_field(format, " new_len;", 8, &layout->remap_new_len) ||
	    !find_field(format, " flags;", 8, &layout->remap_flags) ||
	    !find_field(format, " new_addr;", 8, &layout->remap_new_start))
		return false;
	layout->remap_id = (uint16_t)id;
	return true;
}

bool perf_sample_layout_invoke(const char *format, int64_t id, struct perf_sample_layout *layout)
{
	if (id <= 0 || id > UINT16_MAX || !find_field(format, " pid;", 4, &layout->invoke_victim))
		return false;
	layout->invoke_id = (uint16_t)id;
	return true;
}

bool perf_sample_layout_grow(const char *format, int64_t id, struct perf_sample_layout *layout)
{
	if (id <= 0 || id > UINT16_MAX || !find_field(format, " index;", 8, &layout->grow_first) ||
	    !find_field(format, " last;", 8, &layout->grow_last) ||
	    !find_field(format, " val;", 8, &layout->grow_value))
		return false;
	layout->grow_id = (uint16_t)id;
	return true;
}

bool perf_sample_layout_huge(const char *format, int64_t id, struct perf_sample_layout *layout)
{
	if (id <= 0 || id > UINT16_MAX || !find_field(format, " order;", 4, &layout->huge_order))
		return false;
	layout->huge_id = (uint16_t)id;
	return true;
}

uint64_t perf_sample_type(void)
{
	uint64_t type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			PERF_SAMPLE_ADDR | PERF_SAMPLE_PERIOD | PERF_SAMPLE_RAW;

	return registers_mask() ? type | PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER : type;
}

static bool raw_number(const unsigned char *raw, size_t len, const struct tracefs_field *field,
		       void *to)
{
	if (field->offset > len || field->size > len - field->offset)
		return false;
	memcpy(to, raw + field->offset, field->size);
	return true;
}

static bool decode_rss(const struct perf_sample_layout *layout, const unsigned char *raw,
		       size_t len, struct perf_event *event)
{
	uint32_t curr;
	int32_t counter;

	if (!raw_number(raw, len, &layout->mm_id, &event->mm_id) ||
	    !raw_number(raw, len, &layout->curr, &curr) ||
	    !raw_number(raw, len, &layout->counter, &counter) ||
	    !raw_number(raw, len, &layout->size, &event->size) || counter < 0 ||
	    counter >= RSS_COUNT || event->size < 0 || event->size > INT64_C(1) << 56)
		return false;
	event->is_current = curr != 0;
	event->counter = (enum rss_counter)counter;
	event->kind = EVENT_RSS;
	return true;
}

static bool decode_reserve(const struct perf_sample_layout *layout, const unsigned char *raw,
			   size_t len, struct perf_event *event)
{
	if (!raw_number(raw, len, &layout->reserve_start, &event->start) ||
	    !raw_number(raw, len, &layout->reserve_len, &event->len))
		return false;
	event->kind = EVENT_RESERVE;
	return true;
}

static bool decode_request(const struct perf_sample_layout *layout, const unsigned char *raw,
			   size_t len, struct perf_event *event)
{
	if (!raw_number(raw, len, &layout->request_start, &event->start) ||
	    !raw_number(raw, len, &layout->request_len, &event->len))
		return false;
	event->kind = EVENT_REQUEST;
	return true;
}

static bool decode_unmap(const struct perf_sample_layout *layout, const unsigned char *raw,
			 size_t len, struct perf_event *event)
{
	if (!raw_number(raw, len, &layout->unmap_start, &event->start) ||
	    !raw_number(raw, len, &layout->unmap_len, &event->len))
		return false;
	event->kind = EVENT_UNMAP;
	return true;
}

static bool decode_remap(const struct perf_sample_layout *layout, const unsigned char *raw,
			 size_t len, struct perf_event *event)
{
	if (!raw_number(raw, len, &layout->remap_start, &event->start) ||
	    !raw_number(raw, len, &layout->remap_len, &event->len) ||
	    !raw_number(raw, len, &layout->remap_new_start, &event->new_start) ||
	    !raw_number(raw, len, &layout->remap_new_len, &event->new_len) ||
	    !raw_number(raw, len, &layout->remap_flags, &event->flags))
		return false;
	event->kind = EVENT_REMAP;
	return true;
}

static bool decode_invoke(const struct perf_sample_layout *layout, const unsigned char *raw,
			  size_t len, struct perf_event *event)
{
	if (!raw_number(raw, len, &layout->invoke_victim, &event->victim))
		return false;
	event->kind = EVENT_INVOKE;
	return true;
}

/* Without a value the write removes the range from the tree. */
static bool decode_grow(const struct perf_sample_layout *layout, const unsigned char *raw,
			size_t len, struct perf_event *event)
{
	uint64_t last, value;

	if (!raw_number(raw, len, &layout->grow_first, &event->start) ||
	    !raw_number(raw, len, &layout->grow_last, &last) ||
	    !raw_number(raw, len, &layout->grow_value, &value))
		return false;
	event->len = last - event->start + 1;
	event->kind = value && last > event->start ? EVENT_GROW : EVENT_OTHER;
	return true;
}

static bool decode_huge(const struct perf_sample_layout *layout, const unsigned char *raw,
			size_t len, struct perf_event *event)
{
	uint32_t order;

	if (!raw_number(raw, len, &layout->huge_order, &order) || order > 20)
		return false;
	event->len = (uint64_t)sysconf(_SC_PAGESIZE) << order;
	event->is_current = true;
	event->counter = RSS_ANON;
	event->kind = EVENT_HUGE;
	return true;
}

/* Every tracepoint's raw bytes begin with its id. */
static bool decode_raw(const struct perf_sample_layout *layout, const unsigned char *raw,
		       size_t len, struct perf_event *event)
{
	uint16_t id = 0;

	if (len >= sizeof(id))
		memcpy(&id, raw, sizeof(id));
	if (layout->reserve_id && id == layout->reserve_id)
		return decode_reserve(layout, raw, len, event);
	if (layout->request_id && id == layout->request_id)
		return decode_request(layout, raw, len, event);
	if (layout->unmap_id && id == layout->unmap_id)
		return decode_unmap(layout, raw, len, event);
	if (layout->remap_id && id == layout->remap_id)
		return decode_remap(layout, raw, len, event);
	if (layout->invoke_id && id == layout->invoke_id)
		return decode_invoke(layout, raw, len, event);
	if (layout->grow_id && id == layout->grow_id)
		return decode_grow(layout, raw, len, event);
	if (layout->huge_id && id == layout->huge_id)
		return decode_huge(layout, raw, len, event);
	return decode_rss(layout, raw, len, event);
}

static void take_user(struct cursor *c, struct perf_event *event)
{
	uint64_t abi = take_u64(c), size, used;
	const void *regs = abi ? take(c, registers_count() * sizeof(uint64_t)) : NULL;
	const void *stack;

	size = take_u64(c);
	stack = take(c, size);
	used = size ? take_u64(c) : 0;
	/* 32-bit programs have other registers. */
	if (c->left < 0 || abi != PERF_SAMPLE_REGS_ABI_64)
		return;
	event->regs = regs;
	event->stack = stack;
	event->stack_len = used < size ? used : size;
}

static bool has_period(const struct perf_sample_layout *layout, uint64_t id)
{
	for (size_t i = 0; i < layout->extra_count; i++)
		if (layout->extra_ids[i] == id)
			return false;
	return !layout->period;
}

static bool decode_sample(const struct perf_sample_layout *layout, struct cursor c,
			  struct perf_event *event)
{
	const unsigned char *raw;
	uint32_t raw_len;
	uint64_t id = take_u64(&c);

	event->id = id;
	event->pid = (pid_t)take_u32(&c);
	event->tid = (pid_t)take_u32(&c);
	event->t_ns = take_u64(&c);
	event->address = take_u64(&c);
	event->period = has_period(layout, id) ? take_u64(&c) : layout->period;
	raw_len = take_u32(&c);
	raw = take(&c, raw_len);
	if (c.left < 0 || (raw_len + sizeof(raw_len)) % sizeof(uint64_t))
		return false;
	if (registers_mask())
		take_user(&c, event);
	if (c.left < 0)
		return false;
	if (raw_len > NO_RAW)
		return decode_raw(layout, raw, raw_len, event);
	event->kind = event->address ? EVENT_FAULT : EVENT_TICK;
	return true;
}

/* u32 pid, tid; u64 addr, len, pgoff; u32 maj, min; u64 ino, gen; u32 prot, flags; path */
static bool decode_map(struct cursor c, struct perf_event *event)
{
	event->pid = (pid_t)take_u32(&c);
	event->tid = (pid_t)take_u32(&c);
	event->start = take_u64(&c);
	event->len = take_u64(&c);
	event->pgoff = take_u64(&c);
	take(&c, 24);
	event->is_none = !take_u32(&c);
	take_u32(&c);
	if (c.left <= 0 || !memchr(c.at, '\0', (size_t)c.left))
		return false;
	event->path = (const char *)c.at;
	event->kind = EVENT_MAP;
	return true;
}

/* u32 pid, ppid, tid, ptid; u64 time */
static bool decode_task(struct cursor c, bool is_fork, struct perf_event *event)
{
	event->pid = (pid_t)take_u32(&c);
	event->parent = (pid_t)take_u32(&c);
	event->tid = (pid_t)take_u32(&c);
	take_u32(&c);
	event->t_ns = take_u64(&c);
	if (c.left < 0)
		return false;
	if (is_fork && event->pid != event->parent)
		event->kind = EVENT_FORK;
	else if (!is_fork && event->pid == event->tid)
		event->kind = EVENT_EXIT;
	return true;
}

static bool decode_exec(struct cursor c, struct perf_event *event)
{
	event->pid = (pid_t)take_u32(&c);
	event->tid = (pid_t)take_u32(&c);
	if (c.left < 0)
		return false;
	if (memchr(c.at, '\0', (size_t)c.left))
		event->path = (const char *)c.at;
	event->kind = EVENT_EXEC;
	return true;
}

static bool decode_lost(struct cursor c, struct perf_event *event)
{
	take_u64(&c);
	event->lost = (int64_t)(take_u64(&c) & INT32_MAX);
	event->kind = EVENT_LOST;
	return c.left >= 0;
}

/* The sample_id at the end of other records: the last fields are the time and the id. */
static void take_trailer(const unsigned char *record, size_t len, struct perf_event *event)
{
	if (len >= 24)
		memcpy(&event->t_ns, record + len - 16, sizeof(event->t_ns));
}

static bool decode_known(const struct perf_sample_layout *layout,
			 const struct perf_event_header *header, struct cursor c,
			 struct perf_event *event)
{
	switch (header->type) {
	case PERF_RECORD_SAMPLE:
		return decode_sample(layout, c, event);
	case PERF_RECORD_MMAP2:
		event->is_code = !(header->misc & PERF_RECORD_MISC_MMAP_DATA);
		return decode_map(c, event);
	case PERF_RECORD_FORK:
	case PERF_RECORD_EXIT:
		return decode_task(c, header->type == PERF_RECORD_FORK, event);
	case PERF_RECORD_COMM:
		return !(header->misc & PERF_RECORD_MISC_COMM_EXEC) || decode_exec(c, event);
	case PERF_RECORD_LOST:
		return decode_lost(c, event);
	default:
		return true;
	}
}

bool perf_sample_decode(const struct perf_sample_layout *layout, const void *record, size_t len,
			struct perf_event *event)
{
	struct perf_event_header header;
	struct cursor c = {(const unsigned char *)record + sizeof(header),
			   (ptrdiff_t)len - (ptrdiff_t)sizeof(header)};

	*event = (struct perf_event){.kind = EVENT_OTHER};
	if (len < sizeof(header))
		return false;
	memcpy(&header, record, sizeof(header));
	if (header.type != PERF_RECORD_SAMPLE)
		take_trailer(record, len, event);
	if (decode_known(layout, &header, c, event))
		return true;
	*event = (struct perf_event){.kind = EVENT_OTHER};
	return false;
}
