# What automn.sh needs to look at single characters, in every shell but bash.
# shellcheck shell=sh

# Moves the first 97 to 128 characters of _automn_rest, or all if there are fewer, to the end of _automn_head. Lengths
# only say when to stop, since a shell may count characters and match bytes.
_automn_take() {
  set -- "$_automn_rest"
  while case $((${#1} > 128)) in 0) ! : ;; esac; do set -- "${1%????????????????????????????????}"; done
  _automn_head=$_automn_head$1
  case $1 in "$_automn_rest") set -- '' && _automn_rest='' ;; esac
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
  while case $_automn_rest in '') ! : ;; esac; do
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
  while case $_automn_rest in '') ! : ;; esac; do
    _automn_head='' _automn_part=''
    _automn_take
    while case $_automn_head in '') ! : ;; esac; do
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
        case $2,$_automn_rest in "$_automn_head",?*) _automn_take && continue ;; esac
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
        case $((${#_automn_head} < 8)),$_automn_rest in 1,?*) _automn_take && continue ;; esac
        case $_automn_part$1$_automn_head$_automn_rest in a) return 0 ;; *) return 1 ;; esac
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
  case $1 in '') ;; *) return 1 ;; esac
}

# _automn_blank and _automn_control tell whether the character that _automn_head begins with is a blank or a control
# character of JSON, and _automn_escape_control moves it to the end of _automn_part, escaped if it is one. They come from
# ../control-characters.ts, since a shell would have to start a process to spell these characters.
eval "$AUTOMN_SHELL_CONTROLS"
