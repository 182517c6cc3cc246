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

# Options in APT that make apt work on a list, index and cache of our own.
apt_options() { # LIST
	APT=(
		-o "Dir::Etc::sourcelist=$1"
		-o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::lists=$BUILD/apt/lists"
		-o "Dir::Cache=$BUILD/apt/cache"
		-o APT::Sandbox::User=root
	)
}
