#include "symbols/place.h"

#include <dwarf.h>
#include <limits.h>

#include "symbols/symbols.h"

/* Functions around an address, the outermost first. */
struct scopes {
	Dwarf_Die items[PLACE_DEPTH];
	int count;
	int left; /* entries to look at: links in a damaged file may go round */
};

static bool has_address(Dwarf_Die *die, uint64_t address)
{
	return dwarf_haspc(die, address) > 0;
}

/* It is in the module, so that its addresses are not taken for another's. */
static bool is_of(Dwfl_Module *module, Dwarf_Die *unit, uint64_t address)
{
	Dwarf_Addr bias;

	return unit && dwarf_cu_getdwarf(unit->cu) == dwfl_module_getdwarf(module, &bias) &&
	       has_address(unit, address - bias);
}

static Dwarf_Die *find_unit(Dwfl_Module *module, uint64_t address, Dwarf_Die *last)
{
	Dwarf_Die *unit = is_of(module, last, address) ? last : NULL;
	Dwarf_Addr bias;

	if (!unit)
		unit = dwfl_module_addrdie(module, address, &bias);
	if (is_of(module, unit, address))
		return unit;
	unit = NULL;
	while ((unit = dwfl_module_nextcu(module, unit, &bias)))
		if (has_address(unit, address - bias))
			break;
	return unit;
}

/* It has no addresses of its own and can hold what has. */
static bool is_transparent(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_class_type;
}

static bool can_have_address(int tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine ||
	       tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

/* Goes down to the innermost. Depth is bounded, as what is in the file may be anything. */
static bool descend(Dwarf_Die *parent, uint64_t address, int depth, struct scopes *scopes)
{
	Dwarf_Die die;
	int r = depth < PLACE_DEPTH ? dwarf_child(parent, &die) : -1;

	for (; r == 0 && scopes->left-- > 0; r = dwarf_siblingof(&die, &die)) {
		int tag = dwarf_tag(&die);

		if (is_transparent(tag) && descend(&die, address, depth + 1, scopes))
			return true;
		if (!can_have_address(tag) || !has_address(&die, address))
			continue;
		if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
			scopes->items[scopes->count++] = die;
		descend(&die, address, depth + 1, scopes);
		return true;
	}
	return false;
}

static struct place line_at(Dwarf_Die *unit, uint64_t address)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	struct place place = {0};

	if (!line)
		return place;
	place.file = dwarf_linesrc(line, NULL, NULL);
	dwarf_lineno(line, &place.line);
	return place;
}

/* Where an inlined function was called. */
static struct place call_of(Dwarf_Die *unit, Dwarf_Die *inlined)
{
	Dwarf_Word file = 0, line = 0;
	Dwarf_Attribute attribute;
	Dwarf_Files *sources;
	struct place place = {0};

	dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file);
	dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line);
	if (!dwarf_getsrcfiles(unit, &sources, NULL))
		place.file = dwarf_filesrc(sources, file, NULL, NULL);
	place.line = line <= INT_MAX ? (int)line : 0;
	return place;
}

static bool is_standard(const struct place *place)
{
	return place->file && symbols_is_standard_source(place->file);
}

/* From the innermost outward. */
static struct place choose(Dwarf_Die *unit, struct scopes *scopes, struct place innermost)
{
	struct place at = innermost;

	if (scopes->count)
		innermost.function = dwarf_diename(&scopes->items[scopes->count - 1]);
	for (int i = scopes->count; i-- > 0;) {
		at.function = dwarf_diename(&scopes->items[i]);
		if (at.file && !is_standard(&at))
			return at;
		at = call_of(unit, &scopes->items[i]);
	}
	return innermost;
}

struct place place_find(Dwfl_Module *module, uint64_t address, Dwarf_Die **unit)
{
	struct scopes scopes = {.left = PLACE_ENTRIES};
	Dwarf_Addr bias = 0;

	*unit = find_unit(module, address, *unit);
	if (!*unit)
		return (struct place){0};
	dwfl_module_getdwarf(module, &bias);
	descend(*unit, address - bias, 0, &scopes);
	return choose(*unit, &scopes, line_at(*unit, address - bias));
}
