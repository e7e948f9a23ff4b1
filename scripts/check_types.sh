#!/bin/sh
# pyright over code and tests as Python 3.11 sees them, and beside it over the code as 3.12 does. $1: folder of the tools.
# What 3.12 took out of the standard library shows in the second pass, what it brought in in the first.
set -u
report=$(mktemp)
trap 'rm -f "$report"' EXIT
"$1/pyright" --pythonversion 3.12 livecc_assets jobs resources scripts benchmarks >"$report" 2>&1 &
"$1/pyright" --pythonversion 3.11
older=$?
wait $!
newer=$?
echo "as Python 3.12:"
cat "$report"
[ $older -eq 0 ] && [ $newer -eq 0 ]
