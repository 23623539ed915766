/* What a shell is to complete, from the same tables as --help: a script for bash, zsh or fish. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/option_table.h"

static const char *const shells[] = {"bash", "zsh", "fish"};
enum shell { SHELL_BASH, SHELL_ZSH, SHELL_FISH };

/* "auto|cgroup|vm" are words to choose from; "SIZE|max" or "DIR" is not. */
static bool is_choice(const char *arg)
{
	return arg && strchr(arg, '|') && !arg[strcspn(arg, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

static bool is_file(const char *arg)
{
	return arg && (!strcmp(arg, "PATH") || !strcmp(arg, "DIR"));
}

/* The words of a choice, each with `before` and `after` it. */
static void print_words(const char *arg, const char *before, const char *after)
{
	for (size_t n; *arg; arg += n + (arg[n] == '|')) {
		n = strcspn(arg, "|");
		printf("%s%.*s%s", before, (int)n, arg, after);
	}
}

/* As it stands between single quotes; zsh takes brackets and colons for its own. */
static void print_quoted(const char *text, const char *escaped)
{
	for (; *text; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (strchr(escaped, *text))
			printf("\\%c", *text);
		else
			putchar(*text);
}

typedef void command_visit(const struct command *command);

static void each_command(command_visit *visit)
{
	for (size_t i = 0; i < commands_count; i++)
		if (commands[i].help)
			visit(&commands[i]);
}

static void bash_name(const struct command *command)
{
	printf(" %s", command->name);
}

/* What stands behind an option that takes a value is nothing else; bash offers files. */
static void bash_values(const struct command *command)
{
	for (size_t i = 0; i < command->options->count; i++) {
		const struct option_def *def = &command->options->defs[i];

		if (!def->help || !def->arg)
			continue;
		printf("\t%s:--%s) is_value=1 words='", command->name, def->name);
		if (is_choice(def->arg))
			print_words(def->arg, "", " ");
		puts("' ;;");
	}
}

static void bash_options(const struct command *command)
{
	printf("\t%s:-*) words='", command->name);
	for (size_t i = 0; i < command->options->count; i++)
		if (command->options->defs[i].help)
			printf("--%s%s ", command->options->defs[i].name,
			       command->options->defs[i].arg ? "=" : "");
	puts("' ;;");
}

/* A value may stand behind "=", which bash takes for a word of its own. */
static void print_bash(void)
{
	puts("# bash completion of oomlab: source it, or put it into\n"
	     "# ~/.local/share/bash-completion/completions/oomlab\n"
	     "_oomlab() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words= is_value= i\n"
	     "\tlocal command=${COMP_WORDS[1]}\n"
	     "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	     "\t\t[ \"${COMP_WORDS[i]}\" != -- ] || { COMPREPLY=(); compopt -o default; return; }\n"
	     "\tdone\n"
	     "\tif [ \"$word\" = = ]; then word=\n"
	     "\telif [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD-2]}\n"
	     "\tfi\n"
	     "\tif [ \"$COMP_CWORD\" = 1 ]; then command= before=; fi\n"
	     "\tcase $command:$before in");
	each_command(bash_values);
	puts("\tesac\n"
	     "\t[ -n \"$is_value\" ] || case $command:$word in");
	fputs("\t:*) words='help", stdout);
	each_command(bash_name);
	puts("' ;;");
	each_command(bash_options);
	puts("\trun:* | suite:*) words=$(\"${COMP_WORDS[0]}\" list --names 2>/dev/null) ;;\n"
	     "\tesac\n"
	     "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	     "\t[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace\n"
	     "}\n"
	     "complete -o bashdefault -o default -F _oomlab oomlab");
}

static void zsh_command(const struct command *command)
{
	printf("\t\t'%s:", command->name);
	print_quoted(command->help, ":");
	puts("'");
}

static void zsh_option(const struct option_def *def)
{
	printf("\t\t\t'--%s%s[", def->name, def->arg ? "=" : "");
	print_quoted(def->help, "[]:\\");
	putchar(']');
	if (is_choice(def->arg)) {
		printf(":%s:(", def->name);
		print_words(def->arg, "", " ");
		putchar(')');
	} else if (def->arg) {
		printf(":%s:%s", def->arg, is_file(def->arg) ? "_files" : "");
	}
	puts("' \\");
}

static void zsh_options(const struct command *command)
{
	printf("\t%s)\n\t\t_arguments -S \\\n", command->name);
	for (size_t i = 0; i < command->options->count; i++)
		if (command->options->defs[i].help)
			zsh_option(&command->options->defs[i]);
	if (!strcmp(command->name, "run"))
		puts("\t\t\t'1:scenario:($(oomlab list --names 2>/dev/null))' \\");
	puts("\t\t\t'*:file:_files' ;;");
}

static void print_zsh(void)
{
	puts("#compdef oomlab\n"
	     "# zsh completion of oomlab: put it into a folder of $fpath as _oomlab\n"
	     "_oomlab() {\n"
	     "\tlocal -a commands=(");
	each_command(zsh_command);
	puts("\t)\n"
	     "\tif ((CURRENT == 2)); then\n"
	     "\t\t_describe command commands\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tshift words\n"
	     "\t((CURRENT--))\n"
	     "\tcase $words[1] in");
	each_command(zsh_options);
	puts("\tesac\n"
	     "}\n"
	     "if [ \"$funcstack[1]\" = _oomlab ]; then _oomlab; else compdef _oomlab oomlab; fi");
}

static void fish_option(const struct command *command, const struct option_def *def)
{
	printf("complete -c oomlab -n '__fish_seen_subcommand_from %s' -l %s", command->name,
	       def->name);
	if (def->letter)
		printf(" -s %c", def->letter);
	if (def->arg)
		fputs(is_file(def->arg) ? " -r -F" : " -x", stdout);
	if (is_choice(def->arg)) {
		fputs(" -a '", stdout);
		print_words(def->arg, "", " ");
		putchar('\'');
	}
	fputs(" -d '", stdout);
	for (const char *p = def->help; *p; p++)
		printf(*p == '\'' || *p == '\\' ? "\\%c" : "%c", *p);
	puts("'");
}

static void fish_command(const struct command *command)
{
	printf("complete -c oomlab -n __fish_use_subcommand -f -a %s -d '", command->name);
	for (const char *p = command->help; *p; p++)
		printf(*p == '\'' || *p == '\\' ? "\\%c" : "%c", *p);
	puts("'");
	for (size_t i = 0; i < command->options->count; i++)
		if (command->options->defs[i].help)
			fish_option(command, &command->options->defs[i]);
}

static void print_fish(void)
{
	puts("# fish completion of oomlab: put it into ~/.config/fish/completions/oomlab.fish");
	each_command(fish_command);
	puts("complete -c oomlab -n '__fish_seen_subcommand_from run' -a '(oomlab list --names 2>/dev/null)'");
}

int cmd_completion(int argc, char **argv)
{
	struct err err = ERR_INIT;
	struct completion_options options = {0};
	int first = options_parse("completion", completion_option_table.defs,
				  completion_option_table.count, &options, argc, argv, &err);
	int shell = first >= 0 && first == argc - 1
			    ? text_index(shells, ARRAY_SIZE(shells), argv[first])
			    : -1;

	if (first >= 0 && !options.help && shell < 0)
		first = err_set(&err, EXIT_USAGE, "give one of bash, zsh, fish");
	if (first < 0) {
		err_print(&err);
		return EXIT_USAGE;
	}
	if (options.help) {
		puts("usage: oomlab completion bash|zsh|fish\n\n"
		     "Prints a script that completes commands, options, their values, and scenarios.\n"
		     "For bash: source <(oomlab completion bash)\n");
		options_print(stdout, completion_option_table.defs, completion_option_table.count);
		return EXIT_OK;
	}
	if (shell == SHELL_BASH)
		print_bash();
	else if (shell == SHELL_ZSH)
		print_zsh();
	else
		print_fish();
	return EXIT_OK;
}
