#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"
#include "spec/scenarios.h"
#include "spec/spec.h"

struct list_options {
	bool json, names, help;
};

static const struct option_def table[] = {
	OPTION_FLAG("json", "every declaration, as one JSON array", struct list_options, json),
	OPTION_FLAG("names", "the names alone", struct list_options, names),
	OPTION_SCENARIOS,
	OPTION_HELP(struct list_options),
};
const struct option_table list_option_table = {table, ARRAY_SIZE(table)};

static void print_one(const struct spec *spec)
{
	printf("%-21s %-9s %-16s %s\n", spec->name,
	       !spec->memory_max.is_set || spec->memory_max.is_max
		       ? "no limit"
		       : TEXT_SIZE(spec->memory_max.bytes),
	       spec->has_expect ? spec_outcome_names[spec->expect.outcome] : "-",
	       spec->summary ? spec->summary : "");
}

static int list_names(void)
{
	char **names = scenarios_list();

	for (char **name = names; *name; name++) {
		puts(*name);
		free(*name);
	}
	free(names);
	return EXIT_OK;
}

static int list(bool json)
{
	char **names = scenarios_list();
	json_t *all = json_array();
	int status = EXIT_OK;

	for (char **name = names; *name; name++) {
		struct err err = ERR_INIT;
		struct spec spec;
		_cleanup_free_ char *path = scenarios_find(*name, &err);

		spec_init(&spec);
		if (!path || spec_ask_program(path, &spec, &err) < 0) {
			err_print(&err);
			status = EXIT_FAILED;
		} else if (json) {
			json_array_append_new(all, spec_to_json(&spec));
		} else {
			print_one(&spec);
		}
		spec_release(&spec);
		free(*name);
	}
	if (json)
		json_dumpf(all, stdout, JSON_INDENT(2));
	if (json)
		putchar('\n');
	json_decref(all);
	free(names);
	return status;
}

int cmd_list(int argc, char **argv)
{
	struct list_options options = {0};
	int status = option_table_read("list", &list_option_table, &options, argc, argv);

	if (status)
		return status;
	if (options.help) {
		puts("usage: oomlab list [--json|--names]\n\n"
		     "The scenarios: name, memory limit, expected outcome, summary.\n");
		options_print(stdout, table, ARRAY_SIZE(table));
		return EXIT_OK;
	}
	return options.names ? list_names() : list(options.json);
}
