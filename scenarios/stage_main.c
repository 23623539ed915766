/* replay-stage FILE: performs the stage that FILE describes, see stage.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stage.h"

static const char *const way_words[] = STAGE_WAY_WORDS;
static const char *const bound_words[] = STAGE_BOUND_WORDS;
_Static_assert(sizeof(way_words) / sizeof(*way_words) == STAGE_WAY_COUNT &&
		       sizeof(bound_words) / sizeof(*bound_words) == STAGE_BOUND_COUNT,
	       "a word is missing");

struct script {
	struct stage stage;
	char **places;
	struct stage_process *processes;
};

static int word_index(const char *word, const char *const *words, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static void *more(void *list, size_t count, size_t size)
{
	void *grown = reallocarray(list, count + 1, size);

	if (!grown) {
		perror("replay-stage");
		exit(STAGE_BROKEN);
	}
	return grown;
}

static char *copy(const char *text)
{
	char *made = strdup(text);

	if (!made) {
		perror("replay-stage");
		exit(STAGE_BROKEN);
	}
	return made;
}

static int add_place(struct script *script, const char *path)
{
	size_t count = script->stage.place_count++;

	script->places = more(script->places, count, sizeof(*script->places));
	script->places[count] = copy(path);
	return 0;
}

static int add_process(struct script *script, const char *text)
{
	size_t count = script->stage.process_count;
	struct stage_process p = {0};
	int at = 0;

	if (sscanf(text, "%d %u %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %zu%n", &p.pid,
		   &p.uid, &p.oom_score_adj, &p.private_bytes, &p.tmpfs_bytes, &p.file_bytes,
		   &p.pgtables_bytes, &p.place, &at) != 8 ||
	    text[at] != ' ')
		return -1;
	p.comm = copy(text + at + 1);
	script->processes = more(script->processes, count, sizeof(*script->processes));
	script->processes[count] = p;
	script->stage.process_count++;
	return 0;
}

static int take_line(struct script *script, const char *line)
{
	struct stage *stage = &script->stage;
	int index;

	if (strncmp(line, "place ", 6) == 0)
		return add_place(script, line + 6);
	if (strncmp(line, "process ", 8) == 0)
		return add_process(script, line + 8);
	if (strcmp(line, "kill-allocating") == 0) {
		stage->kills_invoker = true;
		return 0;
	}
	if (strcmp(line, "may-grow") == 0) {
		stage->may_grow = true;
		return 0;
	}
	if (strncmp(line, "way ", 4) == 0) {
		index = word_index(line + 4, way_words, STAGE_WAY_COUNT);
		stage->way = (enum stage_way)index;
		return index < 0 ? -1 : 0;
	}
	if (strncmp(line, "bound ", 6) == 0) {
		index = word_index(line + 6, bound_words, STAGE_BOUND_COUNT);
		stage->bound = (enum stage_bound)index;
		return index < 0 ? -1 : 0;
	}
	if (sscanf(line, "panic %d", &stage->panic_on_oom) == 1 ||
	    sscanf(line, "slab %" SCNu64, &stage->slab_bytes) == 1 ||
	    sscanf(line, "invoker %zu", &stage->invoker) == 1 ||
	    sscanf(line, "group %zu", &stage->grouped) == 1)
		return 0;
	return sscanf(line, "limit %zu %" SCNu64, &stage->limited, &stage->limit_bytes) == 2 ? 0
											     : -1;
}

/* Indexes are in range, so that the stage need not ask again. */
static int check(const struct stage *stage)
{
	if (!stage->process_count || !stage->place_count ||
	    stage->invoker >= stage->process_count ||
	    (stage->limited != SIZE_MAX && stage->limited >= stage->place_count) ||
	    (stage->grouped != SIZE_MAX && stage->grouped >= stage->place_count) ||
	    ((stage->bound == STAGE_CGROUP || stage->way == STAGE_LOWER_LIMIT) &&
	     stage->limited == SIZE_MAX))
		return -1;
	for (size_t i = 0; i < stage->process_count; i++)
		if (stage->processes[i].place >= stage->place_count)
			return -1;
	return 0;
}

static int read_script(const char *path, struct script *script)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0, number = 0;
	ssize_t len;

	while (file && (len = getline(&line, &size, file)) > 0) {
		number++;
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (take_line(script, line) < 0) {
			fprintf(stderr, "replay-stage: %s:%zu: not a line of a stage\n", path,
				number);
			return -1;
		}
	}
	free(line);
	if (!file || ferror(file)) {
		fprintf(stderr, "replay-stage: cannot read %s: %s\n", path, strerror(errno));
		return -1;
	}
	fclose(file);
	script->stage.places = (const char *const *)script->places;
	script->stage.processes = script->processes;
	if (check(&script->stage) == 0)
		return 0;
	fprintf(stderr, "replay-stage: %s: no stage: something that it needs is missing\n", path);
	return -1;
}

int main(int argc, char **argv)
{
	struct script script = {.stage = {.limited = SIZE_MAX, .grouped = SIZE_MAX}};

	if (argc != 2) {
		fputs("usage: replay-stage FILE (as root of a VM of its own)\n", stderr);
		return STAGE_BROKEN;
	}
	return read_script(argv[1], &script) < 0 ? STAGE_BROKEN : (int)stage_run(&script.stage);
}
