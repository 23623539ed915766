#include "base/refusal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void refusal_words(char *why, size_t size, const char *what, int cause, const char *needs)
{
	bool is_right_missing = cause == EPERM || cause == EACCES;

	snprintf(why, size, "%s: %s%s%s%s", what, strerror(cause),
		 is_right_missing ? " (needs " : "", is_right_missing ? needs : "",
		 is_right_missing ? ")" : "");
}
