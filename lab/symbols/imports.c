#include "symbols/imports.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

/* An entry of the GOT, which the dynamic linker fills. */
struct slot {
	uint64_t address;
	uint64_t symbol; /* number of its symbol; is_chosen: address of the IFUNC */
	bool is_chosen;	 /* by an IFUNC of the file itself */
};

struct imports {
	const unsigned char *data;
	size_t len;
	Elf64_Ehdr head;
	uint64_t symbols, strings; /* addresses of the tables */
	uint64_t string_bytes;
	struct slot *slots;
	size_t slot_count;
};

static const void *bytes_at(const struct imports *im, uint64_t offset, uint64_t size)
{
	return offset <= im->len && size <= im->len - offset ? im->data + offset : NULL;
}

static bool segment_at(const struct imports *im, size_t i, Elf64_Phdr *segment)
{
	const void *from =
		i < im->head.e_phnum && im->head.e_phoff <= im->len
			? bytes_at(im, im->head.e_phoff + i * sizeof(*segment), sizeof(*segment))
			: NULL;

	if (from)
		memcpy(segment, from, sizeof(*segment));
	return from != NULL;
}

/* How many bytes of the file are mapped from the address on; *at points to the first. */
static uint64_t room_at(const struct imports *im, uint64_t address, const unsigned char **at)
{
	Elf64_Phdr s;

	for (size_t i = 0; segment_at(im, i, &s); i++)
		if (s.p_type == PT_LOAD && address >= s.p_vaddr &&
		    address - s.p_vaddr < s.p_filesz) {
			uint64_t in = address - s.p_vaddr, left = s.p_filesz - in;

			*at = s.p_offset <= im->len ? bytes_at(im, s.p_offset + in, left) : NULL;
			return *at ? left : 0;
		}
	return 0;
}

/* The bytes that are mapped at an address; NULL: not all of them are in the file. */
static const unsigned char *mapped(const struct imports *im, uint64_t address, uint64_t size)
{
	const unsigned char *at;

	return room_at(im, address, &at) >= size ? at : NULL;
}

/* A table's address and bytes. */
struct table {
	uint64_t at, bytes;
};

static void read_dynamic(struct imports *im, const Elf64_Phdr *dynamic, struct table tables[2])
{
	for (uint64_t i = 0; i < dynamic->p_filesz / sizeof(Elf64_Dyn); i++) {
		const void *from = dynamic->p_offset <= im->len
					   ? bytes_at(im, dynamic->p_offset + i * sizeof(Elf64_Dyn),
						      sizeof(Elf64_Dyn))
					   : NULL;
		Elf64_Dyn d;

		if (!from)
			return;
		memcpy(&d, from, sizeof(d));
		switch (d.d_tag) {
		case DT_NULL:
			return;
		case DT_SYMTAB:
			im->symbols = d.d_un.d_ptr;
			break;
		case DT_STRTAB:
			im->strings = d.d_un.d_ptr;
			break;
		case DT_STRSZ:
			im->string_bytes = d.d_un.d_val;
			break;
		case DT_JMPREL:
			tables[0].at = d.d_un.d_ptr;
			break;
		case DT_PLTRELSZ:
			tables[0].bytes = d.d_un.d_val;
			break;
		case DT_RELA:
			tables[1].at = d.d_un.d_ptr;
			break;
		case DT_RELASZ:
			tables[1].bytes = d.d_un.d_val;
			break;
		default:
			break;
		}
	}
}

static void add_slot(struct imports *im, const Elf64_Rela *r)
{
	const uint64_t type = ELF64_R_TYPE(r->r_info);
	struct slot slot = {.address = r->r_offset, .is_chosen = type == R_X86_64_IRELATIVE};

	slot.symbol = slot.is_chosen ? (uint64_t)r->r_addend : ELF64_R_SYM(r->r_info);
	if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && !slot.is_chosen)
		return;
	if (!(im->slot_count & (im->slot_count - 1)))
		im->slots = xrealloc(im->slots, im->slot_count ? im->slot_count * 2 : 1,
				     sizeof(*im->slots));
	im->slots[im->slot_count++] = slot;
}

static void read_relocations(struct imports *im, const struct table *table)
{
	const unsigned char *at;
	uint64_t room = table->bytes ? room_at(im, table->at, &at) : 0;
	Elf64_Rela r;

	room = room < table->bytes ? room : table->bytes;
	for (; room >= sizeof(r); room -= sizeof(r), at += sizeof(r)) {
		memcpy(&r, at, sizeof(r));
		add_slot(im, &r);
	}
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = ((const struct slot *)a)->address, y = ((const struct slot *)b)->address;

	return (x > y) - (x < y);
}

static bool is_readable(const struct imports *im)
{
	const unsigned char *ident = im->head.e_ident;

	return !memcmp(ident, ELFMAG, SELFMAG) && ident[EI_CLASS] == ELFCLASS64 &&
	       ident[EI_DATA] == ELFDATA2LSB && im->head.e_machine == EM_X86_64 &&
	       im->head.e_phentsize == sizeof(Elf64_Phdr) &&
	       __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
}

struct imports *imports_open(const void *data, size_t len)
{
	struct imports *im = xcalloc(1, sizeof(*im));
	struct table tables[2] = {{0, 0}, {0, 0}};
	Elf64_Phdr s;

	im->data = data;
	im->len = len;
	if (len >= sizeof(im->head))
		memcpy(&im->head, data, sizeof(im->head));
	for (size_t i = 0; is_readable(im) && segment_at(im, i, &s); i++)
		if (s.p_type == PT_DYNAMIC)
			read_dynamic(im, &s, tables);
	for (size_t i = 0; i < 2; i++)
		read_relocations(im, &tables[i]);
	if (im->slot_count) {
		qsort(im->slots, im->slot_count, sizeof(*im->slots), by_address);
		return im;
	}
	imports_close(im);
	return NULL;
}

static bool symbol_at(const struct imports *im, uint64_t number, Elf64_Sym *symbol)
{
	const unsigned char *from =
		number < UINT32_MAX
			? mapped(im, im->symbols + number * sizeof(*symbol), sizeof(*symbol))
			: NULL;

	if (from)
		memcpy(symbol, from, sizeof(*symbol));
	return from != NULL;
}

static const char *name_of(const struct imports *im, const Elf64_Sym *symbol)
{
	const unsigned char *at;
	uint64_t room;

	if (symbol->st_name >= im->string_bytes)
		return NULL;
	room = room_at(im, im->strings + symbol->st_name, &at);
	return room && *at && memchr(at, '\0', room) ? (const char *)at : NULL;
}

/* The exported name of an IFUNC of the file. The symbol table ends where the strings begin. */
static const char *chosen_by(const struct imports *im, uint64_t address)
{
	const char *found = NULL;
	Elf64_Sym symbol;

	for (uint64_t i = 1; im->symbols + i * sizeof(symbol) < im->strings; i++) {
		const char *name;

		if (!symbol_at(im, i, &symbol))
			break;
		if (ELF64_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC || symbol.st_value != address)
			continue;
		name = name_of(im, &symbol);
		if (name && (!found || (*found == '_' && *name != '_')))
			found = name;
	}
	return found;
}

static const char *name_of_slot(const struct imports *im, uint64_t slot)
{
	const struct slot key = {.address = slot}, *found;
	Elf64_Sym symbol;

	found = bsearch(&key, im->slots, im->slot_count, sizeof(*im->slots), by_address);
	if (!found)
		return NULL;
	if (found->is_chosen)
		return chosen_by(im, found->symbol);
	return found->symbol && symbol_at(im, found->symbol, &symbol) ? name_of(im, &symbol) : NULL;
}

/* The target of an instruction that ends, in front of `next`, with a distance of four bytes. */
static uint64_t target_of(uint64_t next, const unsigned char *distance)
{
	int32_t d;

	memcpy(&d, distance, sizeof(d));
	return next + (uint64_t)(int64_t)d;
}

/* An entry of the PLT is "[endbr64] [bnd] jmp *slot(%rip)". */
static const char *name_of_entry(const struct imports *im, uint64_t entry)
{
	static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa}, jmp[] = {0xff, 0x25};
	const unsigned char *at = mapped(im, entry, sizeof(endbr64));
	uint64_t pc = entry;

	if (at && !memcmp(at, endbr64, sizeof(endbr64)))
		pc += sizeof(endbr64);
	at = mapped(im, pc, 1);
	if (at && *at == 0xf2)
		pc++;
	at = mapped(im, pc, 6);
	return at && !memcmp(at, jmp, sizeof(jmp)) ? name_of_slot(im, target_of(pc + 6, at + 2))
						   : NULL;
}

/* The call is "call entry" or "call *slot(%rip)". */
const char *imports_called(const struct imports *im, uint64_t return_address)
{
	const unsigned char *call = mapped(im, return_address - 6, 6);

	if (call && call[0] == 0xff && call[1] == 0x15)
		return name_of_slot(im, target_of(return_address, call + 2));
	call = mapped(im, return_address - 5, 5);
	return call && *call == 0xe8 ? name_of_entry(im, target_of(return_address, call + 1))
				     : NULL;
}

void imports_close(struct imports *imports)
{
	if (!imports)
		return;
	free(imports->slots);
	free(imports);
}
