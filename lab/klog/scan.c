#include "klog/scan.h"

#define STEP 64 /* bytes looked at in one go */

typedef unsigned char lane16 __attribute__((vector_size(16)));
typedef signed char signed_lane16 __attribute__((vector_size(16)));
typedef unsigned long long pair __attribute__((vector_size(16)));

static inline lane16 load(const char *p)
{
	lane16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Marks the lanes where a "heart" begins, the rare part of each trigger word. */
static inline lane16 hearts(const char *p)
{
	lane16 a = load(p), b = load(p + 1), c = load(p + 2);
	lane16 blank = (lane16)(b == ' ');
	lane16 kill = (lane16)((a | 0x20) == 'k') & (lane16)(b == 'i') & (lane16)(c == 'l');
	lane16 usage = (lane16)(a == ':') & blank & (lane16)(c == 'u');
	lane16 oom = (lane16)(a == 'o') & (lane16)(b == 'o');
	lane16 of_memory = (lane16)(a == 'f') & blank;
	lane16 vm = (lane16)(a == '_') & (lane16)(b == 'v');

	return kill | usage | ((lane16)(c == 'm') & (oom | of_memory | vm));
}

struct trigger {
	struct span word;
	size_t heart; /* offset of the heart in the word */
};

/* Those with the heart "oom", which other words have, too. */
static const struct trigger of_oom[] = {
	{SPAN("oom-kill"), 0},	   {SPAN("oom_kill"), 0},     {SPAN("oom.group"), 0},
	{SPAN("panic_on_oom"), 9}, {SPAN("systemd-oomd"), 8}, {SPAN("earlyoom"), 5},
};

static const struct trigger of_others[] = {
	{SPAN("kill process"), 0},	{SPAN("killed process"), 0},
	{SPAN("killable process"), 0},	{SPAN("killed as a result"), 0},
	{SPAN("killed due to mem"), 0}, {SPAN("out of memory"), 5},
	{SPAN("memory: usage"), 6},	{SPAN("total_vm"), 5},
	{SPAN("lowmemorykiller"), 9},	{SPAN("killing '"), 0},
};

/* Compares from the end: what only looks like a trigger mostly differs there. */
static bool same_letters(const char *p, struct span word)
{
	for (size_t i = word.n; i > 0; i--)
		if ((p[i - 1] | 0x20) != (word.p[i - 1] | 0x20))
			return false;
	return true;
}

static inline bool is_any(struct span s, size_t heart, const struct trigger *list, size_t count)
{
	for (const struct trigger *t = list; t < list + count; t++)
		if (heart >= t->heart && s.n - (heart - t->heart) >= t->word.n &&
		    same_letters(s.p + heart - t->heart, t->word))
			return true;
	return false;
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_trigger(struct span s, size_t heart)
{
	return s.p[heart] == 'o' ? is_any(s, heart, of_oom, COUNT(of_oom))
				 : is_any(s, heart, of_others, COUNT(of_others));
}

/* The trigger whose heart is one of the 8 places behind `from`, or SPAN_NONE. */
static size_t trigger_in_half(struct span s, size_t from, uint64_t bits)
{
	while (bits) {
		size_t byte = (size_t)__builtin_ctzll(bits) / 8;

		if (is_trigger(s, from + byte))
			return from + byte;
		bits &= ~(UINT64_C(0xff) << byte * 8);
	}
	return SPAN_NONE;
}

/* The same for the STEP places behind `from`, whose hearts are marked in `found`. */
static size_t trigger_in_step(struct span s, size_t from, const lane16 found[STEP / 16])
{
	size_t hit = SPAN_NONE;

	for (size_t i = 0; i < STEP / 16 && hit == SPAN_NONE; i++) {
		pair halves = (pair)found[i];

		if (!(halves[0] | halves[1]))
			continue;
		hit = trigger_in_half(s, from + i * 16, halves[0]);
		if (hit == SPAN_NONE)
			hit = trigger_in_half(s, from + i * 16 + 8, halves[1]);
	}
	return hit;
}

/* Marks the hearts of the STEP places at p; false: there are none. */
static inline bool mark_step(const char *p, lane16 found[STEP / 16])
{
	pair any = {0};

	for (size_t i = 0; i < STEP / 16; i++) {
		found[i] = hearts(p + i * 16);
		any |= (pair)found[i];
	}
	return any[0] | any[1];
}

size_t scan_trigger(struct span s)
{
	char padded[STEP + 2] = "";
	lane16 found[STEP / 16];
	size_t at = 0, hit;

	for (; at + STEP + 2 <= s.n; at += STEP) {
		if (!mark_step(s.p + at, found))
			continue;
		hit = trigger_in_step(s, at, found);
		if (hit != SPAN_NONE)
			return hit;
	}
	if (at >= s.n)
		return SPAN_NONE;
	memcpy(padded, s.p + at, s.n - at);
	return mark_step(padded, found) ? trigger_in_step(s, at, found) : SPAN_NONE;
}

static size_t sum_lanes(lane16 counts)
{
	size_t sum = 0;

	for (size_t i = 0; i < sizeof(counts); i++)
		sum += counts[i];
	return sum;
}

size_t scan_newlines(struct span s)
{
	size_t at = 0, count = 0;

	while (at + 16 <= s.n) {
		lane16 counts = {0};

		for (int round = 0; round < 255 && at + 16 <= s.n; round++, at += 16)
			counts -= (lane16)(load(s.p + at) == '\n');
		count += sum_lanes(counts);
	}
	for (; at < s.n; at++)
		count += s.p[at] == '\n';
	return count;
}

static inline bool any_lane(lane16 v)
{
	pair halves = (pair)v;

	return (halves[0] | halves[1]) != 0;
}

/* The bytes found so far; each lane of a vector is one of 16 bytes. */
struct specials {
	lane16 markup, quoted, bracket, unplain;
};

/* Looks at 16 bytes, a, and at the byte behind each, b. */
static inline void look(struct specials *found, lane16 a, lane16 b)
{
	/* "&" is a quotation mark with the bit 4, "|" a backslash with the bit 0x20. */
	found->markup |= (lane16)((a | 4) == '&') | (lane16)((a | 0x20) == '|') |
			 (lane16)(a == '`');
	found->quoted |= (lane16)(a == '=') & (lane16)(b == '3');
	/* Letters have the bit 0x40. */
	found->bracket |= (lane16)(a == '[') & ((lane16)((b & 0x40) == 0x40) | (lane16)(b == '/'));
	found->unplain |= (lane16)(' ' > (signed_lane16)a);
}

/* Looks at the last 16 bytes, with nothing behind them. Looking at some twice does no harm. */
static inline void look_at_end(struct specials *found, const char *p)
{
	lane16 a = load(p);
	pair halves = (pair)a;
	pair behind = {halves[0] >> 8 | halves[1] << 56, halves[1] >> 8};

	look(found, a, (lane16)behind);
}

unsigned int scan_specials(struct span s)
{
	struct specials found = {0};
	char padded[16];

	if (s.n < sizeof(padded)) {
		memset(padded, ' ', sizeof(padded));
		if (s.n)
			memcpy(padded, s.p, s.n);
		s = (struct span){padded, sizeof(padded)};
	}
	for (size_t at = 0; at + 16 < s.n; at += 16)
		look(&found, load(s.p + at), load(s.p + at + 1));
	look_at_end(&found, s.p + s.n - 16);
	if (!any_lane(found.markup | found.quoted | found.bracket | found.unplain))
		return 0;
	return (any_lane(found.markup) ? SCAN_MARKUP : 0) |
	       (any_lane(found.quoted) ? SCAN_QUOTED : 0) |
	       (any_lane(found.bracket) ? SCAN_BRACKET : 0) |
	       (any_lane(found.unplain) ? SCAN_UNPLAIN : 0);
}
