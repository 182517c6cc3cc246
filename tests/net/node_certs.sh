#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Who is refused at the link by its certificate, or for what it says: another server's name, another
# authority, no certificate, a newer protocol; and a server knows its director.
# shellcheck source=tests/net/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/net/node.bash
. "$(dirname "$0")/node.bash"

node_scene 2
enroll s1
until_true "connected" is d server s1 .connected true
pem=$work/s1/state/pki/server.pem
cp "$pem" "$work/s1.pem"

refused "no certificate" 1 "shown no certificate" peer 10.7.1.1 hello - s1
refused "another's name" 1 "certificate is that of s1" peer 10.7.1.1 hello "$pem" s2
refused "a newer protocol" 1 "speaks protocol 1 to 1, the server 7 to 9: upgrade the director" \
  peer 10.7.1.1 newer "$pem" s1
refused "an older protocol" 1 "upgrade the server" peer 10.7.1.1 older "$pem" s1
refused "a report before hello" 1 "hello comes first" peer 10.7.1.1 early "$pem" s1
check "s1 has not noticed" is d server s1 .connected true

# Another director, with an authority of its own.
new_ns e
wire e w0 s2 w0
ip -n "$(ns e)" addr add 10.8.0.1/24 dev w0
ip -n "$(ns s2)" addr add 10.8.0.2/24 dev w0
node_start e --role director --listen 10.8.0.1
rw e server add s2
rw e server enroll s2 >"$work/s2.token"
node_start s2 --role server --token-file "$work/s2.token" # the token says where
until_true "s2 is another director's" is e server s2 .connected true
refused "another authority" 1 "not issued by this director's authority" \
  peer 10.7.1.1 hello "$work/s2/state/pki/server.pem" s2
node_stop s2
node_start s2 --role server --director 10.7.2.1
until_true "and s2 knows its own director" said s2 "refused: .*not issued by this director's authority"
node_stop s2
rw d server enroll s2 >"$work/s2.foreign"
node_start s2 --role server --director 10.8.0.1 --token-file "$work/s2.foreign"
until_true "a token is for its director" said s2 "not the director that the token is from"
node_stop s2
node_stop e

# No server can play the director.
node_stop s1
python_bin=$(command -v python3)
background in_ns d "$python_bin" "$top/tests/net/node_peer.py" 10.7.1.1 play "$work/s1.pem" 7472
node_start s1 --role server --director 10.7.1.1:7472
until_true "a server is no director" said s1 "who answers is server s1 and no director"
