# The helpers of every shell script: AutomnReturn, AutomnLog, AutomnRunLog, AutomnNotify.
#
# Plain POSIX sh, read before the script in the script's own shell; ../shell-command.ts says how. The variables
# AUTOMN_SHELL_* come from there and are gone before the script's first line. The helpers' own (_automn_*) do not outlive a
# call.
#
# They work whatever a script sets or defines: besides those that POSIX calls special (`set`, `shift`, `eval`), commands are
# used by way of _automn_call alone, since a function can replace them. Under `set -x` a call shows as one line.
#
# No helper starts a process or a subshell for an argument of up to 1 KiB. Every expansion copies the whole string, so
# what looks at single characters does it in blocks of about 128.

# AutomnReturn DATA: returns a value to the host. Several words are one text, none is null.
AutomnReturn() {
  { set +x -- "$-" "$@"; } 2>/dev/null
  case $# in
    1) _automn_write raw __SCRIPTRETURN__null ;;
    2) _automn_write raw __SCRIPTRETURN__ value "$2" ;;
    *) _automn_write raw __SCRIPTRETURN__ words "$#" "$@" ;;
  esac
  _automn_leave "$1" "$?" 2>/dev/null
}

# AutomnLog MESSAGE [LEVEL] [CONTEXT-JSON] [TYPE]: writes a structured log entry.
AutomnLog() {
  { set +x -- "$-" "$@"; } 2>/dev/null
  case ${4-} in '') set -- "$1" "${2-}" "${3-}" '{}' "${5-}" ;; esac
  _automn_write raw '__SCRIPTLOG__{"message":' text "$2" raw ',"level":' text "${3:-info}" \
    raw ',"context":' value "$4" raw ',"type":' text "${5:-general}" raw '}'
  _automn_leave "$1" "$?" 2>/dev/null
}

# AutomnRunLog TEXT...: prints each argument on a line of its own.
AutomnRunLog() {
  { set +x -- "$-" "$@"; } 2>/dev/null
  _automn_call _automn_print "$@"
  _automn_leave "$1" "$?" 2>/dev/null
}

# AutomnNotify AUDIENCE MESSAGE [LEVEL]: notifies the host's users.
AutomnNotify() {
  { set +x -- "$-" "$@"; } 2>/dev/null
  _automn_write raw '__SCRIPTNOTIFY__{"audience":' text "${2-}" raw ',"message":' text "${3-}" \
    raw ',"level":' text "${4:-info}" raw '}'
  _automn_leave "$1" "$?" 2>/dev/null
}

# Turns tracing on again where $1, the former value of `$-`, says so, and returns the exit status $2.
_automn_leave() {
  case $1 in *x*) set -x ;; esac
  return "$2"
}

# Prints each argument after the first on a line of its own.
_automn_print() {
  shift
  _automn_asking=yes command printf '%s\n' "$@"
}

# Runs a function that uses `command`: here if that is the shell's own, else in a subshell without the script's function of
# that name. _automn_asking is set in what a helper runs by `command`, since such a function may itself call a helper;
# _automn_own is still set if a trap has interrupted another call at this point.
_automn_call() {
  case ${_automn_own-},${_automn_asking-} in
    yes,*) "$@" ;;
    ,yes) _automn_call_apart "$@" ;;
    *)
      _automn_asking=yes command eval _automn_own=yes >/dev/null 2>&1 || :
      case ${_automn_own-} in
        yes) unset -v _automn_own && "$@" ;;
        *) _automn_call_apart "$@" ;;
      esac
      ;;
  esac
}

_automn_call_apart() (
  { unset -f command || :; } 2>/dev/null
  "$@"
)

# Prints one line made of pairs: `raw` as it is, `text` as a JSON string, `value` as JSON if it is that and else as a
# string; `words` N, an argument that is left out, and N - 1 words as one value. A trap may call a helper while another is
# at work: what that one has in its variables (all four are set, or none) is kept after the pairs.
_automn_write() {
  set -- "$@" end ${_automn_line+"$_automn_line"} ${_automn_part+"$_automn_part"} \
    ${_automn_head+"$_automn_head"} ${_automn_rest+"$_automn_rest"}
  _automn_line='' _automn_part='' _automn_head='' _automn_rest=''
  while :; do
    case $1${2-} in
      end*) break ;;
      raw*) _automn_line=$_automn_line$2 ;;
      words*)
        _automn_head=$2 _automn_rest=$4
        shift 4
        while case $_automn_head in 2) ! : ;; esac; do
          _automn_rest="$_automn_rest $1" _automn_head=$((_automn_head - 1))
          shift
        done
        set -- raw '' value "$_automn_rest" "$@"
        ;;
      text*[\"\\[:cntrl:]]* | value*)
        if case $((${#2} > 1024)) in 1) _automn_write_by_node raw "$_automn_line" "$@" ;; *) ! : ;; esac; then
          break
        elif _automn_is_json "$1" "$2"; then
          _automn_flatten "$2"
        else
          _automn_escape "$2"
        fi
        ;;
      *) _automn_line=$_automn_line\"$2\" ;;
    esac
    shift 2
  done
  while case $1 in end) ! : ;; esac; do shift 2; done
  case $_automn_line in
    written) set -- 0 "$@" ;;
    lost) set -- 1 "$@" ;;
    *) if _automn_call _automn_print '' "$_automn_line"; then set -- 0 "$@"; else set -- 1 "$@"; fi ;;
  esac
  case $# in
    2) unset -v _automn_line _automn_part _automn_head _automn_rest ;;
    *) _automn_line=$3 _automn_part=$4 _automn_head=$5 _automn_rest=$6 ;;
  esac
  return "$1"
}

# Has Node.js print the line of these pairs, and sets _automn_line to `written` or `lost`. Fails, with nothing printed,
# where Node.js does not start.
_automn_write_by_node() {
  {
    { unset -f command || :; } 2>/dev/null
    command printf '%s\0' "$@"
  } | _automn_node 2>/dev/null
  case $? in
    0) _automn_line=written ;;
    3) _automn_line=lost ;;
    *) return 1 ;;
  esac
}

# Whether a pair is a value that is JSON, as JSON.parse sees it.
_automn_is_json() {
  case $1,$2 in
    value,'{}' | value,'[]' | value,[0-9]) return 0 ;;
    value,[[:space:]]* | value,[\[\{\"0-9-]* | value,true* | value,false* | value,null*) ;;
    *) return 1 ;;
  esac
  _automn_rest=$2 _automn_head='' _automn_part=v
  _automn_scan ''
}

# What looks at single characters, which bash has better means for: `_automn_escape` adds a text to the line as a JSON
# string, `_automn_flatten` adds JSON with spaces in place of the line breaks and tabs between its tokens, and
# `_automn_scan ''` tells whether head and rest together are JSON, as JSON.parse sees it.
# shellcheck source=/dev/null
case ${BASH_VERSION-} in
  '') . "$AUTOMN_SHELL_DIR/json-posix.sh" ;;
  *) . "$AUTOMN_SHELL_DIR/json.bash" ;;
esac

# The process that escapes and checks what is large; its command line comes quoted.
eval "_automn_node() { NODE_OPTIONS='' $AUTOMN_SHELL_NODE; }"

# The variable that named this file to the shell gets back its own value, or none.
case ${AUTOMN_SHELL_VARIABLE-} in ?*) unset -v "$AUTOMN_SHELL_VARIABLE" ;; esac
case ${AUTOMN_SHELL_VALUE+own} in own) export "$AUTOMN_SHELL_VARIABLE=$AUTOMN_SHELL_VALUE" ;; esac

# dash was called interactive, since only then it reads a file before the script; it is not from here on. bash reads the file
# that BASH_ENV names: it does not search for it, and expands what stands in the variable.
# shellcheck disable=SC3041
case ${AUTOMN_SHELL_VARIABLE-},${BASH_ENV-} in
  ENV,*) set +i ;;
  BASH_ENV,) ;;
  BASH_ENV,*/* | BASH_ENV,*\$* | BASH_ENV,*\`*) eval "if [[ -r \"$BASH_ENV\" ]]; then . \"$BASH_ENV\"; fi" ;;
  BASH_ENV,*) eval 'if [[ -r ./$BASH_ENV ]]; then . "./$BASH_ENV"; fi' ;;
esac

# The options of the script's first line (`#!/bin/bash -eu`).
# shellcheck disable=SC2086
set -- ${AUTOMN_SHELL_OPTIONS-}
unset -v AUTOMN_SHELL_DIR AUTOMN_SHELL_NODE AUTOMN_SHELL_CONTROLS AUTOMN_SHELL_VARIABLE AUTOMN_SHELL_VALUE AUTOMN_SHELL_OPTIONS
case $# in 0) ;; *) set "$@" -- ;; esac
