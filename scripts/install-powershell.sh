#!/bin/sh
# Installs PowerShell as the .NET tool of that name, and prints the path of its `pwsh`.
#
# usage: install-powershell.sh [DIRECTORY]     (default: $HOME/.local/powershell)
#
# Needs the .NET SDK: `dotnet` on PATH, or in $DOTNET_ROOT. Does nothing where this version is there and starts; puts
# another version, or a broken one, right. Exits 1 with the reason on standard error.
set -eu

version=7.6.9
target=${1:-$HOME/.local/powershell}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 POWERSHELL_TELEMETRY_OPTOUT=1
PATH=$PATH${DOTNET_ROOT:+:$DOTNET_ROOT}

fail() {
  printf 'Cannot install PowerShell %s into %s: %s\n' "$version" "$target" "$1" >&2
  exit 1
}

# Prints what the installed pwsh answers: its version, or why it does not start.
# shellcheck disable=SC2016 # the dollar sign is PowerShell's
answer() { "$target/pwsh" -NoLogo -NoProfile -NonInteractive -Command '"$($PSVersionTable.PSVersion)"' </dev/null 2>&1 || true; }

if [ "$(answer)" != "$version" ]; then
  command -v dotnet >/dev/null || fail "there is no .NET SDK: dotnet is neither on PATH nor in \$DOTNET_ROOT"
  dotnet tool uninstall PowerShell --tool-path "$target" >/dev/null 2>&1 || true
  log=$(dotnet tool install PowerShell --version "$version" --tool-path "$target" 2>&1) || fail "$log"
  [ "$(answer)" = "$version" ] || fail "it is installed, but does not start: $(answer)"
fi
printf '%s\n' "$target/pwsh"
