/* The figures that sentences rest on and that no reader of the story needs: samples, registers. */
#include <inttypes.h>

#include "report/story.h"
#include "report/touches.h"

static void say_samples(int64_t samples, struct doc *doc)
{
	if (!samples)
		return;
	doc_sentence(doc, "The touch profile has %s.", TEXT_COUNT(samples, "sample"));
	cite_profile(doc);
}

static void say_registers(const struct facts *f, struct doc *doc)
{
	const struct oomlog_event *e = &f->kill->event;

	doc_sentence(doc,
		     "The invoker's registers in the kernel's account of the kill (pid %" PRId64
		     "): RIP 0x%" PRIx64 ", RSP 0x%" PRIx64 ", RCX 0x%" PRIx64 ", RDI 0x%" PRIx64
		     ".",
		     e->invoker_pid, e->user_rip, e->user_rsp, e->user_rcx, e->user_rdi);
	cite_kmsg(doc, kills_line(f->record, e->lines.registers));
}

void story_appendix(const struct facts *f, struct doc *doc)
{
	bool has_registers = f->kill && f->kill->event.has_registers &&
			     is_known(f->kill->event.invoker_pid);
	struct touches touches;

	touches_gather(f->record, &touches);
	if (touches.samples || has_registers) {
		doc_heading(doc, "Appendix");
		say_samples(touches.samples, doc);
		if (has_registers)
			say_registers(f, doc);
	}
	touches_release(&touches);
}
