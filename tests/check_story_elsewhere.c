/* What the first sentence says of memory that is no process's own: files, whose, and from where. */
#include "story_helpers.h"
#include "suite.h"

#define CACHE KMSG("4", "anon 98304") KMSG("5", "file 65000000") KMSG("6", "shmem 0")
#define CAME(kind, bytes)                                            \
	"{\"ev\":\"module\",\"id\":0,\"path\":\"/x/prog\"}\n"        \
	"{\"ev\":\"frame\",\"at\":\"0+10\",\"function\":\"fill\"}\n" \
	"{\"ev\":\"touch\",\"pid\":7,\"samples\":3,\"" kind "\":" bytes ",\"stack\":\"0+10\"}\n"
#define SNAPSHOT(name, rss, anon)                                                  \
	"{\"ev\":\"premortem_look\",\"t\":5,\"frozen\":true,\"current\":9}\n"      \
	"{\"ev\":\"premortem_process\",\"pid\":7,\"comm\":\"sh\",\"threads\":1}\n" \
	"{\"ev\":\"premortem_mapping\",\"pid\":7,\"name\":\"" name                 \
	"\",\"mappings\":1,\"size\":" rss ",\"rss\":" rss ",\"anon\":" anon        \
	"}\n{\"ev\":\"premortem_thaw\",\"t\":6}\n"
#define PAGES "62.0 MiB were pages of files"

START_TEST(pages_of_files_are_told_with_file_and_line)
{
	tell(V2 CGROUP DUMP(CACHE) KILLED);
	says("It held 4 KiB itself. " PAGES ", which the kernel had not dropped by then. [kmsg");
	does_not_say("mapped when last seen");
	does_not_say("came in");
	tell(V2 CGROUP CAME("file", "60000000") SNAPSHOT("/x/big.dat", "62914560", "0") DUMP(CACHE)
		     KILLED);
	says(PAGES
	     " (/x/big.dat had 60 MiB of them mapped when last seen), which the kernel had "
	     "not dropped by then. Most of them came in fill in prog. [kmsg 2; record line 11; touch "
	     "profile;");
	/* Copies of its pages are memory of the process's own; less than half names nothing. */
	tell(V2 CGROUP CAME("file", "30000000") SNAPSHOT("/x/big.dat", "62914560", "50000000")
		     DUMP(CACHE) KILLED);
	says(PAGES ", which");
	does_not_say("came in");
	tell(V2 CGROUP SNAPSHOT("[heap]", "62914560", "0") DUMP(CACHE) KILLED);
	says(PAGES ", which");
	/* Nobody was killed: the kernel could drop them. */
	tell(V2 CGROUP ALIVE(",\"anon\":4096,\"file\":49000000") LIVED);
	says("46.7 MiB were file cache, which the kernel drops when it is needed.");
	does_not_say("had not dropped");
}
END_TEST

START_TEST(mapped_files_in_memory_are_named_too)
{
	tell(V2 CGROUP SNAPSHOT("/tmp/big.dat", "62914560", "0") DUMP(TMPFS) KILLED);
	says("63.3 MiB were files in tmpfs or shared memory (/tmp/big.dat had 60 MiB of them mapped "
	     "when last seen), which stay");
	tell(V2 CGROUP DUMP(TMPFS) KILLED);
	says("63.3 MiB were files in tmpfs or shared memory, which stay");
}
END_TEST

#define TABLE(shmem)                                                                              \
	KMSG("20", "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem "         \
		   "pgtables_bytes swapents oom_score_adj name")                                  \
	KMSG("21", "[      7]     0     7      648      378        1      377         0    45056" \
		   "        0             0 sh")                                                  \
	KMSG("22", "[      9]     0     9    20000    " shmem "        1      377     " shmem     \
		   "    45056        0             0 writer")
/* The kernel's account is that of the cgroup above the run's. */
#define DUMP_ABOVE(stats, table)                                                                   \
	KMSG("1", "head invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0") \
	KMSG("2", "memory: usage 65536kB, limit 65536kB, failcnt 65")                              \
	KMSG("3", "Memory cgroup stats for /up:")                                                  \
	stats table KMSG("30",                                                                     \
			 "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,"          \
			 "mems_allowed=0,oom_memcg=/up,task_memcg=/up/a,task=sh,pid=7,uid=0")      \
		KMSG("31", "Memory cgroup out of memory: Killed process 7 (sh) total-vm:2592kB, "  \
			   "anon-rss:4kB, file-rss:1508kB, shmem-rss:0kB, UID:0 pgtables:44kB "    \
			   "oom_score_adj:0")
#define BELOW                                                                                      \
	"{\"ev\":\"cgroup\",\"level\":0,\"path\":\"/up/a\",\"memory_max\":67108864}\n"             \
	"{\"ev\":\"cgroup\",\"level\":1,\"path\":\"/up\",\"memory_max\":67108864}\n"               \
	"{\"ev\":\"counters\",\"t\":1,\"level\":0,\"when\":\"before\",\"events\":{\"oom_kill\":0}" \
	"}\n"                                                                                      \
	"{\"ev\":\"start\",\"t\":2,\"pid\":7,\"cgroup\":\"/up/a\"}\n{\"ev\":\"gate\",\"t\":3}\n"
#define HAD(peak)  "{\"ev\":\"sample\",\"t\":5,\"current\":4096,\"rss\":9" peak "}\n"
#define NEIGHBOURS "the rest is charged to others under the same ancestor."

START_TEST(a_neighbours_files_are_told_as_its)
{
	tell(V2 BELOW HAD(",\"peak\":8192") DUMP_ABOVE(TMPFS, TABLE("15000")) KILLED);
	says("whoever is killed. writer (pid 9) had 58.6 MiB of them mapped. The cgroup of this run "
	     "was charged 8 KiB at most, of everything: " NEIGHBOURS);
	/* It had them itself; the limit was its own; nobody else has them mapped. */
	tell(V2 BELOW HAD(",\"peak\":60000000") DUMP_ABOVE(TMPFS, TABLE("15000")) KILLED);
	does_not_say(NEIGHBOURS);
	tell(V2 BELOW HAD("") DUMP_ABOVE(TMPFS, TABLE("15000")) KILLED);
	does_not_say(NEIGHBOURS);
	tell(V2 CGROUP HAD(",\"peak\":8192") DUMP(TMPFS) KILLED);
	does_not_say(NEIGHBOURS);
	tell(V2 BELOW HAD(",\"peak\":8192") DUMP_ABOVE(TMPFS, TABLE("00015")) KILLED);
	does_not_say("of them mapped");
	says(NEIGHBOURS);
}
END_TEST

#define BUFFERS KMSG("4", "anon 98304") KMSG("5", "file 0") KMSG("6", "sock 65000000")

START_TEST(buffers_of_sockets_are_told)
{
	tell(V2 CGROUP DUMP(BUFFERS) KILLED);
	says("62.0 MiB were socket buffers: data of network connections that nobody has read yet.");
	tell(V2 CGROUP DUMP(HEAP) KILLED);
	does_not_say("socket buffers:");
}
END_TEST

#define SLAB KMSG("4", "anon 98304") KMSG("5", "file 0") KMSG("6", "slab 65000000")

START_TEST(the_kernels_memory_is_that_of_all_who_are_there)
{
	tell(V2 CGROUP DUMP(SLAB) KILLED);
	says("62.0 MiB were the kernel's own on its behalf (slab).");
	tell(V2 BELOW HAD("") DUMP_ABOVE(SLAB, TABLE("15000")) KILLED);
	says("62.0 MiB were the kernel's own on their behalf (slab).");
	does_not_say("on its behalf");
}
END_TEST

static TCase *sentences(void)
{
	TCase *t = tcase_create("sentences");

	tcase_add_checked_fixture(t, NULL, teardown);
	tcase_add_test(t, pages_of_files_are_told_with_file_and_line);
	tcase_add_test(t, the_kernels_memory_is_that_of_all_who_are_there);
	tcase_add_test(t, buffers_of_sockets_are_told);
	tcase_add_test(t, mapped_files_in_memory_are_named_too);
	tcase_add_test(t, a_neighbours_files_are_told_as_its);
	return t;
}

int main(void)
{
	TCase *const cases[] = {sentences()};

	return suite_run("story_elsewhere", cases, ARRAY_SIZE(cases));
}
