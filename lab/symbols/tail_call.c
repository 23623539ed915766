#include "symbols/tail_call.h"

#include <dwarf.h>
#include <stdbool.h>
#include <string.h>

#include "symbols/frame.h"

enum { ENTRIES_MOST = 1 << 16 };

/* One call instruction. */
struct call {
	uint64_t last;	  /* address of its last byte */
	Dwarf_Die target; /* the entry that it names; may be a declaration */
	bool is_known, is_tail;
};

struct search {
	Dwfl_Module *module;
	Dwarf_Addr bias;
	uint64_t goal; /* where G begins */
	int left;      /* entries still to look at: links in a damaged file may go round */
	int *lookups;
	uint64_t way[TAIL_CALLS_MOST], entered[TAIL_CALLS_MOST];
	uint64_t found[TAIL_CALLS_MOST];
	size_t depth, found_depth;
	int ways;
	bool is_unknown;
};

static bool is_call_site(Dwarf_Die *die)
{
	int tag = dwarf_tag(die);

	return tag == DW_TAG_call_site || tag == DW_TAG_GNU_call_site;
}

/* The attribute of DWARF 5, or that of GNU before. */
static Dwarf_Attribute *either(Dwarf_Die *die, unsigned int name, unsigned int gnu,
			       Dwarf_Attribute *attribute)
{
	return dwarf_attr(die, name, attribute) ? attribute : dwarf_attr(die, gnu, attribute);
}

static bool read_call(Dwarf_Die *site, struct call *call)
{
	Dwarf_Attribute attribute;
	Dwarf_Addr pc = 0;
	bool is_tail = false;

	*call = (struct call){0};
	if (either(site, DW_AT_call_tail_call, DW_AT_GNU_tail_call, &attribute))
		dwarf_formflag(&attribute, &is_tail);
	call->is_tail = is_tail;
	if (!dwarf_formaddr(either(site, DW_AT_call_return_pc, DW_AT_low_pc, &attribute), &pc))
		call->last = pc - 1;
	else if (!dwarf_formaddr(dwarf_attr(site, DW_AT_call_pc, &attribute), &pc))
		call->last = pc;
	else
		return false;
	call->is_known = dwarf_formref_die(
				 either(site, DW_AT_call_origin, DW_AT_abstract_origin, &attribute),
				 &call->target) != NULL;
	return true;
}

typedef bool take_call(struct search *s, const struct call *call, void *ctx);

/* Calls `take` for each call below an entry until it returns true. */
static bool each_call(struct search *s, Dwarf_Die *parent, int depth, take_call *take, void *ctx)
{
	Dwarf_Die die;
	int r = depth < FRAME_DEPTH ? dwarf_child(parent, &die) : -1;

	for (; r == 0 && s->left-- > 0; r = dwarf_siblingof(&die, &die)) {
		struct call call;

		if (is_call_site(&die)) {
			if (read_call(&die, &call) && take(s, &call, ctx))
				return true;
		} else if (dwarf_tag(&die) != DW_TAG_subprogram &&
			   each_call(s, &die, depth + 1, take, ctx)) {
			return true;
		}
	}
	return false;
}

/* A function that the symbol table has under that name, once; 0: none, or several. */
static uint64_t address_of(struct search *s, const char *name)
{
	int count = name && (*s->lookups)-- > 0 ? dwfl_module_getsymtab(s->module) : 0;
	uint64_t address = 0;

	for (int i = 1; i < count; i++) {
		GElf_Sym symbol;
		GElf_Addr value;
		const char *its =
			dwfl_module_getsym_info(s->module, i, &symbol, &value, NULL, NULL, NULL);

		if (!its || GELF_ST_TYPE(symbol.st_info) != STT_FUNC || !symbol.st_value ||
		    strcmp(its, name) != 0 || value == address)
			continue;
		if (address)
			return 0;
		address = value;
	}
	return address;
}

static const char *linkage_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name =
		dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));

	return name ? name : dwarf_diename(die);
}

/* The function with code that an entry stands for: itself, or by its name. */
static bool find_definition(struct search *s, const Dwarf_Die *named, Dwarf_Die *function)
{
	Dwarf_Die die = *named, *unit = NULL;
	Dwarf_Addr entry;
	uint64_t address;

	if (!dwarf_entrypc(&die, &entry)) {
		*function = die;
		return true;
	}
	address = address_of(s, linkage_name(&die));
	return address && frame_function(s->module, address, &unit, function);
}

static void follow(struct search *s, Dwarf_Die *function);

static bool is_entered(const struct search *s, uint64_t entry)
{
	for (size_t i = 0; i < s->depth; i++)
		if (s->entered[i] == entry)
			return true;
	return false;
}

static bool take_jump(struct search *s, const struct call *call, void *ctx)
{
	Dwarf_Die function;
	Dwarf_Addr entry;

	(void)ctx;
	if (!call->is_tail)
		return false;
	if (!call->is_known || !find_definition(s, &call->target, &function) ||
	    dwarf_entrypc(&function, &entry) || s->depth == TAIL_CALLS_MOST) {
		s->is_unknown = true;
		return true;
	}
	s->way[s->depth++] = call->last;
	if (entry == s->goal) {
		s->ways++;
		s->found_depth = s->depth;
		memcpy(s->found, s->way, sizeof(s->found));
	} else if (!is_entered(s, entry)) {
		s->entered[s->depth - 1] = entry;
		follow(s, &function);
	}
	s->depth--;
	return s->is_unknown;
}

static void follow(struct search *s, Dwarf_Die *function)
{
	each_call(s, function, 0, take_jump, NULL);
	s->is_unknown |= s->left <= 0;
}

struct wanted {
	uint64_t last;
	struct call call;
	bool is_found;
};

static bool take_wanted(struct search *s, const struct call *call, void *ctx)
{
	struct wanted *wanted = ctx;

	(void)s;
	wanted->is_found = call->last == wanted->last && !call->is_tail;
	wanted->call = *call;
	return wanted->is_found;
}

size_t tail_call_find(Dwfl_Module *module, uint64_t inner, uint64_t outer, int *lookups,
		      uint64_t jumps[TAIL_CALLS_MOST])
{
	struct search s = {.module = module, .left = ENTRIES_MOST, .lookups = lookups};
	Dwarf_Die above, below, called, *unit = NULL;
	struct wanted wanted = {0};
	Dwarf_Addr goal, entry;

	if (!frame_function(module, inner, &unit, &above) ||
	    !frame_function(module, outer, &unit, &below) || dwarf_entrypc(&above, &goal))
		return 0;
	dwfl_module_getdwarf(module, &s.bias);
	wanted.last = outer - s.bias;
	s.goal = goal;
	each_call(&s, &below, 0, take_wanted, &wanted);
	if (!wanted.is_found || !wanted.call.is_known ||
	    !find_definition(&s, &wanted.call.target, &called) || dwarf_entrypc(&called, &entry) ||
	    entry == goal)
		return 0;
	follow(&s, &called);
	if (s.ways != 1 || s.is_unknown)
		return 0;
	for (size_t i = 0; i < s.found_depth; i++)
		jumps[i] = s.found[s.found_depth - 1 - i] + s.bias;
	return s.found_depth;
}
