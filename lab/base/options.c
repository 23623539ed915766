#include "base/options.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/suggest.h"
#include "base/text.h"

enum { MAX_OPTIONS = 48, FIRST_VALUE = 256, TEXT_COLUMN = 28, COLUMNS = 80 };

struct getopt_tables {
	struct option names[MAX_OPTIONS + 1];
	char letters[2 * MAX_OPTIONS + 3];
};

static void make_tables(const struct option_def *defs, size_t count, struct getopt_tables *t)
{
	char *at = stpcpy(t->letters, "+:");

	if (count > MAX_OPTIONS)
		BUG("%zu options", count);
	memset(t->names, 0, sizeof(t->names));
	for (size_t i = 0; i < count; i++) {
		t->names[i] = (struct option){
			.name = defs[i].name,
			.has_arg = defs[i].arg ? required_argument : no_argument,
			.val = FIRST_VALUE + (int)i,
		};
		if (defs[i].letter)
			*at++ = defs[i].letter;
		if (defs[i].letter && defs[i].arg)
			*at++ = ':';
	}
	*at = '\0';
}

/* The option that getopt_long(3) found, by its name or its letter; NULL: it found none. */
static const struct option_def *found(const struct option_def *defs, size_t count, int c)
{
	if (c >= FIRST_VALUE)
		return &defs[c - FIRST_VALUE];
	for (size_t i = 0; i < count; i++)
		if (defs[i].letter && defs[i].letter == c)
			return &defs[i];
	return NULL;
}

/* In `--kernel --` the "--" ends the options, so it is no value of --kernel. */
static bool is_value_missing(char **argv)
{
	return optarg && optarg == argv[optind - 1] && !strcmp(optarg, "--");
}

/* "--memroy=64M" may have meant "memory". */
static const char *meant(const struct option_def *defs, size_t count, const char *word)
{
	_cleanup_free_ char *name = xstrndup(word + 2, strcspn(word + 2, "="));
	struct suggestion suggestion = {.word = name};

	for (size_t i = 0; i < count; i++)
		if (defs[i].help)
			suggestion_offer(&suggestion, defs[i].name);
	return suggestion.best;
}

static int refuse_unknown(const char *command, const struct option_def *defs, size_t count,
			  const char *word, struct err *err)
{
	const char *name = text_starts_with(word, "--") ? meant(defs, count, word) : NULL;

	err_set(err, EXIT_USAGE, "unknown or ambiguous option '%s'", word);
	return name ? err_hint(err, "did you mean '--%s'? See 'oomlab %s --help'", name, command)
		    : err_hint(err, "see 'oomlab %s --help'", command);
}

static int refuse(const char *command, const struct option_def *defs, size_t count, char **argv,
		  int kind, struct err *err)
{
	const char *word = argv[optind - (is_value_missing(argv) ? 2 : 1)];

	if (kind != ':' && !optopt)
		return refuse_unknown(command, defs, count, word, err);
	if (kind == ':')
		err_set(err, EXIT_USAGE, "option '%s' needs a value", word);
	else if (optopt < FIRST_VALUE)
		err_set(err, EXIT_USAGE, "unknown option '-%c'", optopt);
	else
		err_set(err, EXIT_USAGE, "option '%s' takes no value", word);
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
	struct getopt_tables tables;
	int c;

	make_tables(defs, count, &tables);
	opterr = 0;
	optind = 0; /* glibc: start anew */
	while ((c = getopt_long(argc, argv, tables.letters, tables.names, NULL)) != -1) {
		const struct option_def *def = found(defs, count, c);

		if (!def || is_value_missing(argv))
			return refuse(command, defs, count, argv, def ? ':' : c, err);
		if (store(def, target, err) < 0)
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
		int used = defs[i].letter ? fprintf(to, "  -%c, ", defs[i].letter)
					  : fprintf(to, "  ");

		used += fprintf(to, "--%s%s%s", defs[i].name, defs[i].arg ? "=" : "",
				defs[i].arg ? defs[i].arg : "");
		print_text(to, used, defs[i].help);
	}
}
