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
    absent "Python 3.11 or 3.12" "the pinned packages are for these" \
        "apt-get install python3.11 python3.11-venv python3.11-dev, or make install PYTHON=/path/to/python"
elif ! version=$("$python" -c 'import sys
print("%d.%d" % sys.version_info[:2]); sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null); then
    absent "Python 3.11 or 3.12" "$python is neither" "make install PYTHON=/path/to/python"
else
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        absent "venv for $python" "the installation lives in .venv" "apt-get install python$version-venv"
    headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    [ -f "$headers/Python.h" ] ||
        absent "headers for $python" "DeepSpeed compiles against $headers/Python.h" "apt-get install python$version-dev"
fi
exit $missing
