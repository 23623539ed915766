/*
 * fuzz_text.c - any bytes as words: sizes, times, numbers, options for an engine, and what is to be
 * shown to people.
 *
 * Checked besides memory safety: what is neutral is UTF-8 without control characters and stays so;
 * a number is within what was asked for.
 */
#include <string.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "fuzz.h"
#include "launch/container/container_option.h"
#include "launch/container/engine.h"
#include "spec/spec.h"

static void require_neutral(const char *text)
{
	for (size_t left = strlen(text), n; left; text += n, left -= n) {
		n = text_utf8_length(text, left);
		require(n > 0 && (unsigned char)*text >= ' ' && *text != 0x7f);
	}
}

static void read_numbers(const char *word)
{
	uint64_t bytes = 0, ns = 0;
	struct err err = ERR_INIT;
	struct amount amount;
	long value = 0;

	require(text_parse_size(word, &bytes) < 0 || bytes <= INT64_MAX);
	text_parse_duration(word, &ns);
	require(text_parse_long(word, -5, 1000, &value) < 0 || (value >= -5 && value <= 1000));
	spec_parse_amount("--memory", word, &amount, &err);
	require_neutral(err.text);
	require(strlen(TEXT_SIZE(bytes)) > 0 && strlen(TEXT_DURATION(ns)) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *word = xstrndup((const char *)data, size);
	struct strbuf said = STRBUF_INIT;
	struct err err = ERR_INIT;

	read_numbers(word);
	container_option_check(word, &err);
	require_neutral(err.text);
	strbuf_append(&said, word, strlen(word));
	strbuf_putc(&said, '\0');
	require(*engine_said(&said) != '\0');
	strbuf_release(&said);
	text_neutralise(word);
	require_neutral(word);
	free(word);
	return 0;
}
