# Runs an author's file in a PowerShell before 7.3, such as Windows PowerShell 5.1: `-File automn-older.ps1 FILE`.
# The file is dot-sourced in the global scope, so the call stack and `$MyInvocation` show this file too.
#
# Windows PowerShell 5.1 reads this file as ANSI: it stays plain ASCII, and within what 5.1 understands.

$global:ProgressPreference = 'SilentlyContinue'
$global:OutputEncoding = [System.Text.UTF8Encoding]::new($false)
# Without a console Windows refuses; then the encoding is what the caller of the process made it.
try { [System.Console]::OutputEncoding = $OutputEncoding } catch { $global:Error.Clear() }
if ([System.Console]::IsInputRedirected -and $env:AUTOMN_INPUT_FILE) { [System.Console]::SetIn([System.IO.File]::OpenText($env:AUTOMN_INPUT_FILE)) }
if ($env:NO_COLOR -eq 'automn') { $env:NO_COLOR = $null }
if ($env:POWERSHELL_DIAGNOSTICS_OPTOUT -eq 'automn') { $env:POWERSHELL_DIAGNOSTICS_OPTOUT = $null }
$env:PSModulePath = "$env:PSModulePath$([System.IO.Path]::PathSeparator)$PSScriptRoot/modules"
. "$PSScriptRoot/automn.ps1"

# Windows PowerShell takes a file without a byte order mark for ANSI, so it is compiled here under its name. No `try`
# around it: inside one, errors that a script otherwise survives would end it.
. ([System.Management.Automation.Language.Parser]::ParseInput([System.IO.File]::ReadAllText($args[0]), $args[0], [ref] $null, [ref] $null).GetScriptBlock())

# Without success the script either did not run at all (a missing #Requires, a mandatory parameter): 1, or said `exit N`:
# N, which the session keeps where it keeps a program's exit code.
if (-not $?) { exit $ExecutionContext.SessionState.PSVariable.GetValue('global:LASTEXITCODE', 1) }
