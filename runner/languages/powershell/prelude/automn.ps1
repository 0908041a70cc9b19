# The helpers of a PowerShell script, and the start of the author's file.
#
#   automn.ps1 FILE           defines the helpers, makes the session ready for one run, and runs FILE as
#                             `pwsh -File FILE` would
#   $m = . automn.ps1         only defines them; `& $m { MakeReady }` makes ready for a run later
#
# Windows PowerShell 5.1 reads this file as ANSI: it stays plain ASCII, and within what 5.1 understands.
#
# Every script waits for all of this, so it holds what every script needs; the rest is read when it is first wanted, from
# the files beside it. What costs here is the first use of a method, a property or an operator, for which PowerShell
# compiles code each time anew (`-is`, a static property and a variable are free, a cmdlet is dear).

# ------------------------------------------------------------------------------------------------ 1. the helpers
# A module keeps what only the helpers need out of the author's sight, and the author's strict mode and preferences
# out of the helpers. None of them calls a cmdlet that an author may replace, ConvertFrom-Json by its full name apart.
& (New-Module -Name Automn -ArgumentList $PSScriptRoot -ScriptBlock {
  param([string] $Prelude)
  $ErrorActionPreference = 'Stop'
  # Newer ones keep a caller's strict mode out of a module by themselves.
  if ($PSEdition -ne 'Core') { Set-StrictMode -Off }
  $Utf8 = [System.Text.UTF8Encoding]::new($false)
  $Run = @{}
  # What is dot-sourced before the first use of what it holds; once that is there, nothing.
  $Writing = "$Prelude/automn-output.ps1"
  $Reading = "$Prelude/automn-input.ps1"

  # Several values, from the pipeline or as arguments, are returned as an array; one value as it is; none as null.
  function AutomnReturn {
    [CmdletBinding()]
    param(
      [Parameter(Position = 0, ValueFromPipeline = $true)] [AllowNull()] $Data,
      [Parameter(ValueFromRemainingArguments = $true)] [object[]] $More
    )
    begin {
      . $Writing
      $piped = $MyInvocation.ExpectingInput
      $all = [System.Collections.ArrayList]::new()
    }
    process { if ($piped) { [void] $all.Add($Data) } }
    end {
      if ($piped) { if ($all.Count -eq 1) { $result = $all[0] } elseif ($all.Count -eq 0) { $result = $null } else { $result = $all } }
      elseif ($More) { $result = @(, $Data) + $More }
      else { $result = $Data }
      SendMade AutomnReturn { '__SCRIPTRETURN__' + (ToJson $result) }
    }
  }

  function AutomnLog {
    [CmdletBinding()]
    param(
      [Parameter(Position = 0)] [AllowNull()] $Message,
      [Parameter(Position = 1)] [string] $Level = 'info',
      [Parameter(Position = 2)] [AllowNull()] $Context,
      [Parameter(Position = 3)] [string] $Type = 'general'
    )
    . $Writing
    if ($null -eq $Context) { $Context = @{} }
    $entry = [ordered] @{ message = Readable $Message; level = $Level; context = $Context; type = $Type }
    SendMade AutomnLog { '__SCRIPTLOG__' + (ToJson $entry) }
  }

  function AutomnNotify {
    [CmdletBinding()]
    param(
      [Parameter(Position = 0)] [AllowNull()] $Audience,
      [Parameter(Position = 1)] [AllowNull()] $Message,
      [Parameter(Position = 2)] [string] $Level = 'info'
    )
    . $Writing
    $entry = [ordered] @{ audience = $Audience; message = Readable $Message; level = $Level }
    SendMade AutomnNotify { '__SCRIPTNOTIFY__' + (ToJson $entry) }
  }

  # The arguments on one line; each piped value on a line of its own, behind the arguments.
  function AutomnRunLog {
    begin {
      $words = @(foreach ($value in $args) { , $value })
      $piped = $MyInvocation.ExpectingInput
      . $Writing
    }
    process { if ($piped) { $all = $words + @(, $_); SendMade AutomnRunLog { Words $all } } }
    end { if (-not $piped) { SendMade AutomnRunLog { Words $words } } }
  }

  function AutomnGetInternalInput { . $Reading; ReadInput; , $Run.Value }
  function AutomnGetInternalInputJson { . $Reading; ReadText; $Run.Json }
  function AutomnGetInternalInputError { . $Reading; ReadInput; $Run.Fault }
  function AutomnHasInternalInputError { . $Reading; ReadInput; $null -ne $Run.Fault }
}) {
  # Not exported, since the module is made.
  param([object[]] $Start)

  # Makes the session ready for one run: UTF-8 in and out, no colours, no progress bars, and the input as [Console]::In:
  # the session has by now read standard input to its end, which would leave the author nothing, and Windows PowerShell
  # reads it as ANSI.
  function script:MakeReady {
    $global:ProgressPreference = 'SilentlyContinue'
    $global:OutputEncoding = $Utf8
    if ($PSStyle -is [object]) { $PSStyle.OutputRendering = 'PlainText' }
    try {
      # Without a console Windows refuses; then the encoding is what the caller of the process made it.
      if ([System.Console]::OutputEncoding.CodePage -ne 65001 -or $PSEdition -ne 'Core') { [System.Console]::OutputEncoding = $Utf8 }
    } catch { $global:Error.Clear() }
    try {
      if ([System.Console]::IsInputRedirected) { [System.Console]::SetIn([System.IO.File]::OpenText($env:AUTOMN_INPUT_FILE)) }
    } catch { $global:Error.Clear() }
    # Asked for by languages/powershell.ts for this process alone.
    if ($env:POWERSHELL_DIAGNOSTICS_OPTOUT -eq 'yes') { $env:POWERSHELL_DIAGNOSTICS_OPTOUT = $null }
    # For the helpers in other runspaces of this process (ForEach-Object -Parallel, thread jobs) and in pwsh children.
    $modules = [System.IO.Path]::Combine($Prelude, 'modules')
    $separator = [System.IO.Path]::PathSeparator
    if (-not "$env:PSModulePath".Contains($modules)) { $env:PSModulePath = "$env:PSModulePath$separator$modules" }
    . $SetVariables
    # What read the input may have left errors that are none of the author's.
    if ($Reading -isnot [string]) { $global:Error.Clear() }
  }

  # Sets what the helpers and the author know of one run, from the environment. Most runs have no input.
  $script:SetVariables = {
    $global:AutomnRunId = $env:AUTOMN_RUN_ID
    if ($env:AUTOMN_INPUT_JSON -ne '{}') { . $Reading; SetInput; return }
    $value = [psobject]::new()
    $script:Run = @{ HasText = $true; Json = '{}'; HasValue = $true; Value = $value }
    $global:AutomnInput = $value
    $global:AutomnInternalInput = $value
    $global:AutomnInternalInputJson = '{}'
    $global:AutomnInternalInputError = $null
  }

  # What to dot-source for a file, and behind it, for a script that looks at it, the input. Words tell which does not.
  function script:Launch([string] $File) {
    $text = [System.IO.File]::ReadAllText($File, $Utf8)
    foreach ($word in 'input', 'process', 'ValueFromPipeline') {
      if ($text.IndexOf($word, [System.StringComparison]::OrdinalIgnoreCase) -ge 0) { . $Reading; return LaunchWithInput $File }
    }
    if ($PSEdition -ne 'Core') { . $Reading; return Runnable $File }
    $File
  }

  # The caller's own argument is replaced by what it shall run, which leaves no variable in the author's sight.
  function script:Begin([object[]] $Start, [string] $File) { MakeReady; $Start[0] = Launch $File }

  if ($Start[0] -isnot [string]) { $ExecutionContext.SessionState.Module }
  # A session that was started ahead waits here for its script.
  elseif ($env:AUTOMN_WARM_CHANNEL -is [string]) { & "$Prelude/automn-warm.ps1" $Start }
  else { Begin $Start $Start[0] }
} $args

# ------------------------------------------------------------------------------------------- 2. the author's file
# In the global scope and without a variable of our own, as `pwsh -File` does it. No `try` around it: inside one, errors
# that a script otherwise survives would end it. What it throws is reported by pwsh itself, which then exits with 1.
if ($args[0] -is [object]) {
  if ($args[0] -is [array]) {
    $args[0][1] | . $args[0][0]
  } else {
    . $args[0]
  }
  # Without success the script either did not run at all (a parse error, a missing #Requires, a mandatory parameter): 1,
  # or said `exit N`: N, which the session keeps where it keeps a program's exit code. A program's own code leaves the
  # script a success, for pwsh too. ($PSCmdlet.WriteError in the script's own body counts as no success here.)
  if (-not $?) { exit $ExecutionContext.SessionState.PSVariable.GetValue('global:LASTEXITCODE', 1) }
}
