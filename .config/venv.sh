#!/bin/sh
# Make the virtual environment .venv with this project in it (editable), and the dependency groups that are named:
#   .config/venv.sh [lint] [test]
set -eu
cd "$(dirname "$0")/.."

# A python3.x on PATH may be a version manager's shim that only prints an error, and Debian ships venv apart: run it.
suits() {
  "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

find_python() {
  # The versions that ansible-core 2.19 names as supported come first.
  for name in python3.11 python3.12 python3.13 python3 /usr/bin/python3 python3.14; do
    path=$(command -v "$name") || continue
    if suits "$path"; then
      echo "$path"
      return 0
    fi
  done
  return 1
}

if ! suits .venv/bin/python; then
  if ! python=$(find_python) && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # Sources that do not answer are no reason to stop: Debian's own may be among the others.
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    python=$(find_python) || true
  fi
  if [ -z "${python:-}" ]; then
    echo "found no Python 3.11 or newer with its venv module; install one (Debian: apt-get install python3-venv)" >&2
    exit 2
  fi
  "$python" -m venv --clear .venv
fi

# pip reads dependency groups from 25.1 on.
.venv/bin/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
for group in "$@"; do
  set -- "$@" --group "$group"
  shift
done
.venv/bin/python -m pip install --quiet --disable-pip-version-check "$@" --editable .
