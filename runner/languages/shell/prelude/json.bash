# What automn.sh needs to look at single characters, by bash's own means. A replacement looks at the whole text at once,
# so 1 KiB of quotes or numbers is a fraction of a millisecond.
# shellcheck shell=bash

# In blocks, since in UTF-8 each replacement looks through all that is left.
_automn_escape() {
  _automn_rest=$1 _automn_line=$_automn_line\"
  while [[ -n $_automn_rest ]]; do
    _automn_head=${_automn_rest:0:128} _automn_rest=${_automn_rest:128}
    _automn_head=${_automn_head//\\/\\\\}
    _automn_head=${_automn_head//\"/\\\"}
    _automn_head=${_automn_head//$'\n'/\\n}
    case $_automn_head in *[[:cntrl:]]*) _automn_escape_controls ;; esac
    _automn_line=$_automn_line$_automn_head
  done
  _automn_line=$_automn_line\"
}

_automn_escape_controls() {
  set -- $'\b' '\b' $'\t' '\t' $'\f' '\f' $'\r' '\r' $'\1' '\u0001' $'\2' '\u0002' $'\3' '\u0003' \
    $'\4' '\u0004' $'\5' '\u0005' $'\6' '\u0006' $'\7' '\u0007' $'\13' '\u000b' $'\16' '\u000e' \
    $'\17' '\u000f' $'\20' '\u0010' $'\21' '\u0011' $'\22' '\u0012' $'\23' '\u0013' $'\24' '\u0014' \
    $'\25' '\u0015' $'\26' '\u0016' $'\27' '\u0017' $'\30' '\u0018' $'\31' '\u0019' $'\32' '\u001a' \
    $'\33' '\u001b' $'\34' '\u001c' $'\35' '\u001d' $'\36' '\u001e' $'\37' '\u001f'
  while (($#)); do
    _automn_head=${_automn_head//"$1"/"$2"}
    shift 2
  done
}

_automn_flatten() {
  _automn_line=$_automn_line${1//[$'\n\t\r']/ }
}

# The text becomes shorter, one kind of token after another, until it is the value `V` alone or no rule fits. A rule
# never puts side by side what makes a token together, so what was wrong stays wrong.
_automn_scan() {
  # shellcheck disable=SC2194
  case A in
    a) _automn_call _automn_reduce_by_case ;;
    *) _automn_reduce ;;
  esac
}

# The same where the script has set nocasematch.
_automn_reduce_by_case() {
  _automn_asking=yes command shopt -u nocasematch
  if _automn_reduce; then set -- 0; else set -- 1; fi
  _automn_asking=yes command shopt -s nocasematch
  return "$1"
}

_automn_reduce() {
  _automn_strings '' || return 1
  case $_automn_head in
    *[!][{}:,\"0123456789eE.+trufalsn$' \n\t\r'-]*) return 1 ;;
  esac
  _automn_head=${_automn_head//true/V}
  _automn_head=${_automn_head//false/V}
  _automn_head=${_automn_head//null/V}
  _automn_numbers || return 1
  _automn_head=${_automn_head//[$' \n\t\r']/}
  _automn_head=${_automn_head//\":/K}
  _automn_head=${_automn_head//\"/V}
  _automn_nesting
  [[ $_automn_head == V ]]
}

# Head becomes rest with `"` for every string: what stands between quotes becomes the parameters 2, 4, 6 and so on.
_automn_strings() {
  case $_automn_rest in
    *[$'\1\2\3\4\5\6\a\b\v\f\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37']*) return 1 ;;
    *\\*)
      _automn_rest=${_automn_rest//\\\\/_}
      _automn_rest=${_automn_rest//\\[\"\/bfnrt]/_}
      _automn_rest=${_automn_rest//\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]/_}
      case $_automn_rest in *\\*) return 1 ;; esac
      ;;
  esac
  _automn_rest=${_automn_rest//\'/_}
  eval "\\set -- '${_automn_rest//\"/"' '"}'"
  (($# % 2)) || return 1
  while (($# > 1)); do
    case $2 in *[$'\n\t\r']*) return 1 ;; esac
    _automn_head+=$1\"
    shift 2
  done
  _automn_head+=$1
}

# Every number in head becomes `V`: digits become 1, a run of them one 1, `1.1` becomes 2, and so on.
_automn_numbers() {
  _automn_head=${_automn_head//E/e}
  _automn_head=${_automn_head//e[+-]/e}
  case " $_automn_head" in *[!0-9.e]0[0-9]*) return 1 ;; esac
  _automn_head=${_automn_head//[0-9]/1}
  while [[ $_automn_head == *11* ]]; do _automn_head=${_automn_head//11/1}; done
  _automn_head=${_automn_head//1.1/2}
  _automn_head=${_automn_head//[12]e1/1}
  _automn_head=${_automn_head//2/1}
  _automn_head=${_automn_head//-1/1}
  _automn_head=${_automn_head//1/V}
}

# Head loses its brackets from the inside: `K` is a key with its colon, `P` one or more members, `L` two or more
# elements. A key takes its value before anything takes the comma behind it.
_automn_nesting() {
  _automn_head=${_automn_head//\[\]/V}
  _automn_head=${_automn_head//\{\}/V}
  set -- ''
  while [[ $1 != "$_automn_head" ]]; do
    set -- "$_automn_head"
    case $_automn_head in
      *'[[[[[[[['*) _automn_head=${_automn_head//"[[[[[[[[[[[[[[[[[[[[[[[[V]]]]]]]]]]]]]]]]]]]]]]]]"/V} ;;
      *'{K{K{K{K'*) _automn_head=${_automn_head//"{K{K{K{K{K{K{K{KV}}}}}}}}"/V} ;;
    esac
    _automn_head=${_automn_head//KV/P}
    case $_automn_head in
      *,*)
        _automn_head=${_automn_head//P,P/P}
        _automn_head=${_automn_head//V,V/L}
        _automn_head=${_automn_head//L,L/L}
        _automn_head=${_automn_head//L,V/L}
        _automn_head=${_automn_head//V,L/L}
        ;;
    esac
    _automn_head=${_automn_head//\{P\}/V}
    _automn_head=${_automn_head//\[[VL]\]/V}
  done
}
