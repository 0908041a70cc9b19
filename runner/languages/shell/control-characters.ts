// Shell functions that know the control characters of JSON, which plain sh can spell only by starting a process.

const CONTROLS = Array.from({ length: 31 }, (_, index) => String.fromCharCode(index + 1)).join("");
/** The usual ones first, since a shell tries one after the other. */
const BY_USE = [..."\t\r\u001b"].concat([...CONTROLS.replace(/[\t\r\u001b]/g, "")]);

/** Definitions for prelude/json-posix.sh, which tells what they do. */
export const CONTROL_FUNCTIONS = `
_automn_blank() { case $_automn_head in [" \n\t\r"]*) ;; *) return 1 ;; esac; }
_automn_control() { case $_automn_head in ["${CONTROLS}"]*) ;; *) return 1 ;; esac; }
_automn_escape_control() {
  case $_automn_head in
${BY_USE.map((control) => `"${control}"*) set -- '${JSON.stringify(control).slice(1, -1)}' ;;`).join("\n")}
  *) set -- "\${_automn_head%"\${_automn_head#?}"}" ;;
  esac
  _automn_part=$_automn_part$1 _automn_head=\${_automn_head#?}
}`;
