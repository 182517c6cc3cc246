# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Of the output of `ping -D`: the longest time in ms in which what was sent found no answer, the
# longest time between two answers, and how many there were. The second one counts how long the
# machine did not let ping run, too; where no ping is lost the first is 0.
/bytes from/ {
  at = substr($1, 2, length($1) - 2)
  for (i = 2; i <= NF; i++) {
    if (split($i, word, "=") < 2) continue
    if (word[1] == "icmp_seq") number = word[2]
    if (word[1] == "time") trip = word[2]
  }
  sent[number] = at - trip / 1000
  if (number > highest) highest = number
  if (answers++ && (at - last) * 1000 > silence) silence = (at - last) * 1000
  last = at
}
END {
  for (n = 1; n <= highest; n++) {
    if (!(n in sent)) continue
    if (before && n > before + 1 && (sent[n] - sent[before]) * 1000 > gap)
      gap = (sent[n] - sent[before]) * 1000
    before = n
  }
  printf "%.1f %.1f %d\n", gap, silence, answers
}
