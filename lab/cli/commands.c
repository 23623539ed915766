#include "cli/commands.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/suggest.h"
#include "cli/option_table.h"
#include "suite/suite_worker.h"

const struct command commands[] = {
	{"run", cmd_run, "run a scenario or a command and explain what became of it",
	 &run_option_table},
	{"new-scenario", cmd_new_scenario, "write a scenario of your own, to be changed",
	 &new_scenario_option_table},
	{"list", cmd_list, "the scenarios", &list_option_table},
	{"suite", cmd_suite, "run many scenarios, and print a table", &suite_option_table},
	{"report", cmd_report, "judge and render a finished run again", &report_option_table},
	{"fit", cmd_fit, "the smallest memory limit that a command survives", &fit_option_table},
	{"compare", cmd_compare, "what differed between two runs", &compare_option_table},
	{"explain", cmd_explain, "what a kernel log says about OOM kills", &explain_option_table},
	{"replay", cmd_replay, "make the OOM kill of a log happen again, in a VM",
	 &replay_option_table},
	{"doctor", cmd_doctor, "what this host can do, what is missing, and the cure",
	 &doctor_option_table},
	{"kernel", cmd_kernel, "fetch the kernels of the VM: oomlab kernel fetch",
	 &kernel_option_table},
	{"clean", cmd_clean, "remove old runs, keep the newest", &clean_option_table},
	{"completion", NULL, "a script that completes words, for bash, zsh or fish",
	 &completion_option_table},
	{"gate", gate_main, NULL, NULL},
	{SUITE_WORKER_COMMAND, suite_worker_main, NULL, NULL},
};
const size_t commands_count = ARRAY_SIZE(commands);

command_fn *command_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(name, commands[i].name))
			return commands[i].run;
	return NULL;
}

const char *command_meant(const char *word)
{
	struct suggestion suggestion = {.word = word};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].help)
			suggestion_offer(&suggestion, commands[i].name);
	return suggestion.best;
}

void commands_print(FILE *to)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].help)
			fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].help);
}
