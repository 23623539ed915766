#include "launch/container/container_option.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static const struct {
	const char *name;
	char letter;	     /* of the short form; '\0': none */
	const char *allowed; /* the one value that is accepted; NULL: none */
	const char *why;
} refused[] = {
	{"name", 0, NULL, "oomlab names the container, so that it removes no other"},
	{"rm", 0, NULL, "oomlab removes the container itself, once it has asked the engine"},
	{"restart", 0, "no", "a report is of one life, and oomlab would have to stop the next"},
	{"memory", 'm', NULL, "use --memory of oomlab run, which reads the limit back"},
	{"memory-swap", 0, NULL, "use --swap of oomlab run, which reads the limit back"},
	{"oom-score-adj", 0, NULL, "use --oom-score-adj of oomlab run"},
	{"entrypoint", 0, NULL,
	 "oomlab's gate stands there, then the image's own; words for it go behind '--'"},
	{"pull", 0, "never", "nothing is pulled here, so get the image first"},
	{"pod", 0, NULL, "oomlab would have to remove the pod"},
	{"cidfile", 0, NULL, "oomlab has one of its own, to know what it made"},
	{"detach", 'd', "false", "oomlab watches the container to its end"},
	{"interactive", 'i', "false", "the command has no input under oomlab"},
	{"attach", 'a', NULL, "its output is shown, and it has no input under oomlab"},
	{"help", 0, NULL, "ask the engine: docker run --help"},
};

static bool is_named(const char *option, const char *name, const char *allowed)
{
	size_t length = strlen(name);

	if (!text_starts_with(option, "--") || strncmp(option + 2, name, length) != 0)
		return false;
	option += 2 + length;
	return !*option || (*option == '=' && (!allowed || strcmp(option + 1, allowed) != 0));
}

/* Letters that take no value ("diPqt") may stand before others in a word: "-itm64m". */
static bool has_letter(const char *option, char letter)
{
	if (!letter || option[0] != '-' || option[1] == '-')
		return false;
	while (*++option && *option != letter && strchr("diPqt", *option))
		;
	return *option == letter;
}

int container_option_check(const char *option, struct err *err)
{
	if (option[0] != '-')
		return err_set(err, EXIT_USAGE, "--container-option '%s' does not begin with '-'",
			       option);
	if (!strcmp(option, "-") || !strcmp(option, "--"))
		return err_set(err, EXIT_USAGE, "--container-option '%s' is no option", option);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (is_named(option, refused[i].name, refused[i].allowed) ||
		    has_letter(option, refused[i].letter))
			return err_set(err, EXIT_USAGE, "--container-option '%s': %s", option,
				       refused[i].why);
	return 0;
}
