#!/bin/bash
# it_vm_devices.sh - what the guest has beyond RAM: lo, loop devices, a swap disk and NUMA nodes
# where they are asked for, on both kernels; and that the report tells of what was there.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
hog=$(cd "$top" && realpath "${BUILD:-build}")/tests/helpers/hog
reports=$scratch/reports

# vm OPTIONS... -- COMMAND...: status in $status, what it printed in $out and $errors.
vm() {
	out=$("$oomlab" run --quiet --backend=vm --reports="$reports" "$@" 2>"$scratch/errors")
	status=$?
	errors=$(cat "$scratch/errors")
}
told() { tr -s ' \n' ' ' <"$reports/latest/report.txt"; }

# Each line it prints is a fact, found out there.
cat >"$scratch/look.sh" <<'SCRIPT'
PATH=/usr/sbin:/sbin:/usr/bin:/bin
echo "swap $(awk 'NR > 1 { print $1, $2, $3 }' /proc/swaps)"
echo "nodes $(cat /sys/devices/system/node/has_memory)"
echo "cpus $(cat /sys/devices/system/node/has_cpu)"
echo "equal $(awk '$3 == "MemTotal:" { kib[$2] = $4 }
	END { print (10 * kib[0] > 8 * kib[1] && 8 * kib[0] < 10 * kib[1]) }' /sys/devices/system/node/node*/meminfo)"
perl -MIO::Socket::INET -e '
	my $l = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die "$!";
	my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport) or die "$!";
	my $s = $l->accept; print $s "heard\n"; close $s; print "lo ", <$c>;'
cd /dev/shm && mkdir mounted && head -c 4194304 /dev/zero >image && mke2fs -q image &&
	mount -o loop image mounted && echo "a file" >mounted/file && sync &&
	echo "loop $(cat mounted/file) $(losetup -n -O BACK-FILE)"; umount mounted
# Long enough for a sample of what was swapped.
exec "$1" touch 80 2
SCRIPT

# Every page that is swapped is one more for the profile, which takes minutes then.
for kernel in 6.12 6.1; do
	vm --kernel=$kernel --share-host --guest-swap=96M --guest-numa=2 --memory=64M --swap=64M --no-touch-profile \
		--timeout=5m -- /bin/sh "$scratch/look.sh" "$hog"
	is $status 0 "$kernel: more than the limit is touched, and survives by swapping"
	like "$out" '^swap /dev/vd[a-z]+ partition 98300$' "$kernel: the swap disk is on"
	like "$out" '^nodes 0-1$' "$kernel: two nodes have memory"
	like "$out" '^cpus 0$' "$kernel: one of them has the processor"
	like "$out" '^equal 1$' "$kernel: each has half of it, beside what the kernel took"
	like "$out" '^lo heard$' "$kernel: who connects to 127.0.0.1 is heard"
	like "$out" '^loop a file /dev/shm/image$' "$kernel: an image is mounted by a loop device"
	is "$(report "$reports" '.settings | .numa_nodes + " " + .SwapTotal')" "0-1 98300 kB" \
		"$kernel: report.json tells of nodes and swap"
	is "$(report "$reports" '[.timeline.swap[]? | select(. != null)] | max > 1024 * 1024')" true \
		"$kernel: the timeline shows what was swapped"
done

vm --guest-swap=96M --memory=64M -- "$hog" touch 200
is "$(report "$reports" .outcome)" oom_killed 'a swap disk that a limit of no swap forbids: killed'
like "$(told)" 'is 64 MiB, and it may not swap' '... and the report says which of the two it was'

vm --guest-swap=32M --memory=64M --swap=64M --no-touch-profile --timeout=5m -- "$hog" touch 200
is "$(report "$reports" .outcome)" oom_killed 'a swap disk that is too small: killed'
is "$(told | grep -c 'there is no swap\|may not swap')" 0 '... and nobody says there was none'

# shellcheck disable=SC2016 # for the shell in the guest
vm --memory=64M -- /bin/sh -c 'while read -r line; do echo "$line"; done </proc/swaps
	read -r nodes </sys/devices/system/node/has_memory; read -r flags </sys/class/net/lo/flags
	echo "nodes $nodes flags $flags"'
is "$(grep -c /dev <<<"$out")" 0 'nothing asked: no swap'
like "$out" '^nodes 0 flags 0x9$' 'nothing asked: one node, and lo is up'
is "$(report "$reports" '.settings | .numa_nodes + " " + .SwapTotal')" "0 0 kB" \
	'nothing asked: report.json says so'

# shellcheck disable=SC2016 # for the shell in the guest
look='while read -r dev _ size _; do echo "swap $dev $size"; done </proc/swaps
	while read -r _ where type _; do [ "$where" != /scratch ] || echo "scratch $type"; done </proc/self/mounts
	echo kept >/scratch/file && read -r back </scratch/file && echo "file $back"'
for share in --isolated --share-host; do
	vm $share --guest-zram=96M --guest-scratch=64M --memory=64M --swap=max -- /bin/sh -c "$look"
	like "$out" '^swap /dev/zram0 98300$' "$share: compressed swap is on"
	like "$out" '^scratch ext4$' "$share: the scratch disk is mounted"
	like "$out" '^file kept$' "$share: and can be written"
done
plan=$("$oomlab" run --dry-run --guest-swap=96M --guest-numa=2 --memory=64M -- "$hog" touch 1)
like "$plan" '^backend: vm' 'a swap disk and nodes: --backend=auto takes the VM'
like "$plan" 'boot Linux 6.12 with 2 GiB of RAM in 2 NUMA nodes, a swap disk of 96 MiB, show it this host.s files and do' \
	'--dry-run names them'
for wrong in --guest-swap=max --guest-swap=1K --guest-numa=0 --guest-numa=9 --guest-numa=x \
	'--backend=cgroup --guest-swap=1M' '--backend=docker --image=x --guest-numa=2' \
	'--guest-ram=128M --guest-numa=4' --guest-zram=1K --guest-scratch=1M '--guest-zram=8M --guest-swap=8M' \
	'--backend=cgroup --guest-scratch=16M'; do
	# shellcheck disable=SC2086 # several words
	errors=$("$oomlab" run --quiet --reports="$reports" $wrong -- "$hog" touch 1 2>&1)
	is "$? $(grep -c '^oomlab: .*guest\|^oomlab: .*swap' <<<"$errors")" '125 1' "$wrong: refused, with the reason"
done
vm --guest-swap=1000000G -- "$hog" touch 1
is $status 125 'more swap than this host has memory: refused'
like "$errors" 'cannot give the VM .* of memory and disks: this host has' '... with both figures'

# As a cache was filled before there were swap disks.
cache=${OOMLAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/oomlab}
old=$scratch/cache/kernels/$(cd "$cache/kernels" && printf '%s\n' 6.12* | sort -V | tail -1)
mkdir -p "$old" && cp "$cache/kernels/${old##*/}"/* "$old" && rm -f "$old/virtio_blk.ko" &&
	sed -i /virtio_blk/d "$old/modules"
OOMLAB_CACHE=$scratch/cache vm --guest-swap=96M --memory=64M -- "$hog" touch 1
is $status 125 'a kernel without a driver for the disk: the lab could not do its part'
like "$errors" "the swap disk .*oomlab kernel fetch" '... with the cure'

is "$(strays)" "" "no process is left"
done_testing
