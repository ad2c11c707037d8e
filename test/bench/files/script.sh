#!/bin/sh
# Reports how full the disk is.
set -eu
df -Pk / | awk "NR == 2 { print \$5 }"
