#!/bin/sh
# Puts a working `pwsh` into a directory and prints its path.
#
# usage: install-powershell.sh [DIRECTORY]     (default: $HOME/.local/share/automn-powershell)
#
# First the finished program, as the .NET tool `PowerShell`. Where the registry does not have it: PowerShell's own
# engine (the package System.Management.Automation) in the small console host of scripts/powershell, which brings
# stand-ins for the most used cmdlets of Microsoft.PowerShell.Utility and Microsoft.PowerShell.Management.
# Exits 0 once `pwsh` answers; otherwise 1, with what each way answered on standard error.
# Runs again at no cost: a `pwsh` that is there, made from the same sources, and answers, stays.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
sources=$here/powershell
target=${1:-$HOME/.local/share/automn-powershell}

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 POWERSHELL_TELEMETRY_OPTOUT=1

say() { printf '%s\n' "$*" >&2; }

# Prints the version that a pwsh answers with; fails where it does not answer with one.
version_of() {
  # shellcheck disable=SC2016 # the dollar signs are PowerShell's
  found=$("$1" -NoLogo -NoProfile -NonInteractive -Command '$PSVersionTable.PSVersion.ToString()' </dev/null 2>&1) || return 1
  case $found in [0-9]*.[0-9]*) printf '%s\n' "$found" ;; *) return 1 ;; esac
}

fingerprint() {
  (cd "$sources" && find . -type f ! -path './bin/*' ! -path './obj/*' -exec cksum {} + | LC_ALL=C sort) | cksum
}

is_current() {
  [ -x "$target/pwsh" ] && [ "$(cat "$target/.made-from" 2>/dev/null)" = "$1" ] && version_of "$target/pwsh" >/dev/null
}

# $1: what is asked for, $2: the log. Says the last words of a way that did not work.
refused() { say "$1: $(tail -n 4 "$2" | tr -s '\n ' ' ')"; }

# Empties the place for a new one; only what this script put there is ever removed.
clear_target() {
  if [ -e "$target/.made-from" ]; then rm -rf "$target"; fi
  mkdir -p "$target"
}

# A tool's starter may hold the path of its program, so it is installed where it stays.
finished_program() {
  clear_target
  printf '%s\n' tool >"$target/.made-from"
  dotnet tool install PowerShell --tool-path "$target" >"$work/tool.log" 2>&1 || { refused "dotnet tool install PowerShell" "$work/tool.log"; return 1; }
  version_of "$target/pwsh" >/dev/null || { say "dotnet tool install PowerShell: installed, but its pwsh does not start here"; return 1; }
}

# $1: true to compile ahead of time (a start takes about a third), false where the compiler for that is not to be had.
publish_host() {
  rm -rf "$work/sources" "$work/host"
  cp -R "$sources" "$work/sources"
  rm -rf "$work/sources/bin" "$work/sources/obj"
  dotnet publish "$work/sources/pwsh.csproj" --configuration Release --use-current-runtime --no-self-contained \
    -nodeReuse:false -p:UseSharedCompilation=false -p:PublishReadyToRun="$1" --output "$work/host" >"$work/host.log" 2>&1 || { refused "dotnet publish scripts/powershell (ahead of time: $1)" "$work/host.log"; return 1; }
  version_of "$work/host/pwsh" >/dev/null || { say "the host in scripts/powershell was built, but does not start here"; return 1; }
  clear_target
  cp -R "$work/host/." "$target/"
  printf '%s\n' "$2" >"$target/.made-from"
}

if is_current tool || is_current "$(fingerprint)"; then
  say "pwsh $(version_of "$target/pwsh") is there already"
  printf '%s\n' "$target/pwsh"
  exit 0
fi
if [ -d "$target" ] && [ ! -e "$target/.made-from" ] && [ -n "$(ls -A "$target")" ]; then
  say "Cannot install PowerShell into $target: it holds other things; wanted an empty or a new directory"
  exit 1
fi
command -v dotnet >/dev/null 2>&1 || { say "Cannot install PowerShell: there is no .NET SDK (dotnet) on PATH"; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if finished_program; then
  kind="the .NET tool PowerShell"
elif publish_host true "$(fingerprint)" || publish_host false "$(fingerprint)"; then
  kind="PowerShell's engine in the host of scripts/powershell, with stand-ins for common cmdlets"
else
  say "Cannot install PowerShell into $target: every way said no"
  exit 1
fi
say "pwsh $(version_of "$target/pwsh"): $kind"
printf '%s\n' "$target/pwsh"
