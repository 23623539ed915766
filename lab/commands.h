/*
 * commands.h - the subcommands. Each takes argv from its own name on and returns the exit status
 * of the program; each prints its own errors.
 */
#ifndef OOMLAB_COMMANDS_H
#define OOMLAB_COMMANDS_H

int cmd_run(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

#endif
