/*
 * check_json_text.c - JSON written as text is what a library writes, whatever the strings hold.
 */
#include <jansson.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_text.h"
#include "base/utf8.h"
#include "suite.h"

/* One that needs an escape stands at each place of a word of eight bytes. */
static const char *const texts[] = {
	"",
	"plain",
	"eight888",
	"sixteen_characters_and_more",
	"a\"quote",
	"\"at once",
	"at the end of sixteen..\"",
	"back\\slash",
	"tab\tnewline\nreturn\rbell\afeed\fback\b",
	"\x01\x02\x1f\x20\x7f",
	"1234567\x01",
	"12345678\x1f",
	"gr\xc3\xbc\xc3\x9f, gr\xc3\xbc\xc3\x9f \"here\"",
	"\xf0\x9f\x98\x80 beyond",
	"no UTF-8: \xff\xfe, cut: \xc3",
	"\xed\xa0\x80 a surrogate",
};

static json_t *string_of(const char *text)
{
	_cleanup_strbuf_ struct strbuf clean = STRBUF_INIT;

	utf8_append(&clean, text, strlen(text));
	return json_stringn(clean.buf, clean.len);
}

START_TEST(a_string_is_what_the_library_writes)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;
	json_t *value = string_of(texts[_i]);
	_cleanup_free_ char *expected = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	json_text_string(&sb, texts[_i]);
	ck_assert_str_eq(sb.buf, expected);
	json_decref(value);
}
END_TEST

START_TEST(commas_stand_between_members)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	json_text_open(&sb, '{');
	json_text_key(&sb, "list");
	json_text_open(&sb, '[');
	json_text_number(&sb, INT64_MIN);
	json_text_number(&sb, INT64_MAX);
	json_text_string(&sb, "[");
	json_text_string(&sb, "{");
	json_text_bool(&sb, true);
	json_text_close(&sb, ']');
	json_text_key(&sb, "empty");
	json_text_open(&sb, '{');
	json_text_close(&sb, '}');
	json_text_key_of(&sb, "a\"b");
	json_text_bool(&sb, false);
	json_text_close(&sb, '}');
	ck_assert_str_eq(sb.buf, "{\"list\":[-9223372036854775808,9223372036854775807,\"[\",\"{\","
				 "true],\"empty\":{},\"a\\\"b\":false}");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("json_text");
	TCase *const cases[] = {t};

	tcase_add_loop_test(t, a_string_is_what_the_library_writes, 0, ARRAY_SIZE(texts));
	tcase_add_test(t, commas_stand_between_members);
	return suite_run("json_text", cases, ARRAY_SIZE(cases));
}
