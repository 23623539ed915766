#!/bin/bash
# it_vm_helpers.sh - what a VM needs beside it dies: QEMU, virtiofsd, and the process that opens
# files for an ordinary user's virtiofsd, while the guest boots, while the command runs, when it has
# ended. The run ends at once, not with the command's time, and names what died; never is it told
# that the command was at fault.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
need_all share pgrep
mkdir -m 777 "$scratch/any" && cd "$scratch/any" || exit 1
as=()

# begin NAME COMMAND: a run whose command has hours; its launcher in $launcher, its folder in $run.
begin() {
	run=$scratch/any/$1
	shift
	timeout -k 10 900 "${as[@]}" "$oomlab" run --quiet --backend=vm --share-host --memory=128M --timeout=2h \
		--reports="$run" -- /bin/sh -c "$1" >"$scratch/out" 2>"$scratch/errors" &
	watchdog=$!
	launcher=
	until launcher=$(pgrep -P $watchdog) || ! kill -0 $watchdog; do pause; done
}

pause() {
	read -rt 0.02 <> <(:) || true
}

# reaches boot|EVENT: QEMU was started; the record tells of the event.
reaches() {
	until if [ "$1" = boot ]; then pgrep -P "$launcher" qemu; else
		grep -s "\"ev\":\"$1\"" "$run"/*/record.jsonl; fi >/dev/null || ! kill -0 $watchdog; do pause; done
}

# strike qemu|virtiofsd|opener: it dies. All of them are in $helpers.
strike() {
	local virtiofsd qemu opener=
	virtiofsd=$(pgrep -P "$launcher" virtiofsd)
	qemu=$(pgrep -P "$launcher" qemu)
	[ "${#as[@]}" = 0 ] || opener=$(pgrep -P "$virtiofsd")
	helpers="$virtiofsd $qemu $opener"
	kill -KILL "${!1}"
	wait $watchdog
	status=$?
}

# is_over NAME PATTERN: the run ended because of that, and nothing is left of it.
is_over() {
	local pid left=
	is "$status" 125 "$1: 125"
	like "$(cat "$scratch/errors")" "$2" "$1: it is named"
	is "$(report "$run" .verdict)" broken "$1: the run is broken"
	like "$(story "$run")" "lab (could not do its part|failed in part): $2" "$1: ... in the report, too"
	for pid in $helpers; do [ ! -e "/proc/$pid" ] || left="$left $pid"; done
	is "$left" '' "$1: no helper is left"
}

# blames_nobody NAME: no word of how the command ended.
blames_nobody() {
	is "$(report "$run" '.outcome')" lab_error "$1: nothing is said of the command"
}

# shellcheck disable=SC2034 # both are asked for by name
share_words="virtiofsd, which shows the VM the host's files, was ended by signal 9"
# shellcheck disable=SC2034
qemu_words='the VM.s qemu-system-[a-z0-9_]* was killed \(SIGKILL\)'
busy='while :; do echo a line of what the command prints; done'
for who in virtiofsd qemu; do
	words=${who}_words
	[ $who = qemu ] || words=share_words
	begin "$who-boot" 'sleep 3600'
	reaches boot
	strike $who
	is_over "$who, at boot" "${!words}"
	blames_nobody "$who, at boot"
	begin "$who-runs" "$busy"
	reaches gate
	until [ -s "$scratch/out" ] || ! kill -0 $watchdog; do pause; done
	strike $who
	is_over "$who, while the command runs" "${!words}"
	blames_nobody "$who, while the command runs"
	# Its child keeps the run from its end.
	begin "$who-end" 'setsid sleep 3600 & exit 7'
	reaches exit
	strike $who
	case $status in
	7) is "$(report "$run" .outcome)" failed "$who, at the end: all was there" ;;
	*) is_over "$who, at the end" "${!words}" ;;
	esac
done

# Without it each open fails, and the command of that.
need 'the process that opens' root || done_testing
cache=${OOMLAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/oomlab}
cp -r "$cache"/. "$scratch/cache" && cp "$oomlab" "$scratch/any" && chmod -R a+rX "$scratch"
export OOMLAB_CACHE=$scratch/cache
oomlab=$scratch/any/oomlab
as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
need 'the process that opens' setpriv || done_testing
begin opener-boot 'sleep 3600'
reaches boot
strike opener
is_over 'the opener, at boot' "$share_words"
blames_nobody 'the opener, at boot'
begin opener-runs 'while echo line; do /bin/cat /etc/hostname && /bin/ls /etc /usr; done'
reaches gate
until [ -s "$scratch/out" ] || ! kill -0 $watchdog; do pause; done
strike opener
is_over 'the opener, while the command runs' "$share_words"
blames_nobody 'the opener, while the command runs'

is "$(strays)" '' 'no process is left'
done_testing
