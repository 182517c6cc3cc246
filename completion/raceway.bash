# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# Completion of raceway(8): the client itself knows what may follow, objects' names included.

_raceway() {
  local words=("${COMP_WORDS[@]:1:COMP_CWORD}")

  # Bash takes "web1/eth0" as one word, but splits at a colon; a MAC is not completed anyway.
  mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" --complete "${words[@]}" 2>/dev/null)
  # A name's first half, "web1/", goes on without a space.
  if [ "${#COMPREPLY[@]}" -eq 1 ] && [[ ${COMPREPLY[0]} == */ ]]; then
    compopt -o nospace 2>/dev/null
  fi
}
complete -o default -F _raceway raceway
