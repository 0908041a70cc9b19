# The helpers of a script, and the variables of its run. automn.pssc has it run, in the global scope, before the author's
# file; other sessions get it by the module in modules/Automn.
#
# Windows PowerShell 5.1 reads this file as ANSI: it stays plain ASCII, and within what 5.1 understands.
#
# The functions hold what their parameters need. The work is done by a module (automn-output.ps1), which keeps its own
# names out of the author's sight and the author's strict mode and preferences out of it, and is made when the first
# helper is called: a script that calls none does not wait for it.

# Several values, from the pipeline or as arguments, are returned as an array; one value as it is; none as null.
function AutomnReturn {
  [CmdletBinding()]
  param(
    [Parameter(Position = 0, ValueFromPipeline = $true)] [AllowNull()] $Data,
    [Parameter(ValueFromRemainingArguments = $true)] [object[]] $More
  )
  begin {
    $piped = $MyInvocation.ExpectingInput
    $all = [System.Collections.ArrayList]::new()
  }
  process { if ($piped) { [void] $all.Add($Data) } }
  end {
    if ($piped) { if ($all.Count -eq 1) { $result = $all[0] } elseif ($all.Count -eq 0) { $result = $null } else { $result = $all } }
    elseif ($More) { $result = @(, $Data) + $More }
    else { $result = $Data }
    Write-AutomnLine Return $result
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
  Write-AutomnLine Log @($Message, $Level, $Context, $Type)
}

function AutomnNotify {
  [CmdletBinding()]
  param(
    [Parameter(Position = 0)] [AllowNull()] $Audience,
    [Parameter(Position = 1)] [AllowNull()] $Message,
    [Parameter(Position = 2)] [string] $Level = 'info'
  )
  Write-AutomnLine Notify @($Audience, $Message, $Level)
}

# The arguments on one line; each piped value on a line of its own, after the arguments.
function AutomnRunLog {
  begin {
    $values = @(foreach ($value in $args) { , $value })
    $piped = $MyInvocation.ExpectingInput
  }
  process { if ($piped) { Write-AutomnLine RunLog ($values + @(, $_)) } }
  end { if (-not $piped) { Write-AutomnLine RunLog $values } }
}

function AutomnGetInternalInput { , $global:AutomnInternalInput }
function AutomnGetInternalInputJson { $global:AutomnInternalInputJson }
function AutomnGetInternalInputError { $global:AutomnInternalInputError }
function AutomnHasInternalInputError { $null -ne $global:AutomnInternalInputError }

# Makes the module, whose function of this name takes the place of this one.
function Write-AutomnLine([string] $Helper, $Value) {
  $null = Microsoft.PowerShell.Core\New-Module -Name Automn -Function Write-AutomnLine -Verbose:$false -ScriptBlock {
    . "$args/automn-output.ps1"
  } -ArgumentList $PSScriptRoot
  Write-AutomnLine $Helper $Value
}

# A process that was started ahead waits here for its job.
if ($env:AUTOMN_WARM_CHANNEL -is [string]) { & "$PSScriptRoot/automn-warm.ps1" }

$global:AutomnRunId = $env:AUTOMN_RUN_ID
# Most runs have no input; this is what the other file makes of it, at no cost.
if ($env:AUTOMN_INPUT_JSON -ne '{}') { & "$PSScriptRoot/automn-input.ps1" }
else {
  $global:AutomnInternalInput = $global:AutomnInput = [psobject]::new()
  $global:AutomnInternalInputJson = '{}'
  $global:AutomnInternalInputError = $null
}
