#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int terminal_columns(FILE *to)
{
	struct winsize size;

	return isatty(fileno(to)) && !ioctl(fileno(to), TIOCGWINSZ, &size) && size.ws_col >= 40
		       ? size.ws_col
		       : 80;
}

bool terminal_has_colour(FILE *to)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return isatty(fileno(to)) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}
