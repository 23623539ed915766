/*
 * guest_complain.h - how PID 1 of the guest fails: a sentence on the console, then the machine
 * ends.
 */
#ifndef OOMLAB_LAUNCH_VM_GUEST_COMPLAIN_H
#define OOMLAB_LAUNCH_VM_GUEST_COMPLAIN_H

/* Writes GUEST_COMPLAINT "WHAT 'NAME': TEXT OF errno" to the console and ends the machine. */
void guest_complain(const char *what, const char *name) __attribute__((noreturn));
/* QEMU runs with -no-reboot, so the reboot ends it. */
void guest_power_off(void) __attribute__((noreturn));

#endif
