/*
 * guest_complain.h - PID 1's one way to fail: a sentence on the console, and the power goes off.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_COMPLAIN_H
#define OOMLAB_LAUNCH_VM_GUEST_COMPLAIN_H

/* "what 'name': the text of errno". */
void guest_complain(const char *what, const char *name) __attribute__((noreturn));
void guest_power_off(void) __attribute__((noreturn));

#endif
