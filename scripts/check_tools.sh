#!/bin/sh
# Says which of the tools that pip cannot bring is absent, and what to do about it. $1: the Python to use, or empty.
# Names every absence at once, so that one reading is enough.
missing=0
absent() {
    printf 'missing: %s\n   what for: %s\n   remedy:  %s\n' "$1" "$2" "$3" >&2
    missing=1
}
python=$1

command -v git >/dev/null 2>&1 || absent git "version of the code in artifacts" "apt-get install git"
command -v g++ >/dev/null 2>&1 || absent g++ "DeepSpeed compiles its communication module" "apt-get install g++"
command -v make >/dev/null 2>&1 || absent make "this file" "apt-get install make"
if [ -z "$python" ]; then
    absent "Python 3.11" "the only version the pinned packages were tested with" \
        "apt-get install python3.11 python3.11-venv python3.11-dev, or make install PYTHON=/path/to/python3.11"
elif ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
    absent "Python 3.11" "$python is not 3.11" "make install PYTHON=/path/to/python3.11"
else
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        absent "venv for $python" "the installation lives in .venv" "apt-get install python3.11-venv"
    headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    [ -f "$headers/Python.h" ] ||
        absent "headers for $python" "DeepSpeed compiles against $headers/Python.h" "apt-get install python3.11-dev"
fi
exit $missing
