#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

int terminal_columns(FILE *to)
{
	struct winsize size;

	return isatty(fileno(to)) && !ioctl(fileno(to), TIOCGWINSZ, &size) && size.ws_col >= 40
		       ? size.ws_col
		       : 80;
}

static enum { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER } colour;

int terminal_colour(const char *when)
{
	static const char *const words[] = {"auto", "always", "never"};
	int i = text_index(words, ARRAY_SIZE(words), when);

	if (i >= 0)
		colour = i;
	return i < 0 ? -1 : 0;
}

bool terminal_can_redraw(FILE *to)
{
	const char *term = getenv("TERM");

	return isatty(fileno(to)) && term && strcmp(term, "dumb");
}

bool terminal_has_colour(FILE *to)
{
	const char *no_color = getenv("NO_COLOR");

	if (colour != COLOUR_AUTO)
		return colour == COLOUR_ALWAYS;
	return terminal_can_redraw(to) && !(no_color && *no_color);
}
