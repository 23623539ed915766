#include "cli/commands.h"

#include <string.h>

#include "base/cleanup.h"

static const struct {
	const char *name;
	command_fn *run;
	const char *help; /* NULL: not for people */
} commands[] = {
	{"run", cmd_run, "run a scenario or a command and explain what became of it"},
	{"list", cmd_list, "the scenarios"},
	{"report", cmd_report, "judge and render a finished run again"},
	{"explain", cmd_explain, "what a kernel log says about OOM kills"},
	{"doctor", cmd_doctor, "what this host can do, what is missing, and the cure"},
	{"gate", gate_main, NULL},
};

command_fn *command_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run;
	return NULL;
}

void commands_print(FILE *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].help)
			fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].help);
}
