#!/bin/bash
# Engines whose cgroups systemd makes: a VM boots systemd as PID 1 on this host's root, read-only,
# on pure cgroup v2; in there dockerd and podman with the systemd driver, and rootless podman below
# user@UID.service, whose memory controller is delegated.
#
# Called by itself: "launch" runs QEMU where nothing of this host can be written; "boot" is PID 1 before systemd, "guest" a service, "rootless" the user. What they
# say in TAP goes through a port of the VM; TAP_FROM points have been counted before.
stage=${1-}
user_id=4711
if [ "$stage" = boot ]; then
	tree=$(cd "$(dirname "$0")/.." && pwd)
	exec 9<"$tree"
	mount -t devtmpfs dev /dev
	mount -t proc proc /proc
	for dir in /tmp /run /var /root /home; do
		mount -t tmpfs guest "$dir" || exit 1
	done
	if [ ! -e "$0" ]; then
		mkdir -p "$tree" && mount -c --bind /proc/self/fd/9 "$tree" || exit 1
	fi
	exec 9<&-
	mkdir -p /var/lib /var/cache /var/tmp /run/etc /run/systemd/system
	cp -a /etc/. /run/etc && mount --bind /run/etc /etc || exit 1
	: >/etc/fstab
	: >/etc/machine-id
	echo "oomlab:x:$user_id:$user_id::/home/oomlab:/bin/bash" >>/etc/passwd
	echo "oomlab:x:$user_id:" >>/etc/group
	echo 'oomlab:*:20000:0:99999:7:::' >>/etc/shadow
	echo oomlab:100000:65536 | tee /etc/subuid >/etc/subgid
	mkdir -p /home/oomlab && chown "$user_id:$user_id" /home/oomlab
	for unit in systemd-hwdb-update systemd-udev-trigger systemd-udev-settle systemd-resolved \
		systemd-timesyncd systemd-random-seed systemd-networkd apparmor; do
		ln -s /dev/null "/run/systemd/system/$unit.service"
	done
	cat >/run/systemd/system/oomlab.service <<-END
		[Unit]
		Requires=basic.target dbus.socket
		After=basic.target dbus.socket
		SuccessAction=reboot-immediate
		FailureAction=reboot-immediate
		[Service]
		Type=oneshot
		Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin HOME=/root BUILD=$2 TMPDIR=/tmp
		ExecStart=/bin/bash $0 guest
		StandardOutput=file:$(echo /dev/vport*p1)
		StandardError=tty
		TTYPath=/dev/console
	END
	exec /lib/systemd/systemd --unit=oomlab.service
fi
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/engines.sh
. "$(dirname "$0")/engines.sh"
# shellcheck source=tests/engine_v2.sh
. "$(dirname "$0")/engine_v2.sh"
tap_count=${TAP_FROM:-0}
trap 'stop_engines; rm -rf "$scratch"' EXIT

# as_user WORDS...: with the environment that a login would give.
as_user() {
	setpriv --reuid="$user_id" --regid="$user_id" --init-groups --reset-env env PATH="$PATH" \
		BUILD="$BUILD" TMPDIR=/home/oomlab XDG_RUNTIME_DIR="/run/user/$user_id" \
		DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$user_id/bus" "$@"
}

driver() { podman info --format '{{.Host.CgroupsVersion}} {{.Host.CgroupManager}} {{.Host.OCIRuntime.Name}}'; }

check_docker() {
	need "docker under systemd" docker dockerd || return 0
	start_docker systemd
	ok $? "docker starts under systemd" "$engine_reason"
	is "$(docker info --format '{{.CgroupVersion}} {{.CgroupDriver}}')" "2 systemd" \
		"docker has the systemd driver"
	make_images docker docker
	image_and_host docker "docker, systemd"
	like "$(report "$outside" .run.cgroup)" '^/system.slice/docker-[0-9a-f]+\.scope$' \
		"docker, systemd: the container's cgroup is a scope"
}

check_podman() {
	need "$1 under systemd" podman crun || return 0
	start_podman crun systemd
	ok $? "$1 starts under systemd" "$engine_reason"
	is "$(driver)" "v2 systemd crun" "$1 has the systemd driver"
	make_images podman "$1"
	image_and_host podman "$1, systemd"
	like "$(report "$outside" .run.cgroup)" "$2" "$1, systemd: the container's cgroup is a scope"
}

# show_read_only FOLDER: the mount that holds it, where it belongs below the shared root.
show_read_only() {
	local at
	at=$(findmnt -no TARGET -T "$1")
	mountpoint -q "$scratch/root$at" && return
	mount --bind "$at" "$scratch/root$at" && mount -o remount,bind,ro "$scratch/root$at"
}

# launch FOLDER KERNEL WORDS: console and tap are left in FOLDER.
launch() {
	mkdir "$scratch/root"
	mount --bind / "$scratch/root" && mount -o remount,bind,ro "$scratch/root" || return
	show_read_only "$top" && show_read_only "$(dirname "$oomlab")" || return
	/usr/lib/qemu/virtiofsd --socket-path="$scratch/share" \
		-o "source=$scratch/root,sandbox=chroot,cache=always" &
	wait_until 200 test -S "$scratch/share" || return
	timeout 3000 qemu-system-x86_64 -nodefaults -no-user-config -no-reboot -display none -M pc \
		-accel tcg,thread=multi -cpu max -m 3G -object memory-backend-memfd,id=ram,share=on,size=3G \
		-machine memory-backend=ram -chardev "socket,id=share,path=$scratch/share" \
		-device vhost-user-fs-pci,chardev=share,tag=host -kernel "$2" -append "$3" \
		-serial "file:$1/console" -device virtio-serial-pci \
		-chardev "file,id=tap,path=$1/tap" -device virtserialport,chardev=tap,name=tap
	wait
}

case $stage in
launch)
	launch "$2" "$3" "$4"
	umount -R "$scratch/root"
	exit
	;;
guest)
	PATH=$engine_bin:$PATH
	is "$(cat /proc/1/comm) $(stat -fc %T /sys/fs/cgroup)" "systemd cgroup2fs" \
		"the guest is one of systemd"
	check_docker
	check_podman podman '^/machine.slice/libpod-[0-9a-f]+\.scope'
	need "rootless podman under systemd" podman crun newuidmap || done_testing
	systemctl start "user@$user_id.service"
	ok $? "the user has a session of its own" "$(journalctl -b -n 20 -u "user@$user_id" -o cat)"
	stop_engines
	as_user env TAP_FROM="$tap_count" bash "$0" rootless
	exit
	;;
rootless)
	PATH=$engine_bin:$PATH
	is "$(podman info --format '{{.Host.Security.Rootless}}')" true "podman is rootless"
	check_podman "rootless podman" "^/user.slice/user-$user_id.slice/user@$user_id.service/"
	done_testing
	;;
esac

kernels=${OOMLAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/oomlab}/kernels
kernel=$(find "$kernels" -path '*/6.12*/vmlinuz' 2>/dev/null | tail -n 1)
need_all root /lib/systemd/systemd /usr/lib/qemu/virtiofsd qemu-system-x86_64
if lacks docker dockerd && lacks podman crun; then skip_all 'no docker and no podman here'; fi
[ -n "$kernel" ] || skip_all "no kernel 6.12 in $kernels"
make -s -C "$top" BUILD="$(dirname "$oomlab")" image-files >/dev/null || exit 1

words="console=ttyS0 loglevel=3 panic=-1 nowatchdog random.trust_cpu=on cryptomgr.notests"
words="$words initcall_blacklist=jent_mod_init reboot=t tsc=reliable no_timer_check"
words="$words root=host rootfstype=virtiofs ro systemd.show_status=0"
words="$words init=/bin/bash -- $(realpath "$0") boot $(dirname "$oomlab")"
unshare --mount --propagation private bash "$0" launch "$scratch" "$kernel" "$words" \
	>"$scratch/qemu" 2>&1
cat "$scratch/tap"
grep -q '^1\.\.' "$scratch/tap" && ! grep -q '^not ok' "$scratch/tap" && exit
sed 's/^/# /' "$scratch/qemu" "$scratch/console" | tail -n 40
exit 1
