/*
 * fuzz_settings.c - any bytes as the file of kernel-wide settings that are to be put back.
 *
 * Checked besides memory safety: only settings that the lab changes are named, each once, and a
 * value is a word; what a reader takes, a writer would have written.
 */
#include <ctype.h>
#include <string.h>

#include "base/strbuf.h"
#include "fuzz.h"
#include "launch/sysctl_state.h"

#define BOOT "0f3c9d1e-boot"

static void require_word(const char *value)
{
	require(*value && strlen(value) < SYSCTL_VALUE_MAX);
	for (; *value; value++)
		require(isalnum((unsigned char)*value) || strchr("/_.-", *value) != NULL);
}

static void require_known(const char *path)
{
	require(!strcmp(path, SYSCTL_OVERCOMMIT_KBYTES) || !strcmp(path, SYSCTL_OVERCOMMIT_RATIO) ||
		!strcmp(path, SYSCTL_OVERCOMMIT_MEMORY) || !strcmp(path, SYSCTL_THP_ENABLED));
}

static void require_written(const struct sysctl_state *state, const uint8_t *data, size_t size)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT;

	strbuf_puts(&text, "oomlab settings 1\nboot " BOOT "\n");
	for (size_t i = 0; i < state->count; i++)
		strbuf_printf(&text, "%s %s %s\n", state->saved[i].path, state->saved[i].old,
			      state->saved[i].value);
	strbuf_puts(&text, "end\n");
	require(text.len == size && memcmp(text.buf, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sysctl_state state = SYSCTL_STATE_INIT;
	int r = sysctl_state_parse((const char *)data, size, BOOT, &state);

	require(state.count <= SYSCTL_MAX && (r == 0 || state.count == 0));
	for (size_t i = 0; i < state.count; i++) {
		require_known(state.saved[i].path);
		require_word(state.saved[i].old);
		require_word(state.saved[i].value);
		require(sysctl_state_find(&state, state.saved[i].path) == &state.saved[i]);
	}
	if (state.count)
		require_written(&state, data, size);
	return 0;
}
