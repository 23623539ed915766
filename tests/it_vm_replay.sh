#!/bin/bash
# it_vm_replay.sh - `oomlab replay`: kills of logs happen again in VMs, each whole: whom, under which
# constraint, requested in which way, at which sizes; with a change another one; and what cannot be
# replayed has one line.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
oomlab=$(realpath "$oomlab")
cd "$scratch" || exit 1

# trace FUNCTION...: the lines of a call trace.
trace() {
	echo '[   10.000010] Call Trace:'
	printf '[   10.000011]  %s+0x10/0x20\n' dump_stack oom_kill_process out_of_memory "$@"
}

# row PID UID PAGES ANON FILE SHMEM PGTABLES SWAP ADJ NAME
row() {
	printf '[   10.000030] [%7d] %5d %5d %8d %8d %8d %8d %8d %8d %8d %13d %s\n' \
		"$1" "$2" "$1" 99999 "$3" "$4" "$5" "$6" "$7" "$8" "$9" "${10}"
}

# log FILE INVOKER PID CONSTRAINT SUMMARY VICTIM PID KILLED TRACE...; rows from standard input.
log() {
	local comm number anon
	local file=$1 invoker=$2 pid=$3 constraint=$4 summary=$5 victim=$6 victim_pid=$7 killed=$8
	shift 8
	{
		echo "[   10.000000] $invoker invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0"
		echo "[   10.000001] CPU: 0 PID: $pid Comm: $invoker Not tainted 5.15.0-91-generic #101-Ubuntu"
		trace "$@"
		if [ "$constraint" = MEMCG ]; then
			echo '[   10.000020] memory: usage 98304kB, limit 98304kB, failcnt 10'
			echo '[   10.000021] swap: usage 0kB, limit 0kB, failcnt 0'
		else
			echo '[   10.000020] Mem-Info:'
			echo '[   10.000020]  slab_reclaimable:100 slab_unreclaimable:40000'
			echo '[   10.000021] 0 pages in swap cache'
			echo '[   10.000022] Free swap  = 0kB'
			echo '[   10.000023] Total swap = 0kB'
			echo '[   10.000024] 524288 pages RAM'
			echo '[   10.000025] 0 pages HighMem/MovableOnly'
			echo '[   10.000026] 24288 pages reserved'
		fi
		echo '[   10.000028] Tasks state (memory values in pages):'
		echo '[   10.000029] [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem pgtables_bytes swapents oom_score_adj name'
		cat
		echo "[   10.000040] oom-kill:constraint=CONSTRAINT_$constraint,nodemask=(null),cpuset=/,mems_allowed=0-1,$summary,task=$victim,pid=$victim_pid,uid=0"
		while IFS=: read -r comm number anon; do
			echo "[   10.000041] $killed process $number ($comm) total-vm:399996kB, anon-rss:${anon}kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:200kB oom_score_adj:0"
		done <<<"${victims:-$victim:$victim_pid:40960}"
	} >"$file"
}

# replay LOG OPTIONS...: runs it; $said is what it said on stderr.
replay() {
	local status
	"$oomlab" replay --json --reports=reports "$@" >json 2>said
	status=$?
	said=$(cat said)
	return "$status"
}
asked() { jq -r "$1" json; }
fact() { asked ".facts[] | select(.what == \"$1\") | \"\(.log) | \(.run)\""; }
# column NAME N: of the run's task table, the first row of that name.
column() { grep -a "$1\$" reports/latest/kmsg.log | grep -a '\[ *[0-9]*\] ' | head -1 | tr -d '[]' | awk -v n="$2" '{print $(NF - n)}'; }

workers() {
	row 5001 0 2560 2560 0 0 65536 0 -998 pause
	row 5002 1000 11264 10240 512 512 8388608 0 0 worker-1
	row 5003 1001 7680 6656 512 512 65536 0 0 worker-2
}
own='oom_memcg=/a/b,task_memcg=/a/b'
workers | log own worker-2 5003 MEMCG "$own" worker-1 5002 'Memory cgroup out of memory: Killed' \
	mem_cgroup_out_of_memory try_charge charge_memcg do_anonymous_page handle_mm_fault exc_page_fault
replay own
is "$? $said" '0 ' 'a limit of a cgroup: it happens again'
is "$(asked '"\(.same_victim) \(.same_constraint) \(.same_scope) \(.factor) \(.run_victim) \(.processes)"')" \
	'true true true 1 worker-1 (pid 5002) 3' 'the same process, constraint and scope, at the same sizes'
is "$(fact 'requested memory')" 'worker-2 (pid 5003) | worker-2 (pid 5003)' 'requested by the same'
is "$(fact 'in what way')" 'page fault | page fault' 'in the same way'
is "$(fact cgroup)" '/a/b | /a/b' 'in a cgroup of the same path'
like "$(fact limit)" '^96 MiB \| 9[6-9]' 'under the same limit'
like "$(column worker-1 6)" '^10[23][0-9]{2}$' 'with the private memory that it had, within 1 %'
like "$(column worker-1 5)" '^(4[6-9].|5[0-4].)$' 'as much of files, to what a counter of the kernel is off'
like "$(column worker-1 3)" '^8[34][0-9]{5}$' 'and the page tables, which the 40 MiB alone would not need'
is "$(column worker-1 1)" 0 'and the oom_score_adj'
is "$(column pause 1)" -998 'each its own'
is "$(find reports/latest/ -name 'replay.*' -printf '%f ' | tr ' ' '\n' | sort | tr '\n' ' ')$(grep -c '^process' reports/latest/stage)" \
	'replay.json replay.txt 3' 'the folder of the run has the comparison and the stage'
like "$(tr -s ' \n' ' ' <reports/latest/replay.txt)" 'It happened again: the kernel killed worker-1 \(pid 5002\), as in the log.*Side by side' \
	'as text, too'
unlike "$(cat reports/latest/replay.txt)" 'differs, and why' 'where nothing differs nothing is said to'

replay --what-if 'adj worker-2=500' own
is "$? $(asked '"\(.run_victim) \(.same_victim)"')" '0 worker-2 (pid 5003) false' 'a change of an oom_score_adj is tried'
like "$(tr -s ' \n' ' ' <reports/latest/replay.txt)" 'With the change the kernel kills worker-2 \(pid 5003\); in the log it was worker-1' \
	'and told'
pod='oom_memcg=/kubepods/pod7,task_memcg=/kubepods/pod7/app'
group_of=$'app:6002:40960\nside car:6003:4096'
{
	row 6001 0 300 200 0 100 40960 0 -998 pause
	row 6002 0 12288 12288 0 0 126976 0 900 app
	row 6003 0 1024 1024 0 0 40960 0 900 'side car'
	row 6004 0 8192 8192 0 0 90000 0 0 init
} | victims=$group_of log group app 6002 MEMCG "$pod" app 6002 'Memory cgroup out of memory: Killed' \
	mem_cgroup_out_of_memory try_charge charge_memcg do_anonymous_page handle_mm_fault exc_page_fault
sed -i 's/^\(.*\)Memory cgroup out of memory: Killed process 6002.*/&\n[   10.000041] Tasks in \/kubepods\/pod7\/app are going to be killed due to memory.oom.group set/' group
replay group
is "$? $(asked '"\(.same_victim) \(.same_scope) \(.facts[] | select(.what == "scope") | .run)"')" '0 true true ancestor' \
	'a group below a limit above it is killed whole'
is "$(grep -ao 'Killed process 600[0-9]' reports/latest/kmsg.log | sort -u | tr '\n' ' ')" \
	'Killed process 6002 Killed process 6003 ' 'and nobody else'
machine() {
	row 5001 0 2560 2560 0 0 65536 0 -1000 sshd
	row 5002 999 256000 256000 0 0 2097152 0 0 database
	row 5003 33 128000 120000 4000 4000 1048576 0 300 "$1"
	row 5004 0 25600 25600 0 0 65536 0 0 shell
}
for kernel in 6.12 6.1; do
	machine hog | log global shell 5004 NONE "global_oom,task_memcg=/system.slice/hog.service" hog 5003 \
		'Out of memory: Killed' __alloc_pages_slowpath __alloc_pages do_anonymous_page handle_mm_fault exc_page_fault
	replay --kernel=$kernel global
	is "$? $said" '0 ' "$kernel: a machine that runs out"
	is "$(asked '"\(.same_victim) \(.run_victim) \(.facts[] | select(.what == "scope") | .run)"')" 'true hog (pid 5003) global' \
		"$kernel: the oom_score_adj decides, as in the log"
	is "$(asked '.run_order[:3] | join(", ")')" "$(asked '.log_order[:3] | join(", ")')" "$kernel: the scores are in the same order"
	is "$(fact 'requested memory')" 'shell (pid 5004) | shell (pid 5004)' "$kernel: asked by the same"
done
like "$(fact 'kernel objects that cannot be freed (slab)')" '^156\.2 MiB \| [67][0-9]\.?[0-9]* MiB$' 'the kernel holds what it held'
like "$(fact 'memory and swap')" '^1\.9 GiB \| 9[0-9]{2}\.?[0-9]* MiB$' 'in a guest half as large'
like "$(tr -s ' \n' ' ' <reports/latest/replay.txt)" 'Processes have [45][0-9] % of their sizes in the log' 'which is told'
replay --what-if kill-allocating=on global
is "$? $(asked .run_victim)" '0 shell (pid 5004)' 'vm.oom_kill_allocating_task is tried'

machine x | log policy shell 5004 MEMORY_POLICY "global_oom,task_memcg=/" x 5003 'Out of memory: Killed' __alloc_pages do_anonymous_page exc_page_fault
replay policy
is "$? $(asked '"\(.same_victim) \(.facts[] | select(.what == "constraint") | .run)"')" '0 true MEMORY_POLICY' 'nodes of a memory policy'
machine x | log cpuset shell 5004 CPUSET "global_oom,task_memcg=/" x 5003 'Out of memory: Killed' __alloc_pages do_anonymous_page exc_page_fault
replay cpuset
is "$? $(asked '"\(.same_victim) \(.facts[] | select(.what == "constraint") | .run)"')" '0 true CPUSET' 'nodes of a cpuset'

replay --what-if 'adj worker-1=-1000' --what-if 'adj worker-2=-1000' --what-if 'adj pause=-1000' own
is "$?" 1 'nobody may be killed'
like "$(tr -s ' \n' ' ' <reports/latest/replay.txt)" 'Nobody was killed here.*No process here may be killed' 'which is told'

# The kernel panics where vm.panic_on_oom says so.
machine hog | log global shell 5004 NONE global_oom hog 5003 'Out of memory: Killed' __alloc_pages do_anonymous_page exc_page_fault
{
	grep -v 'oom-kill:\|Killed process' global
	echo '[   10.000050] Kernel panic - not syncing: Out of memory: system-wide panic_on_oom is enabled'
} >panic
replay panic
is "$? $(asked '"\(.panicked) \(.same_scope // "-")"')" '0 true -' 'a panic is one here, too'
like "$(tr -s ' \n' ' ' <reports/latest/replay.txt)" 'It happened again: the kernel panicked and killed nobody' 'which is told'

# way WORDS INVOKER CONSTRAINT TRACE...: requested in the same way as the trace of the log tells.
way() {
	local words=$1 invoker=$2 constraint=$3
	shift 3
	if [ "$constraint" = MEMCG ]; then
		workers | log way "$invoker" 5003 MEMCG "$own" worker-1 5002 'Memory cgroup out of memory: Killed' \
			mem_cgroup_out_of_memory "$@"
	else
		machine hog | log way "$invoker" 5999 NONE "global_oom,task_memcg=/x" hog 5003 'Out of memory: Killed' "$@"
	fi
	replay way
	like "$? $(fact 'in what way')" "^0 $words \\| (${as:-$words})\$" "requested by: $words"
}
way 'limit lowered' sh MEMCG memory_max_write cgroup_file_write kernfs_fop_write_iter
# Which of what a new process needs is the last that fits is as it comes.
as='[a-z ]+' way fork worker-2 MEMCG try_charge_memcg obj_cgroup_charge_pages __memcg_kmem_charge_page copy_process kernel_clone __do_sys_clone
way 'pipe write' worker-2 MEMCG try_charge_memcg __memcg_kmem_charge_page __alloc_pages pipe_write vfs_write
way 'tmpfs write' worker-2 MEMCG try_charge_memcg charge_memcg shmem_get_folio_gfp shmem_write_begin generic_perform_write
way 'file fault' worker-2 MEMCG try_charge_memcg charge_memcg __filemap_add_folio filemap_fault __do_fault
way 'file write' worker-2 MEMCG try_charge_memcg charge_memcg __filemap_add_folio generic_perform_write
way sysrq kworker/0:1 NONE moom_callback process_one_work worker_thread
way 'min ttl' kswapd0 NONE lru_gen_age_node balance_pgdat kswapd kthread

# Names and paths are whatever their owners put there.
# shellcheck disable=SC2016 # nothing there is to be expanded
{
	row 5002 0 12800 12800 0 0 200000 0 0 $'e\x1b[31m"\\%s;$(x)'
	row 5003 0 6400 6400 0 0 200000 0 0 'process 1 2 3'
} | log hostile 'process 1 2 3' 5003 MEMCG 'oom_memcg=/../memory.max/a b"$(x),task_memcg=/../memory.max/a b"$(x)' $'e\x1b[31m"\\%s;$(x)' 5002 \
	'Memory cgroup out of memory: Killed' mem_cgroup_out_of_memory try_charge charge_memcg do_anonymous_page exc_page_fault
replay hostile
is "$? $(asked .same_victim)" '0 true' 'hostile names and paths'
unlike "$(cat reports/latest/replay.txt)" $'\x1b' 'which reach no terminal'
is "$(asked '.choices[] | select(test("path cannot be made"))' | wc -l)" 1 'that the path is another is said'
"$oomlab" replay --scenario my-kill.c hostile >out 2>said
is "$? $(grep -c 'process 1 2 3' my-kill.c)" '0 1' 'as the source of a scenario'
cc -std=gnu11 -Wall -Wextra -Werror -I"$top/scenarios" -I"$top/src" -c my-kill.c -o my-kill.o
is $? 0 'which compiles without a warning'
mkdir -p made && cc -static -o made/my-kill my-kill.o "$(dirname "$oomlab")/liboomlab_scenario.a"
OOMLAB_SCENARIOS=made "$oomlab" run --quiet --backend=vm --no-touch-profile --reports=reports my-kill
is "$? $(report reports '"\(.verdict) \(.kills[0].constraint)"')" '0 pass MEMCG' 'and passes as one'
"$oomlab" replay --scenario my-kill.c own >out 2>said
is "$? $(cat said)" "1 oomlab: own#1: cannot make 'my-kill.c': File exists" 'a file that is there stays'

# Outside of a VM nothing is set and nothing filled.
"$oomlab" replay --dry-run own >stage
before=$(cat /proc/sys/vm/overcommit_memory /proc/sys/vm/min_free_kbytes /proc/sys/kernel/pid_max)
timeout 10 "$(dirname "$oomlab")/replay-stage" stage >out 2>said
like "$? $(cat said)" '^2 replay-stage: not in a VM of oomlab' 'a stage is refused on a host'
timeout 10 made/my-kill --no-lab >out 2>said
like "$? $(cat said)" '^2 replay-stage: not in a VM of oomlab' 'so is a scenario of one'
is "$(cat /proc/sys/vm/overcommit_memory /proc/sys/vm/min_free_kbytes /proc/sys/kernel/pid_max)" "$before" \
	'and the kernel is as it was'

# What cannot be.
replay own#2
is "$? $said" '1 oomlab: own has 1 OOM kill, and no #2' 'no such kill'
replay own#x
is "$? $said" "2 oomlab: 'own#x': behind '#' stands the number of a kill, from 1 on" 'no number'
echo 'nothing here' >none
replay none
is "$? $said" '1 oomlab: none: no OOM kill in it' 'a log without one'
grep -v 'Killed process\|oom-kill:' own >uncertain
replay uncertain
is "$?" 1 'a log that does not tell who was killed'
like "$said" '^oomlab: uncertain#1: no process was killed in this event, or its line is missing' 'which is said'
replay missing
is "$?" 1 'no such file'
replay --what-if 'adj nosuch=5' own
is "$? $said" "2 oomlab: own#1: --what-if: no process 'nosuch' is in the task table of this kill" 'a name of none'
"$oomlab" replay --scenario stage-x.c own >out 2>said
like "$? $(cat said)" "^2 oomlab: --scenario 'stage-x.c' is not a name" 'a scenario that make would not build'
replay --dry-run own
is "$? $said" '2 oomlab: --json, --dry-run and --scenario exclude one another: give one of them' 'two at once'
replay --what-if limit=1G global
is "$? $said" '2 oomlab: global#1: --what-if limit=: no limit of a cgroup was reached in this kill' 'a change without effect'
"$oomlab" replay --dry-run - <own >stage 2>said
is "$? $(grep -c '^process' stage)" '0 3' 'a log from a pipe'
mkfifo fifo && { cat own >fifo & } && timeout 20 "$oomlab" replay --dry-run fifo >stage 2>said
is "$? $(grep -c '^process' stage)" '0 3' 'or a FIFO'
replay --guest-ram=100M own
is "$? $said" "2 oomlab: --guest-ram '100M' is not a size from 512M to 1024G" 'a guest too small to boot'
replay
is "$? $said" '2 oomlab: replay takes one log: oomlab replay [OPTIONS] LOG[#N]' 'no log'
{
	row 40001 0 9000 9000 0 0 65536 0 0 big
	for ((i = 1000; i < 33768; i++)); do row "$i" 0 10 10 0 0 40960 0 0 small; done
} | log many small 1000 MEMCG "$own" big 40001 'Memory cgroup out of memory: Killed' mem_cgroup_out_of_memory do_anonymous_page exc_page_fault
"$oomlab" replay --dry-run many >stage 2>said
is "$? $(grep -c '^process' stage) $(cat said)" '0 2000 ' '32,769 rows: those of the highest scores'
"$oomlab" replay --guest-ram=512M many >stage 2>said
is "$? $(cat said)" '1 oomlab: many#1: a guest of 512 MiB has no room for 2000 processes; give --guest-ram' 'no room for as many'
mkdir alone && cp "$oomlab" alone/
alone/oomlab replay --reports=reports own >out 2>said
is "$?" 125 'without its program'
like "$(cat said)" '^oomlab: own#1: the program replay-stage is missing: it belongs beside oomlab' 'which is named'

env --default-signal=INT "$oomlab" replay --reports=interrupted own >out 2>said &
launcher=$!
for ((i = 0; i < 600; i++)); do
	[ -n "$(find interrupted -name record.jsonl 2>/dev/null)" ] && break
	sleep 0.1
done
kill -INT "$launcher"
wait "$launcher"
like "$? $(cat said)" '^130 oomlab: interrupted, nothing is compared; the run so far: interrupted/' '^C says where what there is stands'

is "$(strays)" '' 'no process is left'
done_testing
