/*
 * registers.h - the registers of a sample on each kind of machine: which it holds, in what order,
 * and how DWARF numbers them. No other file of lab/symbols but imports.c depends on the machine.
 *
 * A sample (perf_event_open(2), PERF_SAMPLE_REGS_USER) has the registers of the mask in ascending
 * order of their bits (asm/perf_regs.h). DWARF's numbers are those of each machine's psABI.
 */
#ifndef OOMLAB_SYMBOLS_REGISTERS_H
#define OOMLAB_SYMBOLS_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REGISTERS_MAX = 40 };

/* perf_event_attr.sample_regs_user; 0 on a machine this file does not know. */
uint64_t registers_mask(void);
/* How many registers the mask has. */
size_t registers_count(void);

/* These take the registers of one sample, registers_count() of them: */

/* Program counter, stack pointer, frame pointer. */
uint64_t registers_pc(const uint64_t *regs);
uint64_t registers_sp(const uint64_t *regs);
uint64_t registers_fp(const uint64_t *regs);

/* The first argument of a system call that is under way. */
uint64_t registers_first_argument(const uint64_t *regs);

/* Puts them in DWARF's order, as dwfl_thread_state_registers() wants them; returns how many. */
size_t registers_dwarf(const uint64_t *regs, uint64_t dwarf[REGISTERS_MAX]);

/*
 * Makes the registers of a sample from what ptrace(2) gives of a stopped thread (PTRACE_GETREGSET,
 * NT_PRSTATUS). False, and regs are zeroes, when the thread has another word size than this
 * machine.
 */
bool registers_from_regset(const void *set, size_t len, uint64_t regs[REGISTERS_MAX]);

/* Makes them where only these two are known; the rest are zeroes. */
void registers_from_pc_sp(uint64_t pc, uint64_t sp, uint64_t regs[REGISTERS_MAX]);

/*
 * True when the thread was inside a system call, so that the kernel touched its pages on its
 * behalf. LIMITATION: always false but on x86-64.
 */
bool registers_in_syscall(const uint64_t *regs);

#endif
