#include "base/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

enum { MAX_OPTIONS = 48, FIRST_VALUE = 256, TEXT_COLUMN = 28, COLUMNS = 80 };

/* In `--kernel --` the "--" ends the options, so it is no value of --kernel. */
static bool is_value_missing(char **argv)
{
	return optarg && optarg == argv[optind - 1] && !strcmp(optarg, "--");
}

static int refuse(const char *command, char **argv, int kind, struct err *err)
{
	const char *word = argv[optind - (is_value_missing(argv) ? 2 : 1)];

	if (kind == ':')
		err_set(err, EXIT_USAGE, "option '%s' needs a value", word);
	else if (optopt && optopt < FIRST_VALUE)
		err_set(err, EXIT_USAGE, "unknown option '-%c'", optopt);
	else if (optopt)
		err_set(err, EXIT_USAGE, "option '%s' takes no value", word);
	else
		err_set(err, EXIT_USAGE, "unknown or ambiguous option '%s'", word);
	return err_hint(err, "see 'oomlab %s --help'", command);
}

static int store(const struct option_def *def, void *target, struct err *err)
{
	if (def->set)
		return def->set(target, optarg, err);
	*(bool *)((char *)target + def->flag_at) = true;
	return 0;
}

int options_parse(const char *command, const struct option_def *defs, size_t count, void *target,
		  int argc, char **argv, struct err *err)
{
	struct option table[MAX_OPTIONS + 1] = {{0}};
	int c;

	if (count > MAX_OPTIONS)
		BUG("%zu options", count);
	for (size_t i = 0; i < count; i++)
		table[i] = (struct option){
			.name = defs[i].name,
			.has_arg = defs[i].arg ? required_argument : no_argument,
			.val = FIRST_VALUE + (int)i,
		};
	opterr = 0;
	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, "+:", table, NULL)) != -1) {
		if (c < FIRST_VALUE || is_value_missing(argv))
			return refuse(command, argv, c < FIRST_VALUE ? c : ':', err);
		if (store(&defs[c - FIRST_VALUE], target, err) < 0)
			return -1;
	}
	return optind;
}

/* The cursor is at column `at`; an option too long for its column has a line of its own. */
static void print_text(FILE *to, int at, const char *text)
{
	const char *const end = text + strlen(text);

	if (at > TEXT_COLUMN - 2)
		at = fprintf(to, "\n") - 1;
	for (const char *stop; text <= end; text = stop + 1, at = 0) {
		stop = text_line_end(text, end, COLUMNS - TEXT_COLUMN);
		fprintf(to, "%*s%.*s\n", TEXT_COLUMN - at, "", (int)(stop - text), text);
	}
}

void options_print(FILE *to, const struct option_def *defs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!defs[i].help)
			continue;
		int used = fprintf(to, "  --%s%s%s", defs[i].name, defs[i].arg ? "=" : "",
				   defs[i].arg ? defs[i].arg : "");
		print_text(to, used, defs[i].help);
	}
}
