#!/bin/sh
# fetch-kernel.sh [SERIES...] - fetches Debian's cloud kernels for the VM into the cache.
#
#	fetch-kernel.sh			6.12 and 6.1
#	fetch-kernel.sh 6.12		that one
#
# Nothing is installed and no root is needed: `apt-get download`, `dpkg-deb -x` into a temporary
# directory, and of that the kernel and the few modules the guest loads are kept (see kernel.h for
# the layout). The kernel is also kept unpacked when the tool for that is there: an emulated guest
# then need not unpack itself at every boot. Packages come from the sources apt is set up with.
# A series that is there in its newest known version, with all of these modules, is left alone.
set -eu

say() { printf 'fetch-kernel: %s\n' "$*"; }
die() { printf 'fetch-kernel: %s\n' "$*" >&2; exit 1; }

cache_dir() {
	if [ -n "${OOMLAB_CACHE:-}" ]; then echo "$OOMLAB_CACHE"
	elif [ -n "${XDG_CACHE_HOME:-}" ]; then echo "$XDG_CACHE_HOME/oomlab"
	elif [ -n "${HOME:-}" ]; then echo "$HOME/.cache/oomlab"
	else echo /var/cache/oomlab
	fi
}

# Modules the guest loads, where they are not built in: the ports, then sharing the host's files,
# the disks, loop devices for what mounts images, compressed swap (older kernels: its compressor, too).
wanted="virtio_mmio virtio_pci virtio_console virtiofs overlay virtio_blk loop lzo_rle zram"

# The newest kernel package of a series, by way of the packages that always depend on it.
newest_package() {
	for meta in "linux-image-$1-cloud-$arch" "linux-image-cloud-$arch"; do
		apt-cache depends "$meta" 2>/dev/null | sed -n 's/^ *Depends: *//p'
	done | grep "^linux-image-$1\\.[0-9].*-cloud-$arch\$" | sort -V | tail -n 1
}

# decompress FILE > stdout
decompress() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -dcq "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) cat "$1" ;;
	esac
}

find_module() {
	find "$tree" -name "$(echo "$1" | sed 's/[-_]/[-_]/g').ko*" | head -n 1
}

# add_module NAME: what it depends on, then itself, each once, into $new and $new/modules. A name
# without a file is built in. The package has no modules.dep: the modules say it themselves.
add_module() {
	if grep -qx "$1.ko" "$new/modules"; then return 0; fi
	file=$(find_module "$1")
	if [ -z "$file" ]; then return 0; fi
	decompress "$file" >"$new/$1.ko"
	for needed in $(tr '\0' '\n' <"$new/$1.ko" | sed -n 's/^depends=//p' | tr ',' ' '); do
		add_module "$needed"
	done
	echo "$1.ko" >>"$new/modules"
}

# number OFFSET SIZE: the little-endian number there in the kernel image
number() { od -An -v -t "u$2" -j "$1" -N "$2" "$new/vmlinuz" | tr -d ' '; }

# Unpacks the ELF kernel inside the image, after Documentation/x86/boot.rst: payload_offset at
# 0x248 counts from the end of the setup sectors; the last 4 bytes of the payload are its length.
unpack_kernel() {
	[ "$(number 514 4)" = 1400005704 ] || return 1 # "HdrS"
	sectors=$(number 497 1)
	start=$(((sectors + 1) * 512 + $(number 584 4)))
	length=$(($(number 588 4) - 4))
	payload() { tail -c +$((start + 1)) "$new/vmlinuz" | head -c "$length"; }
	case $(payload | od -An -v -t x1 -N 4 | tr -d ' ') in
	28b52ffd) tool=zstd ;;
	02214c18) tool=lz4 ;;
	fd377a58) tool=xz ;;
	1f8b*) tool=gzip ;;
	*) return 1 ;;
	esac
	if ! command -v "$tool" >/dev/null; then
		say "$tool is not there, so the kernel stays packed and boots more slowly (apt-get install $tool)"
		return 1
	fi
	payload | "$tool" -dc >"$new/vmlinux" 2>/dev/null || true
	[ "$(od -An -v -t x1 -N 4 "$new/vmlinux" | tr -d ' ')" = 7f454c46 ]
}

install_kernel() {
	release=$1
	new=$work/new
	tree=$work/tree/lib/modules
	[ -d "$tree" ] || tree=$work/tree/usr/lib/modules
	mkdir "$new"
	cp "$work/tree/boot/vmlinuz-$release" "$new/vmlinuz"
	: >"$new/modules"
	for module in $wanted; do add_module "$module"; done
	echo "$wanted" >"$new/wanted"
	unpack_kernel || rm -f "$new/vmlinux"
	chmod -R u+rwX,go+rX "$new"
	rm -rf "${kernels:?}/$release"
	mv "$new" "$kernels/$release"
}

fetch() {
	package=$(newest_package "$1")
	[ -n "$package" ] || die "apt knows no cloud kernel of series $1; run apt-get update, or see
'apt-cache search linux-image | grep cloud'"
	release=${package#linux-image-}
	if [ -s "$kernels/$release/vmlinuz" ] && [ -e "$kernels/$release/modules" ] &&
		[ "$(cat "$kernels/$release/wanted" 2>/dev/null)" = "$wanted" ]; then
		say "$1: $release is there"
		return
	fi
	say "$1: downloads $package (not installed) into $kernels/$release"
	mkdir -p "$kernels"
	work=$(mktemp -d "$kernels/.fetch.XXXXXX")
	# shellcheck disable=SC2086 # two words or none
	(cd "$work" && apt-get -qq $as_root download "$package") || die "cannot download $package"
	dpkg-deb -x "$work"/*.deb "$work/tree"
	install_kernel "$release"
	rm -rf "$work"
	work=
	say "$1: done, $(du -sh "$kernels/$release" | cut -f1)"
}

work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
kernels=$(cache_dir)/kernels
for tool in apt-get apt-cache dpkg dpkg-deb xz; do
	command -v "$tool" >/dev/null || die "$tool is not there. Fetching needs Debian's apt, dpkg and xz-utils.
Elsewhere: put a kernel with virtio into $kernels/RELEASE/vmlinuz, and the
modules it needs beside it (virtio_mmio, virtio_console; their names into RELEASE/modules); or
give a kernel by its path."
done
arch=$(dpkg --print-architecture)
# As root apt would drop to a user of its own, who may not write into the cache.
as_root=
[ "$(id -u)" != 0 ] || as_root="-o APT::Sandbox::User=root"
[ $# -gt 0 ] || set -- 6.12 6.1
for series in "$@"; do fetch "$series"; done
