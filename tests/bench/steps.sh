#!/bin/sh
# Steps of a script that does something by hand, timed: sourced by those beside it, which say where their log is.
: "${log:?}"

now() {
  date +%s%3N
}

show() { # show NAME MILLISECONDS
  printf '%s\t%d.%03d\n' "$1" $(($2 / 1000)) $(($2 % 1000))
}

step() { # step NAME COMMAND...
  name=$1
  shift
  begun=$(now)
  "$@" >>"$log" 2>&1
  show "$name" $(($(now) - begun))
}
