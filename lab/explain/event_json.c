#include "explain/event_json.h"

#include "base/err.h"
#include "explain/event_text.h"

/* Puts the members that stand in sb; releases sb. */
static void put(json_t *object, struct strbuf *sb)
{
	json_t *members;

	json_text_close(sb, '}');
	members = json_loadb(sb->buf, sb->len, 0, NULL);
	if (!members)
		BUG("the text is no JSON: %s", sb->buf);
	json_object_update(object, members);
	json_decref(members);
	strbuf_release(sb);
}

static struct strbuf begun(void)
{
	struct strbuf sb = STRBUF_INIT;

	json_text_open(&sb, '{');
	return sb;
}

void event_json_put(json_t *object, const struct oomlog_event *event, const char *const *keys)
{
	struct strbuf sb = begun();

	event_text_keys(&sb, event, keys);
	put(object, &sb);
}

void event_json_put_victim(json_t *object, const struct oomlog_victim *victim)
{
	struct strbuf sb = begun();

	event_text_victim(&sb, victim);
	put(object, &sb);
}

void event_json_put_candidates(json_t *object, const struct explanation *x)
{
	struct strbuf sb = begun();

	event_text_candidates(&sb, x);
	put(object, &sb);
}

void event_json_put_number(json_t *object, const char *key, int64_t value)
{
	struct strbuf sb = begun();

	event_text_number(&sb, key, value);
	put(object, &sb);
}

void event_json_put_text(json_t *object, const char *key, const char *text)
{
	struct strbuf sb = begun();

	event_text_string(&sb, key, text);
	put(object, &sb);
}

json_t *event_json_sentence(const struct sentence *sentence)
{
	json_t *object = json_object();
	struct strbuf sb = begun();

	event_text_sentence(&sb, sentence);
	put(object, &sb);
	return object;
}
