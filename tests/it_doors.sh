#!/bin/bash
# it_doors.sh - what somebody else plants where this lab writes and reads: links, pipes, other
# names of a file, folders, and one put in place of another at the worst moment. The victim is
# untouched, nothing hangs, and the lab writes what it should or says one line.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
need_all root cgroup setpriv
build=$(dirname "$oomlab")
chmod 711 "$scratch"
stranger=(setpriv --reuid=4711 --regid=4712 --clear-groups)
cp "$build/tests/helpers/swap" "$scratch"

run_lab() {
	timeout -k 10 300 "$oomlab" run --quiet --backend=cgroup --memory=64M "$@" >"$scratch/out" 2>&1
}

# plant KIND FILE: a link, a pipe, another name, a folder. The victim is root's, in a folder of its own.
plant() {
	rm -rf "$2"
	case $1 in
	link) ln -s "$scratch/victim/file" "$2" ;;
	dangling) ln -s "$scratch/victim/new" "$2" ;;
	pipe) mkfifo "$2" ;;
	name) ln "$scratch/victim/file" "$2" ;;
	folder) mkdir "$2" ;;
	esac
}

is_victim_whole() {
	is "$(ls -A "$scratch/victim") $(cat "$scratch/victim/file") $(stat -c '%a %u' "$scratch/victim/file")" \
		'file untouched 600 0' "$1: the victim is untouched"
}

mkdir -m 700 "$scratch/victim"
(umask 077 && echo untouched >"$scratch/victim/file")

# A run of which every file is written.
run_lab --reports="$scratch/first" -- "$build/scenarios/memset-2g" --no-lab
first=$(realpath "$scratch/first/latest")
rendered=(report.html report.json report.md report.txt touches.folded trace-events.json)
written=(kmsg.log record.jsonl "${rendered[@]}" trace.bin)
is "$(cd "$first" && echo *)" "${written[*]}" 'a run writes its files'

# Root renders the run of another.
theirs=$scratch/theirs
mkdir "$theirs"
cp "$first/record.jsonl" "$theirs"
chown -R 4711 "$theirs"
for kind in link dangling pipe name; do
	for name in "${rendered[@]}" report.txt.new report.json.new; do
		plant "$kind" "$theirs/$name"
	done
	timeout -k 10 300 "$oomlab" report "$theirs" >"$scratch/out" 2>"$scratch/said"
	is "$? $(cat "$scratch/said")" '137 ' "report, planted $kind: is written"
	is_victim_whole "report, planted $kind"
	is "$(cd "$theirs" && stat -c '%F %h %u' "${rendered[@]}" | sort -u)" 'regular file 1 0' \
		"report, planted $kind: new files stand there"
	is "$(find "$theirs" -name '.*' -mindepth 1)" '' "report, planted $kind: nothing else is left"
done
for name in "${rendered[@]}"; do
	plant folder "$theirs/$name"
	timeout -k 10 300 "$oomlab" report "$theirs" >"$scratch/out" 2>"$scratch/said"
	is "$? $(cat "$scratch/said")" \
		"1 oomlab: cannot write '$theirs/$name': Is a directory" "report, a folder as $name: one line"
	rmdir "$theirs/$name"
done

# What root may read and they may not is not rendered into a folder of theirs.
hint='give the folder of a run, such as reports/latest'
cp "$first/record.jsonl" "$scratch/victim/file"
rm "$theirs"/*
refuses() {
	timeout -k 10 300 "$oomlab" report "$theirs" >"$scratch/out" 2>"$scratch/said"
	is "$? $(cat "$scratch/said")" "1 oomlab: cannot read '$theirs/record.jsonl': it is $2; $hint" \
		"a record that is $1 is not read"
	is "$(cat "$scratch/out"; ls "$theirs")" record.jsonl "a record that is $1: nothing of it is shown"
}
plant link "$theirs/record.jsonl"
refuses 'a link' 'no file but a symbolic link'
plant name "$theirs/record.jsonl"
refuses "root's file" 'a file of uid 0 that has more than one name, and the folder is another'\''s'
plant pipe "$theirs/record.jsonl"
refuses 'a pipe' 'no file but a pipe, socket or device'
rm "$theirs/record.jsonl"
truncate -s 1T "$theirs/record.jsonl"
(ulimit -v 4000000 && timeout -k 10 300 "$oomlab" report "$theirs") >"$scratch/out" 2>"$scratch/said"
is "$? $(cat "$scratch/said")" "1 oomlab: '$theirs/record.jsonl' is too large for a record; $hint" \
	'a record without end ends'
echo untouched >"$scratch/victim/file"
cp "$first/record.jsonl" "$scratch/own.jsonl"
rm "$theirs/record.jsonl"
ln "$scratch/own.jsonl" "$theirs/record.jsonl"
chown 4711 "$scratch/own.jsonl"
timeout -k 10 300 "$oomlab" report "$theirs" >"$scratch/out" 2>&1
is $? 137 'a second name of the owner'\''s own file is read'

# The same while a run writes: the target has the time to plant, and here the right.
cat >"$scratch/planter" <<'END'
#!/bin/bash
# KIND REPORTS NAMES -- COMMAND...
kind=$1; shift
cd "$1"/planter-* || exit 9
shift
for name; do
	shift
	[ "$name" != -- ] || break
	case $kind in
	link) ln -s ../../victim/file "$name" ;;
	pipe) mkfifo "$name" ;;
	name) ln ../../victim/file "$name" ;;
	folder) mkdir "$name" ;;
	esac || exit 9
done
exec "$@"
END
chmod +x "$scratch/planter"
for kind in link pipe name; do
	rm -rf "$scratch/runs"
	run_lab --reports="$scratch/runs" -- "$scratch/planter" "$kind" "$scratch/runs" \
		kmsg.log trace.bin "${rendered[@]}" -- "$build/scenarios/memset-2g" --no-lab
	is "$? $(report "$scratch/runs" .outcome) $(cat "$scratch/out")" '137 oom_killed ' \
		"run, planted $kind: is written"
	is_victim_whole "run, planted $kind"
	is "$(cd "$scratch/runs/latest" && stat -c '%F %h' "${written[@]}" | sort -u)" 'regular file 1' \
		"run, planted $kind: new files stand there"
	is "$(find "$scratch/runs/latest/" -name '.*' -mindepth 1)" '' "run, planted $kind: no more is left"
done
for name in kmsg.log trace.bin; do
	rm -rf "$scratch/runs"
	run_lab --reports="$scratch/runs" -- "$scratch/planter" folder "$scratch/runs" "$name" -- \
		"$build/scenarios/memset-2g" --no-lab
	is "$? $(grep -c "cannot write '.*/$name': Is a directory" "$scratch/out") $(wc -l <"$scratch/out")" \
		'125 1 1' "run, a folder as $name: one line"
done

# latest, and the folder for it.
for kind in link dangling; do
	plant "$kind" "$scratch/runs/latest"
	run_lab --reports="$scratch/runs" -- true
	is "$? $(cat "$scratch/out") $(readlink "$scratch/runs/latest" | cut -d- -f1)" '0  true' \
		"latest, planted $kind: is replaced"
	is_victim_whole "latest, planted $kind"
done
for kind in pipe name folder; do
	plant "$kind" "$scratch/runs/latest"
	before=$(stat -c '%i %F' "$scratch/runs/latest")
	run_lab --reports="$scratch/runs" -- true
	is "$? $(cat "$scratch/out")" \
		"0 oomlab: '$scratch/runs/latest' is no symbolic link and is left as it is" \
		"latest, planted $kind: one line"
	is "$(stat -c '%i %F' "$scratch/runs/latest")" "$before" "latest, planted $kind: it is left alone"
	is_victim_whole "latest, planted $kind"
done
rm -rf "$scratch/runs"
mkdir "$scratch/real"
ln -s real "$scratch/runs"
run_lab --reports="$scratch/runs" -- true
is "$? $(cat "$scratch/out") $(report "$scratch/real" .outcome)" '0  survived' \
	'a link that the user names is followed'

# warns MODE: how many lines say that every user may rename.
warns() {
	chmod "$1" "$scratch/real"
	timeout -k 10 300 "$oomlab" run --backend=cgroup --memory=64M --reports="$scratch/real" -- true 2>&1 |
		grep -c "every user may rename and replace what is kept in '$scratch/real'"
}
is "$(warns 0777) $(warns 0775) $(warns 1777) $(warns 0755)" '1 0 0 0' \
	'a folder in which every user may rename is told; of a group, or sticky, it is not'

# until_swapped FOLDER PREFIX WITH USER...: begins the race; $racer.
mkfifo "$scratch/go" "$scratch/said-fifo"
exec {go}<>"$scratch/go" {ready}<>"$scratch/said-fifo"
begin_race() {
	"${stranger[@]}" "$scratch/swap" "$@" <&"$go" >&"$ready" &
	racer=$!
	read -r -t 60 -u "$ready" _
}
# Ends it; 0 when the stranger was in time.
end_race() {
	local word
	kill "$racer" 2>/dev/null
	wait "$racer" 2>/dev/null
	read -r -t 0.01 -u "$ready" word && [ "$word" = swapped ]
}

# A link, or a folder of theirs, in place of the new folder of a run, by who owns the folder that
# root was told to use.
run_race() {
	local swaps=0 odd=0 fed=0 status
	for _ in $(seq 60); do
		rm -rf "$scratch/theirs"
		mkdir "$scratch/theirs" "$scratch/theirs/folder"
		ln -s "$scratch/victim" "$scratch/theirs/link"
		chown -hR 4711 "$scratch/theirs"
		begin_race "$scratch/theirs" true- "$1"
		run_lab --reports="$scratch/theirs" -- true
		status=$?
		! end_race || swaps=$((swaps + 1))
		case $status/$(wc -l <"$scratch/out") in
		0/0 | 125/1) ;;
		*) odd=$((odd + 1)); sed 's/^/# /' "$scratch/out" ;;
		esac
		[ "$(find "$scratch/theirs" -mindepth 1 -type d -user 4711 -exec ls -A {} +)" = '' ] ||
			fed=$((fed + 1))
	done
	[ "$swaps" -gt 0 ]
	ok $? "the stranger traded $swaps of 60 new folders for a $1"
	is_victim_whole "a $1 in place of the new folder"
	is "$odd $fed" '0 0' "a $1: each run keeps its report or says one line, and none is written in theirs"
}
run_race link
run_race folder

# Nor is the gate of a container made where a stranger could put a folder of theirs in its place.
mkdir -m 777 "$scratch/open"
TMPDIR=$scratch/open timeout -k 10 300 "$oomlab" run --quiet --reports="$scratch/real" --memory=64M \
	--backend=docker --image=none -- true >"$scratch/out" 2>&1
is "$? $(cat "$scratch/out") $(ls -A "$scratch/open")" \
	"125 oomlab: every user may rename what is in '$scratch/open': no place for a container's gate; name another folder in TMPDIR, or chmod +t this one " \
	'gate: refused where every user may rename'
chmod +t "$scratch/open"
TMPDIR=$scratch/open timeout -k 10 300 "$oomlab" run --quiet --reports="$scratch/real" --memory=64M \
	--backend=docker --image=none -- true >"$scratch/out" 2>&1
unlike "$(cat "$scratch/out")" 'every user may rename' 'gate: and not where it is sticky'

# The image's setuid door, in a root of its own: /reports is where it works.
root=$scratch/root
mkdir -p "$root/reports"
install -m 4755 "$build/containers/reports_door" "$root/reports-door"
door() {
	chroot --userspec=4711:4712 --groups= "$root" /reports-door "$@"
}
# reports MODE OWNER: a new folder.
reports() {
	rm -rf "$root/reports"
	mkdir "$root/reports"
	chown "$2" "$root/reports"
	chmod "$1" "$root/reports"
}
reports 0755 0:0
door
is "$?" 0 'door: a folder of its owner alone'
door make a-1
is "$? $(stat -c '%u:%g %a' "$root/reports/a-1")" '0 0:4712 775' 'door: makes a folder for the caller'
reports 0755 4000:4000
(umask 077 && door make a-1)
is "$? $(stat -c '%u:%g %a' "$root/reports/a-1")" '0 4000:4712 775' 'door: whatever the umask, for any owner'
reports 0777 4000:4000
door make a-1
is "$? $(door latest a-1; echo $?) $(door; echo $?) $(ls -A "$root/reports")" '1 1 1 ' \
	'door: refuses where every user may rename'
reports 1777 4000:4000
door make a-1
is "$? $(stat -c '%u:%g %a' "$root/reports/a-1")" '0 4000:4712 775' 'door: a sticky folder is one'
reports 2755 4000:4000
door make a-1
is "$? $(ls -A "$root/reports")" '13 ' 'door: a folder that the caller could not write in is taken back'
reports 2755 4000:4712
door make a-1
is "$? $(stat -c '%u:%g %a' "$root/reports/a-1")" '0 4000:4712 2775' 'door: and one of the same group is not'
for owner in 4711 0; do
	reports 0755 4000:4000
	ln -s old "$root/reports/latest"
	chown -h "$owner" "$root/reports/latest"
	door latest a-1
	is "$? $(readlink "$root/reports/latest")" '17 old' "door: latest of uid $owner is not the owner's to replace"
done
for kind in pipe name folder; do
	reports 0755 4000:4000
	plant "$kind" "$root/reports/latest"
	chown -h 4000 "$root/reports/latest"
	before=$(stat -c '%i %F' "$root/reports/latest")
	door latest a-1
	is "$? $(stat -c '%i %F' "$root/reports/latest")" "17 $before" "door: latest that is a $kind stays"
	[ "$kind" != name ] || chown 0 "$scratch/victim/file"
done
reports 0755 4000:4000
ln -s old "$root/reports/latest"
chown -h 4000 "$root/reports/latest"
door latest a-1
is "$? $(readlink "$root/reports/latest") $(ls -A "$root/reports")" '0 a-1 latest' \
	'door: latest of the owner is replaced'

# A folder that only its owner may enter, put in place of the new one: it must not be opened up.
# door_race MODE TRIES WHAT
door_race() {
	local swaps=0 won=0
	for _ in $(seq "$2"); do
		reports "$1" 4000:4712
		mkdir -m 700 "$root/reports/private"
		mkdir "$root/reports/private/secret"
		chown -R 4000:4000 "$root/reports/private"
		begin_race "$root/reports" a- private
		door make a-1
		! end_race || swaps=$((swaps + 1))
		[ "$(stat -c '%u:%g %a' "$root"/reports/*/secret/..)" = '4000:4000 700' ] || won=$((won + 1))
	done 2>/dev/null
	is "$won" 0 "door, $3: of $2 races ($swaps swaps) none opens another folder"
}
door_race 0777 200 'every user may rename'
door_race 0775 200 'a group may rename'

# A file system of the target's own that does not answer: nobody waits for it.
if [ -c /dev/fuse ] && grep -qw fuse /proc/filesystems; then
	mkdir "$scratch/mute"
	run_lab --timeout=3s --reports="$scratch/r-mute" -- "$build/tests/helpers/fuse_mute" "$scratch/mute" 40 600
	is "$? $(report "$scratch/r-mute" '[.outcome, .run.guardian.why // "no guardian"] | tostring')" \
		'137 ["timed_out","no guardian"]' 'a file that its own program does not answer for holds nobody up'
	run_lab --timeout=3s --reports="$scratch/r-mute" -- "$build/tests/helpers/fuse_mute" "$scratch/mute" 30 600 room
	is "$? $(report "$scratch/r-mute" '[.outcome, .run.guardian.why // "no guardian"] | tostring')" \
		'137 ["timed_out","no guardian"]' '... nor does a tmpfs below it'
else
	skip 'a file that its own program does not answer for holds nobody up' 'no FUSE in this kernel'
fi

# A target that says more than anybody reads: the record ends somewhere, and says so.
run_lab --reports="$scratch/r-flood" -- "$build/tests/helpers/hog" flood 12000
is "$? $(grep -c '"ev":"checkpoint"' "$scratch/r-flood"/latest/record.jsonl)" '0 10000' \
	'of 12,000 checkpoints 10,000 are kept'
like "$(tr -s ' \n' ' ' <"$scratch/r-flood/latest/report.txt")" \
	'Lost: 2000 messages of the scenario beyond what is kept' '... and the rest is told as lost'
run_lab --reports="$scratch/r-flood" -- "$build/tests/helpers/hog" flood 100
unlike "$(cat "$scratch/r-flood/latest/report.txt")" 'Lost' 'of 100 none is lost'
done_testing
