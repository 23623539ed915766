#include "symbols/registers.h"

#include <string.h>
#include <sys/user.h>

#if defined(__x86_64__)

/* asm/perf_regs.h: AX BX CX DX SI DI BP SP IP FLAGS, then from bit 16 R8 to R15. */
enum { AX, BX, CX, DX, SI, DI, BP, SP, IP, FLAGS, R8, R11 = R8 + 3, R15 = R8 + 7, COUNT };
#define MASK UINT64_C(0xff03ff)
#define PC   IP
#define FP   BP
#define ARG  DI
static const unsigned char dwarf_order[] = {AX,	    DX,	    CX,	    BX,	    SI,	    DI,
					    BP,	    SP,	    R8,	    R8 + 1, R8 + 2, R8 + 3,
					    R8 + 4, R8 + 5, R8 + 6, R15,    IP};

/* The syscall instruction leaves the return address in rcx and the flags in r11. */
bool registers_in_syscall(const uint64_t *regs)
{
	return regs[CX] == regs[IP] && regs[R11] == regs[FLAGS];
}

bool registers_from_regset(const void *set, size_t len, uint64_t regs[REGISTERS_MAX])
{
	struct user_regs_struct from;

	memset(regs, 0, REGISTERS_MAX * sizeof(*regs));
	if (len != sizeof(from))
		return false;
	memcpy(&from, set, sizeof(from));
	memcpy(regs,
	       (const uint64_t[COUNT]){from.rax, from.rbx, from.rcx, from.rdx, from.rsi, from.rdi,
				       from.rbp, from.rsp, from.rip, from.eflags, from.r8, from.r9,
				       from.r10, from.r11, from.r12, from.r13, from.r14, from.r15},
	       COUNT * sizeof(*regs));
	return true;
}

#elif defined(__aarch64__)

/* asm/perf_regs.h: X0 to X29, LR, SP, PC. */
enum { X0, X29 = 29, LR, SP, PC, COUNT };
#define MASK UINT64_C(0x1ffffffff)
#define FP   X29
#define ARG  X0
static const unsigned char dwarf_order[] = {0,	1,  2,	3,  4,	5,  6,	7,  8,	9,  10,
					    11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
					    22, 23, 24, 25, 26, 27, 28, 29, LR, SP};

bool registers_from_regset(const void *set, size_t len, uint64_t regs[REGISTERS_MAX])
{
	struct user_regs_struct from;

	memset(regs, 0, REGISTERS_MAX * sizeof(*regs));
	if (len != sizeof(from))
		return false;
	memcpy(&from, set, sizeof(from));
	memcpy(regs, from.regs, sizeof(from.regs));
	regs[SP] = from.sp;
	regs[PC] = from.pc;
	return true;
}

/* The registers do not tell. */
bool registers_in_syscall(const uint64_t *regs)
{
	(void)regs;
	return false;
}

#else

enum { SP, PC, FP, ARG, COUNT };
#define MASK 0
static const unsigned char dwarf_order[] = {SP};

bool registers_from_regset(const void *set, size_t len, uint64_t regs[REGISTERS_MAX])
{
	(void)set, (void)len;
	memset(regs, 0, REGISTERS_MAX * sizeof(*regs));
	return false;
}

bool registers_in_syscall(const uint64_t *regs)
{
	(void)regs;
	return false;
}

#endif

_Static_assert((int)COUNT <= (int)REGISTERS_MAX && sizeof(dwarf_order) <= REGISTERS_MAX,
	       "room for all");

uint64_t registers_mask(void)
{
	return MASK;
}

size_t registers_count(void)
{
	return MASK ? COUNT : 0;
}

void registers_from_pc_sp(uint64_t pc, uint64_t sp, uint64_t regs[REGISTERS_MAX])
{
	memset(regs, 0, REGISTERS_MAX * sizeof(*regs));
	regs[PC] = pc;
	regs[SP] = sp;
}

uint64_t registers_pc(const uint64_t *regs)
{
	return regs[PC];
}

uint64_t registers_sp(const uint64_t *regs)
{
	return regs[SP];
}

uint64_t registers_fp(const uint64_t *regs)
{
	return regs[FP];
}

uint64_t registers_first_argument(const uint64_t *regs)
{
	return regs[ARG];
}

size_t registers_dwarf(const uint64_t *regs, uint64_t dwarf[REGISTERS_MAX])
{
	for (size_t i = 0; i < sizeof(dwarf_order); i++)
		dwarf[i] = regs[dwarf_order[i]];
	return sizeof(dwarf_order);
}
