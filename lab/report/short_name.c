#include "report/short_name.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { LONGEST = 60 };

#define CUT "…"

/* "operator<", "operator->>" and their like: what follows the word is no bracket. */
static size_t operator_length(const char *name, const char *at)
{
	const size_t word = strlen("operator");
	const bool is_word_start = at == name || (!isalnum((unsigned char)at[-1]) && at[-1] != '_');

	if (!is_word_start || !text_starts_with(at, "operator"))
		return 0;
	if (text_starts_with(at + word, "()"))
		return word + 2;
	return word + strspn(at + word, "<>-=");
}

/* A scope of no name is no list of parameters. */
static size_t scope_length(const char *at)
{
	static const char anonymous[] = "(anonymous namespace)";

	return text_starts_with(at, anonymous) ? strlen(anonymous) : 0;
}

/* Behind the bracket at `at` that closes what it opens; NULL: nothing does. */
static const char *behind_bracket(const char *name, const char *at)
{
	int depth = 0;

	while (*at) {
		const size_t skip = operator_length(name, at);

		if (skip) {
			at += skip;
			continue;
		}
		depth += (*at == '<' || *at == '(' || *at == '{') -
			 (*at == '>' || *at == ')' || *at == '}');
		at++;
		if (!depth)
			return at;
	}
	return NULL;
}

static char *without_brackets(const char *name)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	for (const char *at = name; *at;) {
		const size_t whole = operator_length(name, at) + scope_length(at);
		const char *behind = whole		 ? NULL
				     : strchr("<(", *at) ? behind_bracket(name, at)
							 : NULL;
		const bool is_empty = behind == at + 2;

		if (!behind || is_empty) {
			const size_t n = whole ? whole : is_empty ? 2 : 1;

			strbuf_append(&sb, at, n);
			at += n;
			continue;
		}
		strbuf_printf(&sb, "%c" CUT "%c", *at, behind[-1]);
		at = behind;
	}
	return strbuf_detach(&sb);
}

/* The first part of the name behind which it is short enough, else its last. */
static const char *behind_scopes(const char *name)
{
	const char *at = name;

	for (const char *next; strlen(at) > LONGEST - strlen(CUT); at = next + 2) {
		next = strstr(at, "::");
		if (!next)
			break;
	}
	return at;
}

char *short_name(const char *function)
{
	_cleanup_free_ char *plain = NULL;
	const char *rest;

	if (strlen(function) <= LONGEST)
		return xstrdup(function);
	plain = without_brackets(function);
	rest = strlen(plain) <= LONGEST ? plain : behind_scopes(plain);
	return text_format("%s%s", rest == plain ? "" : CUT "::", rest);
}
