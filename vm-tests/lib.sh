# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
#
# What the scripts of vm-tests/ share: places, the list of kernels, errors.
# Sourced, never run.

# shellcheck disable=SC2034 # used by the scripts that source this file
{
	KERNELS=(6.1 6.12)
	VMTESTS=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
	TOP=$(dirname "$VMTESTS")
	BUILD=$TOP/build/vm
	KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
}

say() {
	echo "vm-tests: $*" >&2
}

die() {
	say "$*"
	exit 1
}

# need COMMAND:PACKAGE...
need() {
	local pair
	# depmod and modprobe are in sbin, which a user's PATH may lack
	PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
	for pair; do
		command -v "${pair%%:*}" >/dev/null ||
			die "${pair%%:*} not found: apt-get install ${pair##*:}"
	done
}

check_kernel() { # KERNEL
	local known
	for known in "${KERNELS[@]}"; do
		[ "$known" != "$1" ] || return 0
	done
	die "unknown kernel $1: known are ${KERNELS[*]}"
}

# own_site SUITE: where this system's own packages come from, so that a mirror is
# honoured and no host is named here.
own_site() {
	# shellcheck disable=SC2016 # apt's variables, not the shell's
	apt-get indextargets --format '$(SITE) $(CODENAME)' 'Created-By: Packages' |
		awk -v want="$1" '$2 == want { print $1; exit }'
}

# private_apt NAME "SITE SUITE"...: options in APT for an apt with sources, lists
# and cache of its own, so that no suite is added to the system's; updates it.
private_apt() {
	local dir=$BUILD/apt/$1 source
	shift
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	for source; do
		echo "deb [signed-by=$KEYRING] $source main"
	done >"$dir/sources.list"
	APT=(
		-o "Dir::Etc::sourcelist=$dir/sources.list"
		-o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::lists=$dir/lists"
		-o "Dir::Cache=$dir/cache"
		-o APT::Sandbox::User=root
		-o APT::Update::Error-Mode=any
	)
	apt-get "${APT[@]}" -qq update >"$dir/log" 2>&1 ||
		die "apt-get update failed: $(grep -m1 -E '^[EW]:' "$dir/log" || echo "see $dir/log")"
}

# download PACKAGE FOLDER: by the last private_apt
download() {
	(cd "$2" && apt-get "${APT[@]}" -qq download "$1") >"$2/log" 2>&1 ||
		die "cannot download $1: $(grep -m1 '^E:' "$2/log" || echo "see $2/log")"
}
