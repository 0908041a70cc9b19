# The helpers of every shell script: AutomnReturn, AutomnLog, AutomnRunLog, AutomnNotify.
# Plain POSIX sh, read before the script in the script's own shell; ../shell.ts says how. The variables AUTOMN_SHELL_*
# come from there and are gone before the script's first line; the helpers' own (_automn_*) do not outlive a call.
#
# No helper starts a process or a subshell for an argument of up to 1 KiB. Every expansion copies the whole string, so
# what looks at single characters does it in blocks of about 128.

# AutomnReturn DATA: the value that the run returns. Several words are one text, none is null.
AutomnReturn() {
  case $# in
    0) _automn_write raw __SCRIPTRETURN__null ;;
    1) _automn_write raw __SCRIPTRETURN__ value "$1" ;;
    *) _automn_write raw __SCRIPTRETURN__ words "$#" "$@" ;;
  esac
}

# AutomnLog MESSAGE [LEVEL] [CONTEXT-JSON] [TYPE]: a structured log entry.
AutomnLog() {
  case ${3-} in '') set -- "${1-}" "${2-}" '{}' "${4-}" ;; esac
  _automn_write raw '__SCRIPTLOG__{"message":' text "$1" raw ',"level":' text "${2:-info}" \
    raw ',"context":' value "$3" raw ',"type":' text "${4:-general}" raw '}'
}

# AutomnRunLog TEXT...: plain lines, one for each argument.
AutomnRunLog() {
  printf '%s\n' "$@"
}

# AutomnNotify AUDIENCE MESSAGE [LEVEL]: a notification.
AutomnNotify() {
  _automn_write raw '__SCRIPTNOTIFY__{"audience":' text "${1-}" raw ',"message":' text "${2-}" \
    raw ',"level":' text "${3:-info}" raw '}'
}

# Prints one line made of pairs: `raw` as it is, `text` as a JSON string, `value` as JSON if it is that and else as a
# string, `words` N and N words as one value. A trap may call a helper while one is at work, so what that one has in
# its variables (all four are set or none is) waits behind the pairs.
_automn_write() {
  set -- "$@" end ${_automn_line+"$_automn_line"} ${_automn_part+"$_automn_part"} \
    ${_automn_head+"$_automn_head"} ${_automn_rest+"$_automn_rest"}
  _automn_line='' _automn_part='' _automn_head='' _automn_rest=''
  while [ "$1" != end ]; do
    case $1$2 in
      raw*) _automn_line=$_automn_line$2 ;;
      words*)
        _automn_head=$2 _automn_rest=$3
        shift 3
        while [ "$_automn_head" -gt 1 ]; do
          _automn_rest="$_automn_rest $1" _automn_head=$((_automn_head - 1))
          shift
        done
        set -- raw '' value "$_automn_rest" "$@"
        ;;
      text*[\"\\[:cntrl:]]* | value*)
        if [ "${#2}" -gt 1024 ] && _automn_elsewhere raw "$_automn_line" "$@"; then
          break
        elif [ "$1" = value ] && _automn_is_json "$2"; then
          _automn_flatten "$2"
        else
          _automn_escape "$2"
        fi
        ;;
      *) _automn_line=$_automn_line\"$2\" ;;
    esac
    shift 2
  done
  while [ "$1" != end ]; do shift 2; done
  case $_automn_line in
    printed) set -- 0 "$@" ;;
    lost) set -- 1 "$@" ;;
    *) if printf '%s\n' "$_automn_line"; then set -- 0 "$@"; else set -- 1 "$@"; fi ;;
  esac
  if [ "$#" -eq 2 ]; then
    unset -v _automn_line _automn_part _automn_head _automn_rest
  else
    _automn_line=$3 _automn_part=$4 _automn_head=$5 _automn_rest=$6
  fi
  return "$1"
}

# Has Node.js print the line of these pairs and tells in _automn_line whether that line was printed or lost. Fails,
# with nothing printed, where Node.js does not start.
_automn_elsewhere() {
  printf '%s\0' "$@" | _automn_node 2>/dev/null
  case $? in
    0) _automn_line=printed ;;
    3) _automn_line=lost ;;
    *) return 1 ;;
  esac
}

# Tells whether a text is JSON, as JSON.parse sees it.
_automn_is_json() {
  case $1 in
    '{}' | '[]' | [0-9]) return 0 ;;
    [[:space:]]* | [\[\{\"0-9-]* | true* | false* | null*) ;;
    *) return 1 ;;
  esac
  _automn_rest=$1 _automn_head='' _automn_part=v
  _automn_scan ''
}

# What looks at single characters, which bash does by means of its own: `_automn_escape` adds a text to the line as a JSON
# string, `_automn_flatten` adds JSON as it is but for the line breaks and tabs between its tokens, which become spaces,
# and `_automn_scan ''` tells whether head and rest together are JSON, as JSON.parse sees it.
# shellcheck source=/dev/null
if [ -n "${BASH_VERSION-}" ]; then . "$AUTOMN_SHELL_BASH"; else . "$AUTOMN_SHELL_POSIX"; fi

# _automn_node: the process that escapes and checks what is large; its command line comes quoted.
if [ -n "${AUTOMN_SHELL_NODE-}" ]; then
  eval "_automn_node() { NODE_OPTIONS='' $AUTOMN_SHELL_NODE; }"
else
  _automn_node() { return 127; }
fi

# The variable that named this file to the shell gets back what it held before.
if [ -n "${AUTOMN_SHELL_VARIABLE-}" ]; then
  unset -v "$AUTOMN_SHELL_VARIABLE"
  if [ -n "${AUTOMN_SHELL_VALUE+set}" ]; then export "$AUTOMN_SHELL_VARIABLE=$AUTOMN_SHELL_VALUE"; fi
fi

case ${AUTOMN_SHELL_VARIABLE-} in
  ENV)
    # dash was called interactive, since only then it reads a file before the script; it is not from here on.
    # shellcheck disable=SC3041
    set +i
    unset -v AUTOMN_SHELL_NODE AUTOMN_SHELL_BASH AUTOMN_SHELL_POSIX AUTOMN_SHELL_VARIABLE AUTOMN_SHELL_VALUE
    ;;
  BASH_ENV)
    unset -v AUTOMN_SHELL_NODE AUTOMN_SHELL_BASH AUTOMN_SHELL_POSIX AUTOMN_SHELL_VARIABLE AUTOMN_SHELL_VALUE
    # bash would have read this file. It expands what stands in the value, and does not search for it.
    case ${BASH_ENV-} in
      '') ;;
      */* | *\$* | *\`*) eval "if [ -r \"$BASH_ENV\" ]; then . \"$BASH_ENV\"; fi" ;;
      *) eval 'if [ -r "./$BASH_ENV" ]; then . "./$BASH_ENV"; fi' ;;
    esac
    ;;
  *) unset -v AUTOMN_SHELL_NODE AUTOMN_SHELL_BASH AUTOMN_SHELL_POSIX AUTOMN_SHELL_VARIABLE AUTOMN_SHELL_VALUE ;;
esac
