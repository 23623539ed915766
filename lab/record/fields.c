#include <string.h>

#include "base/text.h"
#include "base/utf8.h"
#include "record/fields.h"
#include "record/record.h"

json_t *fields_string(const char *text, size_t len)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT;

	if (!text)
		return NULL;
	utf8_append(&sb, text, len);
	return json_stringn_nocheck(sb.buf, sb.len);
}

json_t *record_string(const char *text)
{
	return text ? fields_string(text, strlen(text)) : NULL;
}

/* A larger number is an error of its source: clamped, so that its line can still be read. */
static json_t *figure(int64_t value)
{
	return json_integer(value > FIELD_I64_MAX ? FIELD_I64_MAX : value);
}

static json_t *i64_to_json(int64_t value)
{
	return value == ABSENT ? NULL : figure(value);
}

static json_t *amount_to_json(const struct amount *amount)
{
	if (!amount->is_set)
		return NULL;
	return amount->is_max ? json_string("max") : json_integer((json_int_t)amount->bytes);
}

static json_t *counters_to_json(const struct record_counters *counters)
{
	json_t *object = json_object();

	for (int i = 0; i < COUNTER_COUNT; i++)
		if (counters->value[i] != ABSENT)
			json_object_set_new(object, record_counter_names[i],
					    figure(counters->value[i]));
	if (json_object_size(object))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *word_to_json(const struct field *field, unsigned int value)
{
	const char *word = value < field->word_count ? field->words[value] : NULL;

	return word ? json_string(word) : NULL;
}

static json_t *field_to_json(const struct field *field, const void *at)
{
	switch (field->type) {
	case FIELD_I64:
		return i64_to_json(*(const int64_t *)at);
	case FIELD_INT:
		return json_integer(*(const int *)at);
	case FIELD_U64:
		return json_integer((json_int_t) * (const uint64_t *)at);
	case FIELD_ADDRESS:
		return *(const uint64_t *)at ? json_integer((json_int_t) * (const uint64_t *)at)
					     : NULL;
	case FIELD_STRING:
		return record_string(*(const char *const *)at);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)at);
	case FIELD_FLAG:
		return *(const bool *)at ? json_true() : NULL;
	case FIELD_ENUM:
		return word_to_json(field, *(const unsigned int *)at);
	case FIELD_AMOUNT:
		return amount_to_json(at);
	case FIELD_COUNTERS:
		return counters_to_json(at);
	case FIELD_METRICS:
	case FIELD_END:
		break;
	}
	return NULL;
}

static void metrics_to_json(json_t *object, const int64_t *value)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		if (value[i] != ABSENT)
			json_object_set_new(object, record_metric_names[i], figure(value[i]));
}

json_t *fields_to_json(const struct field *fields, const void *from)
{
	json_t *object = json_object();

	for (const struct field *f = fields; object && f->type != FIELD_END; f++) {
		const void *at = (const char *)from + f->offset;
		json_t *value;

		if (f->type == FIELD_METRICS) {
			metrics_to_json(object, at);
			continue;
		}
		value = field_to_json(f, at);
		if (value)
			json_object_set_new(object, f->name, value);
	}
	return object;
}

/* All readers: value may be NULL (absent). They return 0, or -1 for a wrong type or range. */
static int read_integer(const json_t *value, int64_t min, int64_t *to)
{
	json_int_t number = json_integer_value(value);

	*to = value ? number : ABSENT;
	return value && (!json_is_integer(value) || number < min || number > FIELD_I64_MAX) ? -1
											    : 0;
}

static int read_int(const json_t *value, int *to)
{
	json_int_t number = json_integer_value(value);

	*to = (int)number;
	return value && (!json_is_integer(value) || number < 0 || number > INT32_MAX) ? -1 : 0;
}

static int read_u64(const json_t *value, uint64_t *to)
{
	*to = (uint64_t)json_integer_value(value);
	return value && !json_is_integer(value) ? -1 : 0;
}

static int read_string(const json_t *value, const char **to)
{
	*to = json_string_value(value);
	return value && !*to ? -1 : 0;
}

static int read_bool(const json_t *value, bool *to)
{
	*to = json_is_true(value);
	return value && !json_is_boolean(value) ? -1 : 0;
}

static int read_word(const struct field *field, const json_t *value, unsigned int *to)
{
	int word = text_index(field->words, field->word_count, json_string_value(value));

	*to = word < 0 ? 0 : (unsigned int)word;
	return value && word < 0 ? -1 : 0;
}

static int read_amount(const json_t *value, struct amount *to)
{
	const char *word = json_string_value(value);

	*to = (struct amount){.is_set = value != NULL};
	if (!value)
		return 0;
	if (word) {
		to->is_max = true;
		return strcmp(word, "max") ? -1 : 0;
	}
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -1;
	to->bytes = (uint64_t)json_integer_value(value);
	return 0;
}

static int read_counters(const json_t *value, struct record_counters *to)
{
	if (value && !json_is_object(value))
		return -1;
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (read_integer(json_object_get(value, record_counter_names[i]), 0, &to->value[i]))
			return -1;
	return 0;
}

static int read_metrics(const json_t *object, int64_t *value)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		if (read_integer(json_object_get(object, record_metric_names[i]), 0, &value[i]))
			return -1;
	return 0;
}

static int field_from_json(const struct field *field, const json_t *value, void *to)
{
	switch (field->type) {
	case FIELD_I64:
		return read_integer(value, 0, to);
	case FIELD_INT:
		return read_int(value, to);
	case FIELD_U64:
	case FIELD_ADDRESS:
		return read_u64(value, to);
	case FIELD_STRING:
		return read_string(value, to);
	case FIELD_BOOL:
	case FIELD_FLAG:
		return read_bool(value, to);
	case FIELD_ENUM:
		return read_word(field, value, to);
	case FIELD_AMOUNT:
		return read_amount(value, to);
	case FIELD_COUNTERS:
		return read_counters(value, to);
	case FIELD_METRICS:
	case FIELD_END:
		break;
	}
	return -1;
}

int fields_from_json(const struct field *fields, const json_t *object, void *to)
{
	for (const struct field *f = fields; f->type != FIELD_END; f++) {
		void *at = (char *)to + f->offset;
		const json_t *value;

		if (f->type == FIELD_METRICS) {
			if (read_metrics(object, at))
				return -1;
			continue;
		}
		value = json_object_get(object, f->name);
		if ((f->is_required && !value) || field_from_json(f, value, at))
			return -1;
	}
	return 0;
}

int fields_add_up(const struct field *fields, const json_t *object, int64_t *sum)
{
	int64_t left = FIELD_SUM_MAX - *sum;

	for (const struct field *f = fields; f->type != FIELD_END; f++) {
		int64_t value = f->is_summed ? json_integer_value(json_object_get(object, f->name))
					     : 0;

		if (value > left >> f->sum_shift)
			return -1;
		if (value > 0)
			left -= value << f->sum_shift;
	}
	*sum = FIELD_SUM_MAX - left;
	return 0;
}
