#!/bin/sh
# Install what we are compared with into one folder: sh benchmarks/install_peers.sh FOLDER [PYTHON] [ray]
#
# Who cannot be had is no error: what was said about it goes to FOLDER/NAME.left-out, and the table says so.
set -u
folder=$1 python=${2:-python3} ray=${3:-no}

mkdir -p "$folder"
[ -x "$folder/bin/python" ] || "$python" -m venv "$folder" || exit

# try NAME COMMAND...
try() {
    name=$1
    shift
    rm -f "$folder/$name.left-out"
    "$@" > "$folder/$name.log" 2>&1 && return
    { echo "$name could not be installed:"; tail -n 2 "$folder/$name.log"; } > "$folder/$name.left-out"
    cat "$folder/$name.left-out" >&2
}

pip() {
    "$folder/bin/python" -m pip --disable-pip-version-check install --quiet --progress-bar off "$@"
}

npm_package() {
    command -v npm > /dev/null || { echo 'npm is not there: install Node.js'; return 1; }
    npm install --prefix "$folder" --silent --no-audit --no-fund "$1"
}

try hyperqueue pip hyperqueue
try moto_server pip moto flask flask-cors
try azurite npm_package azurite
[ "$ray" = no ] || try ray pip 'ray[default]'
