#include "stage_room.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct zone {
	uint64_t free, min, reserve;
};

/* What a request may still take of a zone: the rest is for those that may use no other. */
static uint64_t usable(const struct zone *zone)
{
	uint64_t kept = zone->min + zone->reserve;

	return zone->free > kept ? (zone->free - kept) * 4096 : 0;
}

/* "        protection: (0, 1937, 1937)": the largest counts. */
static uint64_t reserve_of(const char *list)
{
	uint64_t most = 0;
	char *end;

	for (const char *at = list + strcspn(list, "0123456789"); *at;
	     at = end + strcspn(end, "0123456789")) {
		uint64_t value = strtoull(at, &end, 10);

		most = value > most ? value : most;
	}
	return most;
}

uint64_t stage_room(int wanted)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	struct zone zone = {0};
	uint64_t bytes = 0;
	char line[256];
	int node = 0;

	while (file && fgets(line, sizeof(line), file)) {
		const char *protection = strstr(line, "protection: (");

		if (sscanf(line, "Node %d", &node) == 1)
			zone = (struct zone){0};
		else if (sscanf(line, " pages free %" SCNu64, &zone.free) != 1)
			sscanf(line, " min %" SCNu64, &zone.min);
		if (!protection)
			continue;
		zone.reserve = reserve_of(protection);
		bytes += wanted != STAGE_ALL_NODES && node != wanted ? 0 : usable(&zone);
	}
	if (file)
		fclose(file);
	return bytes;
}
