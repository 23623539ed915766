#include "report/story_script.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "report/story.h"

/* By the file that has the interpreter's code: the program, or its library. */
static const struct interpreter {
	const char *program, *library;
	const char
		*instead; /* a sentence: what tells a line of the script; NULL: nothing that fits */
} interpreters[] = {
	{"python", "libpython",
	 "Python's own tracemalloc knows them: run it with -X tracemalloc, and let the script print a snapshot before it is killed."},
	{"node", "libnode",
	 "What its heap holds is written down by node --heapsnapshot-near-heap-limit=1 with a --max-old-space-size below the limit."},
	{"perl", "libperl", NULL},
	{"ruby", "libruby", NULL},
	{"php", "libphp", NULL},
	{"bash", NULL, NULL},
	{"dash", NULL, NULL},
};

/* "python3.11", "libperl.so.5.36": the name, and nothing but a version behind it. */
static bool is_named(const char *file, const char *name)
{
	const char *rest = name && text_starts_with(file, name) ? file + strlen(name) : NULL;

	if (rest && text_starts_with(rest, "js")) /* of Debian's nodejs */
		rest += 2;
	if (rest)
		rest += strspn(rest, "-0123456789.");
	return rest && (!*rest || text_starts_with(rest, "so"));
}

static const struct interpreter *interpreter_of(const char *module)
{
	const char *slash = module ? strrchr(module, '/') : NULL;

	for (size_t i = 0; slash && i < ARRAY_SIZE(interpreters); i++)
		if (is_named(slash + 1, interpreters[i].program) ||
		    is_named(slash + 1, interpreters[i].library))
			return &interpreters[i];
	return NULL;
}

bool story_script(const struct touches *t, struct doc *doc)
{
	const struct interpreter *found = t->count ? interpreter_of(t->lines[0].module) : NULL;
	int64_t own = 0;

	for (size_t i = 0; found && i < t->count; i++)
		if (interpreter_of(t->lines[i].module) == found)
			own += t->lines[i].bytes;
	if (!found || own <= t->total / 2)
		return false;
	doc_sentence(
		doc,
		"Most of it was touched by the interpreter's own code (%s): which lines of the script made it do so is not seen.%s%s",
		strrchr(t->lines[0].module, '/') + 1, found->instead ? " " : "",
		found->instead ? found->instead : "");
	cite_profile(doc);
	return true;
}
