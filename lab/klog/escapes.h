/*
 * escapes.h - decodes what stands for a byte in a message of the kernel's, in place; pure.
 */
#ifndef OOMLAB_KLOG_ESCAPES_H
#define OOMLAB_KLOG_ESCAPES_H

#include <stddef.h>

/* "\x0a" of /dev/kmsg: a backslash and two hexadecimal digits. Returns the new length. */
size_t escapes_decode_hex(char *p, size_t n);

/* "#012" of rsyslog: a newline. Returns the new length. */
size_t escapes_decode_octal(char *p, size_t n);

#endif
