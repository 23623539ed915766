#include "symbols/frame.h"

#include <dwarf.h>
#include <limits.h>
#include <string.h>

#include "symbols/origin.h"
#include "symbols/symbols.h"

/* Functions whose code holds an address, the outermost first. */
struct scopes {
	Dwarf_Die items[FRAME_DEPTH];
	int count;
	int left; /* entries still to look at: links in a damaged file may go round */
};

static bool covers(Dwarf_Die *die, uint64_t address)
{
	return dwarf_haspc(die, address) > 0;
}

/* The unit must be of this module: another's may have the same addresses. */
static bool holds_address(Dwfl_Module *module, Dwarf_Die *unit, uint64_t address)
{
	Dwarf_Addr bias;

	return unit && dwarf_cu_getdwarf(unit->cu) == dwfl_module_getdwarf(module, &bias) &&
	       covers(unit, address - bias);
}

static Dwarf_Die *find_unit(Dwfl_Module *module, uint64_t address, Dwarf_Die *last)
{
	Dwarf_Die *unit = holds_address(module, last, address) ? last : NULL;
	Dwarf_Addr bias;

	if (!unit)
		unit = dwfl_module_addrdie(module, address, &bias);
	if (holds_address(module, unit, address))
		return unit;
	unit = NULL;
	while ((unit = dwfl_module_nextcu(module, unit, &bias)))
		if (covers(unit, address - bias))
			break;
	return unit;
}

/* The entry has no addresses of its own, but may hold entries that have. */
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

/* Goes down to the innermost function. Depth is bounded, as the file may hold anything. */
static bool descend(Dwarf_Die *parent, uint64_t address, int depth, struct scopes *scopes)
{
	Dwarf_Die die;
	int r = depth < FRAME_DEPTH ? dwarf_child(parent, &die) : -1;

	for (; r == 0 && scopes->left-- > 0; r = dwarf_siblingof(&die, &die)) {
		int tag = dwarf_tag(&die);

		if (is_transparent(tag) && descend(&die, address, depth + 1, scopes))
			return true;
		if (!can_have_address(tag) || !covers(&die, address))
			continue;
		if (tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine)
			scopes->items[scopes->count++] = die;
		descend(&die, address, depth + 1, scopes);
		return true;
	}
	return false;
}

static struct frame line_at(Dwarf_Die *unit, uint64_t address)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	struct frame frame = {0};

	if (!line)
		return frame;
	frame.file = dwarf_linesrc(line, NULL, NULL);
	dwarf_lineno(line, &frame.line);
	return frame;
}

/* Where an inlined function was called. */
static struct frame call_of(Dwarf_Die *unit, Dwarf_Die *inlined)
{
	Dwarf_Word file = 0, line = 0;
	Dwarf_Attribute attribute;
	Dwarf_Files *sources;
	struct frame frame = {0};

	dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &file);
	dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &line);
	if (!dwarf_getsrcfiles(unit, &sources, NULL))
		frame.file = dwarf_filesrc(sources, file, NULL, NULL);
	frame.line = line <= INT_MAX ? (int)line : 0;
	return frame;
}

static bool is_standard(const struct frame *frame)
{
	return frame->file && origin_is_standard_source(frame->file);
}

/* Lists from the innermost outward, up to the function that is not inlined. Returns how many. */
static size_t list_frames(Dwarf_Die *unit, struct scopes *scopes, struct frame innermost,
			  struct frame frames[FRAME_DEPTH])
{
	size_t count = 0;

	frames[0] = innermost;
	for (int i = scopes->count; i-- > 0;) {
		frames[count++].function = dwarf_diename(&scopes->items[i]);
		if (i == 0 || dwarf_tag(&scopes->items[i]) == DW_TAG_subprogram)
			break;
		frames[count] = call_of(unit, &scopes->items[i]);
	}
	return count ? count : 1;
}

/* How many in front are in a standard library; 0 when all are. */
static size_t count_standard(const struct frame *frames, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (frames[i].file && !is_standard(&frames[i]))
			return i;
	return 0;
}

size_t frame_find(Dwfl_Module *module, uint64_t address, Dwarf_Die **unit,
		  struct frame frames[FRAME_DEPTH])
{
	struct scopes scopes = {.left = FRAME_ENTRIES};
	Dwarf_Addr bias = 0;
	size_t count, standard;

	*unit = find_unit(module, address, *unit);
	if (!*unit)
		return 0;
	dwfl_module_getdwarf(module, &bias);
	descend(*unit, address - bias, 0, &scopes);
	count = list_frames(*unit, &scopes, line_at(*unit, address - bias), frames);
	standard = count_standard(frames, count);
	memmove(frames, frames + standard, (count - standard) * sizeof(*frames));
	return count - standard;
}

bool frame_function(Dwfl_Module *module, uint64_t address, Dwarf_Die **unit, Dwarf_Die *function)
{
	struct scopes scopes = {.left = FRAME_ENTRIES};
	Dwarf_Addr bias = 0;

	*unit = find_unit(module, address, *unit);
	if (!*unit)
		return false;
	dwfl_module_getdwarf(module, &bias);
	descend(*unit, address - bias, 0, &scopes);
	while (scopes.count-- > 0)
		if (dwarf_tag(&scopes.items[scopes.count]) == DW_TAG_subprogram) {
			*function = scopes.items[scopes.count];
			return true;
		}
	return false;
}
