# Runs an author's file in a PowerShell before 7.3, such as Windows PowerShell 5.1: `-File automn-older.ps1 FILE`.
# The file is dot-sourced in the global scope, so the call stack and `$MyInvocation` show this file too.
#
# Windows PowerShell 5.1 reads this file as ANSI: it stays plain ASCII, and within what 5.1 understands.

$global:ProgressPreference = 'SilentlyContinue'
$global:OutputEncoding = [System.Text.UTF8Encoding]::new($false)
# Without a console Windows refuses; then the encoding is what the caller of the process made it.
try { [System.Console]::OutputEncoding = $OutputEncoding } catch { $global:Error.Clear() }
if ([System.Console]::IsInputRedirected -and $env:AUTOMN_INPUT_FILE) { [System.Console]::SetIn([System.IO.File]::OpenText($env:AUTOMN_INPUT_FILE)) }
if ($env:NO_COLOR -ceq 'Yes') { $env:NO_COLOR = $null }
if ($env:POWERSHELL_DIAGNOSTICS_OPTOUT -ceq 'Yes') { $env:POWERSHELL_DIAGNOSTICS_OPTOUT = $null }
$env:PSModulePath = "$env:PSModulePath$([System.IO.Path]::PathSeparator)$PSScriptRoot/modules"
. "$PSScriptRoot/automn.ps1"

# Windows PowerShell takes a file without a byte order mark for ANSI, so what is more than ASCII is compiled here under its
# name; #Requires is not looked at then. No `try` around it: inside one, errors that a script otherwise survives would end
# it.
. (& {
  $text = [System.IO.File]::ReadAllText($args[0])
  if ($PSEdition -eq 'Core' -or $text -notmatch '[^\x00-\x7f]') { return $args[0] }
  $wrong = $null
  $ast = [System.Management.Automation.Language.Parser]::ParseInput($text, $args[0], [ref] $null, [ref] $wrong)
  if (-not $wrong) { return $ast.GetScriptBlock() }
  foreach ($one in $wrong) { [System.Console]::Error.WriteLine('ParserError: {0}:{1}:{2}: {3}', $one.Extent.File, $one.Extent.StartLineNumber, $one.Extent.StartColumnNumber, $one.Message) }
  { exit 1 }
} $args[0])

# Without success the script either did not run at all (a missing #Requires, a mandatory parameter): 1, or said `exit N`:
# N, which the session keeps where it keeps a program's exit code.
if (-not $?) { exit $ExecutionContext.SessionState.PSVariable.GetValue('global:LASTEXITCODE', 1) }
