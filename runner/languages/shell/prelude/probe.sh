# Tells in one line of JSON which shell this is: its version, where it knows one, and its flavour. `bash` reads the file
# that BASH_ENV names before a script, `dash` the one that ENV names if it is told to be interactive; any other is `sh`,
# also a bash that plays one. A file and not a `-c`: bash with a socket for its standard input and a `-c` reads ~/.bashrc.
version=${BASH_VERSION-${ZSH_VERSION-${YASH_VERSION-}}}
flavour='sh'
if [ -n "${BASH_VERSION-}" ]; then
  # shellcheck disable=SC3028 # a bash has it
  case ":${SHELLOPTS-}:" in *:posix:*) ;; *) flavour=bash ;; esac
else
  case $(set -o 2>/dev/null) in *interactive*nolog*debug*) flavour=dash ;; esac
fi
printf '{"version":"%s","flavour":"%s"}\n' "${version%%[!0-9.]*}" "$flavour"
