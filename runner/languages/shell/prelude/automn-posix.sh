# What automn.sh needs to look at single characters, in every shell but bash.
# shellcheck shell=sh

# Moves the first 97 to 128 characters of _automn_rest, or all if there are fewer, to the end of _automn_head. Lengths
# only say when to stop, since a shell may count characters and match bytes.
_automn_take() {
  set -- "$_automn_rest"
  while [ "${#1}" -gt 128 ]; do set -- "${1%????????????????????????????????}"; done
  _automn_head=$_automn_head$1
  if [ "$1" = "$_automn_rest" ]; then set -- '' && _automn_rest=''; fi
  while :; do
    case $1 in
      ????????????????????????????????*)
        _automn_rest=${_automn_rest#????????????????????????????????}
        set -- "${1#????????????????????????????????}"
        ;;
      ????*) _automn_rest=${_automn_rest#????} && set -- "${1#????}" ;;
      ?*) _automn_rest=${_automn_rest#?} && set -- "${1#?}" ;;
      *) return 0 ;;
    esac
  done
}

# Adds a text to the line as a JSON string.
_automn_escape() {
  _automn_rest=$1 _automn_line=$_automn_line\"
  while [ -n "$_automn_rest" ]; do
    _automn_head='' _automn_part=''
    _automn_take
    while :; do
      case $_automn_head in
        \"*) _automn_part=$_automn_part\\\" _automn_head=${_automn_head#?} ;;
        \\*) _automn_part=$_automn_part\\\\ _automn_head=${_automn_head#?} ;;
        '
'*) _automn_part=$_automn_part\\n _automn_head=${_automn_head#?} ;;
        '') break ;;
        [[:cntrl:]]*) _automn_escape_control ;;
        *)
          set -- "${_automn_head%%[\"\\[:cntrl:]]*}"
          _automn_part=$_automn_part$1 _automn_head=${_automn_head#"$1"}
          ;;
      esac
    done
    _automn_line=$_automn_line$_automn_part
  done
  _automn_line=$_automn_line\"
}

# Adds JSON to the line as it is, but for the line breaks and tabs between its tokens, which become spaces.
_automn_flatten() {
  case $1 in
    *[[:cntrl:]]*) _automn_rest=$1 ;;
    *) _automn_line=$_automn_line$1 ;;
  esac
  while [ -n "$_automn_rest" ]; do
    _automn_head='' _automn_part=''
    _automn_take
    while [ -n "$_automn_head" ]; do
      case $_automn_head in
        [[:cntrl:]]*)
          if _automn_blank; then _automn_part="$_automn_part " _automn_head=${_automn_head#?}; else _automn_escape_control; fi
          ;;
        *)
          set -- "${_automn_head%%[[:cntrl:]]*}"
          _automn_part=$_automn_part$1 _automn_head=${_automn_head#"$1"}
          ;;
      esac
    done
    _automn_line=$_automn_line$_automn_part
  done
}

# Tells whether head and rest together end a JSON text. $1 is the brackets that are open, the innermost first, and
# _automn_part what may come now: v a value, i a value or `]`, k a key, m a key or `}`, c a colon, a what follows a
# value, s the rest of a string, n the rest of a key.
_automn_scan() {
  while :; do
    case $_automn_part$_automn_head in
      [vi][0-9][],\}]*) _automn_part=a ;;
      [vi][1-9][0-9][],\}]* | [vi]'[]'* | [vi]'{}'*) _automn_part=a _automn_head=${_automn_head#?} ;;
      a,*) case $1 in \[*) _automn_part=v ;; \{*) _automn_part=k ;; *) return 1 ;; esac ;;
      [vi]\"*) _automn_part=s ;;
      [km]\"*) _automn_part=n ;;
      s\"*) _automn_part=a ;;
      n\"*) _automn_part=c ;;
      c:*) _automn_part=v ;;
      [sn][!\"\\[:cntrl:]]*)
        set -- "$1" "${_automn_head%%[\"\\[:cntrl:]]*}"
        _automn_head=${_automn_head#"$2"}
        continue
        ;;
      [vi][0-9-]*)
        set -- "$1" "${_automn_head%%[!0-9.eE+-]*}"
        if [ "$2" = "$_automn_head" ] && [ -n "$_automn_rest" ]; then
          _automn_take
          continue
        fi
        _automn_is_number "${2#-}" || return 1
        _automn_part=a _automn_head=${_automn_head#"$2"}
        continue
        ;;
      [vi]'[[[['*) _automn_part=i _automn_head=${_automn_head#???} && set -- "[[[[$1" ;;
      [vi]\[*) _automn_part=i && set -- "[$1" ;;
      [vi]\{*) _automn_part=m && set -- "{$1" ;;
      [ai]\]*) case $1 in \[*) _automn_part=a && set -- "${1#?}" ;; *) return 1 ;; esac ;;
      [am]\}*) case $1 in \{*) _automn_part=a && set -- "${1#?}" ;; *) return 1 ;; esac ;;
      [vikmca]"    "*) _automn_head=${_automn_head#???} ;;
      [vikmca]" "* | [vikmca]"
"*) ;;
      [vikmca][[:space:]]*) _automn_blank || return 1 ;;
      [sn]\\[\"\\/bfnrt]*) _automn_head=${_automn_head#?} ;;
      [sn]\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]*) _automn_head=${_automn_head#?????} ;;
      [vi]true* | [vi]null*) _automn_part=a _automn_head=${_automn_head#???} ;;
      [vi]false*) _automn_part=a _automn_head=${_automn_head#????} ;;
      [sn][[:cntrl:]]*) if _automn_control; then return 1; fi ;;
      *)
        if [ -n "$_automn_rest" ] && [ "${#_automn_head}" -lt 8 ]; then
          _automn_take
          continue
        fi
        [ "$_automn_part$1$_automn_head$_automn_rest" = a ]
        return
        ;;
    esac
    _automn_head=${_automn_head#?}
  done
}

# Tells whether a text without its minus sign is a number of JSON.
_automn_is_number() {
  case $1 in
    [0-9]) return 0 ;;
    0[0-9]* | [!0-9]* | '') return 1 ;;
  esac
  set -- "${1##"${1%%[!0-9]*}"}"
  case $1 in .[0-9]*) set -- "${1#.}" && set -- "${1##"${1%%[!0-9]*}"}" ;; esac
  case $1 in [eE][0-9]* | [eE][+-][0-9]*) set -- "${1#??}" && set -- "${1##"${1%%[!0-9]*}"}" ;; esac
  [ -z "$1" ]
}

# Of the character that _automn_head begins with, _automn_blank and _automn_control tell whether it is a blank or a
# control character of JSON, and _automn_escape_control moves it to the end of _automn_part, escaped if it is one.
eval "$(
  printf '_automn_blank() { case %s in [" \n\t\r"]*) ;; *) return 1 ;; esac; }\n' "\$_automn_head"
  printf '_automn_control() { case %s in ["%b%b"]*) ;; *) return 1 ;; esac; }\n' "\$_automn_head" \
    '\0001\0002\0003\0004\0005\0006\0007\0010\0011\0012\0013\0014\0015\0016\0017\0020' \
    '\0021\0022\0023\0024\0025\0026\0027\0030\0031\0032\0033\0034\0035\0036\0037'
  printf '_automn_escape_control() {\ncase %s in\n' "\$_automn_head"
  printf '"%b"*) set -- "%s" ;;\n' \
    '\0011' '\t' '\0015' '\r' '\0033' '\u001b' '\0001' '\u0001' '\0002' '\u0002' '\0003' '\u0003' \
    '\0004' '\u0004' '\0005' '\u0005' '\0006' '\u0006' '\0007' '\u0007' '\0010' '\b' '\0013' '\u000b' \
    '\0014' '\f' '\0016' '\u000e' '\0017' '\u000f' '\0020' '\u0010' '\0021' '\u0011' '\0022' '\u0012' \
    '\0023' '\u0013' '\0024' '\u0014' '\0025' '\u0015' '\0026' '\u0016' '\0027' '\u0017' '\0030' '\u0018' \
    '\0031' '\u0019' '\0032' '\u001a' '\0034' '\u001c' '\0035' '\u001d' '\0036' '\u001e' '\0037' '\u001f' \
    '\0012' '\n'
  printf '*) set -- "%s" ;;\nesac\n' "\${_automn_head%\"\${_automn_head#?}\"}"
  printf '_automn_part=%s _automn_head=%s\n}\n' "\$_automn_part\$1" "\${_automn_head#?}"
)"
