/*
 * The registers of the invoker in the kernel's report of the kill: where it was at that moment.
 * What they do not tell, such as the caller of a function of libc, comes from the touch profile's
 * sample of the same moment, else from the snapshot before, and the sentence says so.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/invoker.h"
#include "report/premortem_view.h"
#include "report/short_name.h"
#include "report/story.h"

/*
 * Bytes that a repeated string instruction (Intel SDM, REP STOS and REP MOVS) moves in a step: f3,
 * perhaps the prefix 48 (64 bits), then aa or ab (store), a4 or a5 (move). 0: another instruction.
 */
static uint64_t repeat_step(const struct oomlog_event *e, bool *is_store)
{
	size_t at = 1;
	bool is_wide;
	unsigned char op;

	/* In a system call RCX is RIP, and the instruction there is the next one. */
	if (e->user_code_length < 3 || e->user_code[0] != 0xf3 || e->user_rcx == e->user_rip)
		return 0;
	is_wide = e->user_code[at] == 0x48;
	at += is_wide;
	op = e->user_code[at];
	*is_store = op == 0xaa || op == 0xab;
	if (op == 0xaa || op == 0xa4)
		return 1;
	return op == 0xab || op == 0xa5 ? (is_wide ? 8 : 4) : 0;
}

/* The bytes that the instruction had still to move: RCX counts its steps. The caller frees. */
static char *rest_words(const struct oomlog_event *e)
{
	bool is_store;
	uint64_t step = repeat_step(e, &is_store);

	if (!step || !e->user_rcx || e->user_rcx > (UINT64_C(1) << 56))
		return xstrdup("");
	return text_format(", in the middle of one instruction that had %s still to %s",
			   TEXT_SIZE(e->user_rcx * step), is_store ? "write" : "copy");
}

static bool is_process(const struct facts *f, int64_t pid)
{
	const struct oomlog_event *e = &f->kill->event;
	const struct premortem_thread *thread = premortem_thread_of(f->record, e->invoker_pid);

	return is_known(pid) && pid == (thread ? thread->pid : e->invoker_pid);
}

static bool is_unfinished(const struct record_arena *a)
{
	return is_known(a->clear_target) && is_known(a->cleared) && a->cleared < a->clear_target;
}

static void say_clearing(const struct record_arena *a, uint64_t done, const char *place,
			 struct doc *doc)
{
	doc_sentence(
		doc,
		"It had come %s far into the arena \"%s\": the memset()%s%s had %s of %s still to clear.",
		TEXT_SIZE(done), a->name ? a->name : "?", *place ? " at " : "", place,
		TEXT_SIZE((uint64_t)a->clear_target - done), SIZE(a->clear_target));
}

/*
 * Says into which arena the instruction was writing, by the address in RDI. True when the sentence
 * names the line of code.
 */
static bool say_arena(const struct facts *f, struct doc *doc)
{
	const struct oomlog_event *e = &f->kill->event;
	bool is_store = false;

	if (!repeat_step(e, &is_store) || !e->user_rdi)
		return false;
	for (size_t i = 0; i < f->record->arena_count; i++) {
		const struct record_arena *a = &f->record->arenas[i];
		uint64_t done = e->user_rdi - a->base;
		_cleanup_free_ char *place = site_place(record_site_at(f->record, a->clear_site));
		bool is_clearing = is_store && is_unfinished(a) && done < (uint64_t)a->clear_target;

		if (!a->base || !is_process(f, a->pid) || !is_known(a->reserved) ||
		    e->user_rdi < a->base || done >= (uint64_t)a->reserved)
			continue;
		if (is_clearing)
			say_clearing(a, done, place, doc);
		else
			doc_sentence(doc, "It was writing %s into the arena \"%s\".",
				     TEXT_SIZE(done), a->name ? a->name : "?");
		cite_kmsg(doc, kills_line(f->record, e->lines.registers));
		cite_trace(doc, a);
		return is_clearing && *place;
	}
	return false;
}

/* Says who called the function, if the snapshot has this thread in the same function. */
static void say_caller(const struct facts *f, const struct record_site *site, struct doc *doc)
{
	const struct oomlog_event *e = &f->kill->event;
	const struct premortem_thread *thread = premortem_thread_of(f->record, e->invoker_pid);
	int64_t lead = premortem_lead_ns(f);
	struct touch_frames frames;
	struct touch_line line = {0};
	_cleanup_free_ char *innermost = NULL, *place = NULL;
	bool has_own;

	if (!thread || !thread->stack || !*thread->stack || !is_known(lead))
		return;
	touch_frames_init(&frames, f->record);
	innermost = touch_frame_name(&frames, thread->stack, strcspn(thread->stack, " "));
	has_own = touch_blame(&frames, thread->stack, &line) && line.at != thread->stack;
	place = touch_place(&line);
	touch_frames_release(&frames);
	if (!has_own || !site || !site->function || strcmp(innermost, site->function) != 0)
		return;
	doc_sentence(doc, "oomlab had seen this thread there %s before%s, called from %s.",
		     TEXT_DURATION((uint64_t)lead),
		     is_known(thread->sp) && (uint64_t)thread->sp == e->user_rsp
			     ? ", its stack just as deep"
			     : "",
		     place);
	doc_cite(doc, "record line %u", thread->line);
}

void story_witness(const struct facts *f, struct doc *doc)
{
	const struct oomlog_event *e = &f->kill->event;
	const struct record_site *site = e->has_registers ? record_site_at(f->record, e->user_rip)
							  : NULL;
	const struct record_invoker *invoker = invoker_of(f);
	_cleanup_free_ char *place = site_place(site), *rest = rest_words(e);
	_cleanup_free_ char *caller = invoker && !*place ? invoker_caller(f, invoker) : NULL;
	_cleanup_free_ char *function = site && site->function ? short_name(site->function) : NULL;
	bool has_place;

	if (!e->has_registers || (!function && !*rest))
		return;
	if (function)
		doc_sentence(doc, "At that moment it was in %s%s%s%s%s%s.", function,
			     *place ? " at " : "", place, rest, caller ? ", called from " : "",
			     caller ? caller : "");
	else
		doc_sentence(doc, "At that moment it was in code whose name is not known%s.", rest);
	cite_kmsg(doc, kills_line(f->record, e->lines.registers));
	if (caller && function)
		doc_cite(doc, "record line %u", invoker->line);
	has_place = say_arena(f, doc) || *place || caller;
	if (!has_place)
		say_caller(f, site, doc);
}
