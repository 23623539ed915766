/*
 * registers.h - the one file that knows machines: which registers a sample holds, in what order,
 * and how DWARF numbers them.
 *
 * A sample (perf_event_open(2), PERF_SAMPLE_REGS_USER) has the registers of the mask in ascending
 * order of their bits.
 */
#ifndef OOMLAB_SYMBOLS_REGISTERS_H
#define OOMLAB_SYMBOLS_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REGISTERS_MAX = 40 };

/* perf_event_attr.sample_regs_user; 0 on a machine this file does not know. */
uint64_t registers_mask(void);
/* How many that are. */
size_t registers_count(void);

/* All take the registers of one sample. pre: registers_count() of them. */
uint64_t registers_pc(const uint64_t *regs);
uint64_t registers_sp(const uint64_t *regs);
uint64_t registers_fp(const uint64_t *regs);

/* Of a system call, while it is under way. */
uint64_t registers_first_argument(const uint64_t *regs);

/* In DWARF's numbering, as dwfl_thread_state_registers() wants them; returns how many. */
size_t registers_dwarf(const uint64_t *regs, uint64_t dwarf[REGISTERS_MAX]);

/*
 * The same from what PTRACE_GETREGSET (NT_PRSTATUS) gives of a stopped thread. False when that is
 * not a thread of this machine's own word size: regs are zeroes then.
 */
bool registers_from_regset(const void *set, size_t len, uint64_t regs[REGISTERS_MAX]);

/* The same where no more is known; the rest are zeroes. */
void registers_from_pc_sp(uint64_t pc, uint64_t sp, uint64_t regs[REGISTERS_MAX]);

/* The thread was inside a system call: its pages were touched by the kernel on its behalf. */
bool registers_in_syscall(const uint64_t *regs);

#endif
