# An input that is not empty, and an author's file that is not simply run: what automn.ps1 dot-sources for those.
#
# Windows PowerShell 5.1 reads this file too as ANSI: it stays plain ASCII, and within what 5.1 understands.

$script:Reading = {}
$script:Names = 'Input', 'InternalInput', 'InternalInputJson', 'InternalInputError'

# ---- the input

function script:ReadText {
  if ($Run.HasText) { return }
  $Run.HasText = $true
  $Run.Json = '{}'
  try {
    if ($env:AUTOMN_INPUT_JSON) { $Run.Json = $env:AUTOMN_INPUT_JSON }
    elseif ($env:AUTOMN_INPUT_FILE) { $Run.Json = [System.IO.File]::ReadAllText($env:AUTOMN_INPUT_FILE, $Utf8) }
  } catch { $Run.Fault = $_.Exception.Message; $Run.HasValue = $true }
}

function script:ReadInput {
  ReadText
  if ($Run.HasValue) { return }
  $Run.HasValue = $true
  # Most runs have no input; this is the same value without loading a module for it.
  if ($Run.Json -eq '{}') { $Run.Value = [psobject]::new(); return }
  $options = @{ InputObject = $Run.Json }
  if ($PSVersionTable.PSVersion.Major -ge 7) { $options.NoEnumerate = $true }
  try { $Run.Value = Microsoft.PowerShell.Utility\ConvertFrom-Json @options }
  catch { $Run.Fault = $_.Exception.Message }
}

function script:InputPart([string] $Name) {
  switch ($Name) {
    'InternalInputJson' { ReadText; $Run.Json }
    'InternalInputError' { ReadInput; $Run.Fault }
    default { ReadInput; , $Run.Value }
  }
}

# A big input (it comes as a file alone) is read when a script first looks at one of its variables.
function script:DefineLazily {
  $type = & ([scriptblock]::Create('
    class AutomnLazyVariable : System.Management.Automation.PSVariable {
      hidden [scriptblock] $Read; hidden [object] $Kept; hidden [bool] $Known
      AutomnLazyVariable([string] $name, [scriptblock] $read) : base($name) { $this.Read = $read }
      [object] get_Value() { if (-not $this.Known) { $this.set_Value((& $this.Read $this.Name)) }; return $this.Kept }
      [void] set_Value([object] $value) { $this.Kept = $value; $this.Known = $true }
    }
    [AutomnLazyVariable]'))
  foreach ($name in $Names) {
    $ExecutionContext.SessionState.PSVariable.Set($type::new("global:Automn$name", { InputPart ($args[0] -replace '^(global:)?Automn') }))
  }
}
# Gives the author the input, whatever it is.
function script:SetInput {
  $script:Run = @{}
  if (-not $env:AUTOMN_INPUT_JSON -and $env:AUTOMN_INPUT_FILE) {
    try { DefineLazily; return } catch { $script:Run = @{} }
  }
  $global:AutomnInput = InputPart Input
  $global:AutomnInternalInput = $global:AutomnInput
  $global:AutomnInternalInputJson = InputPart InternalInputJson
  $global:AutomnInternalInputError = InputPart InternalInputError
}

# ---- the author's file

# Does the script in $File look at its pipeline input? Only then is it given any, since a script with
# [CmdletBinding()] and no parameter for it answers with an error.
function script:TakesInput([string] $File) {
  $text = [System.IO.File]::ReadAllText($File, $Utf8)
  if ($text -notmatch '[$@{]input\b|\bprocess\s*\{|ValueFromPipeline') { return $false }
  $block = [System.Management.Automation.Language.Parser]::ParseInput($text, $File, [ref] $null, [ref] $null).ParamBlock
  if ($null -eq $block) { return $true }
  $marks = @($block.Attributes) + @($block.Parameters | ForEach-Object { $_.Attributes }) | Where-Object { $_.TypeName.Name -match '^(CmdletBinding|Parameter)(Attribute)?$' }
  if (-not $marks) { return $true }
  @($marks | ForEach-Object { $_.NamedArguments } | Where-Object { $_.ArgumentName -eq 'ValueFromPipeline' }).Count -gt 0
}

# What to dot-source, and behind it, for a script that looks at it, the input as lines (of which it has one).
function script:LaunchWithInput([string] $File) {
  $script = Runnable $File
  if (-not (TakesInput $File)) { return $script }
  ReadText
  , @($script, @($Run.Json -split "`r?`n" -ne ''))
}

# Windows PowerShell reads a file without a byte order mark as ANSI, so a file that is more than
# ASCII is read here and compiled under its name; such a script has no $MyInvocation.MyCommand.Path, all else holds.
function script:Runnable([string] $File) {
  if ($PSVersionTable.PSVersion.Major -ge 6) { return $File }
  $text = [System.IO.File]::ReadAllText($File, $Utf8)
  if ($text -notmatch '[^\x00-\x7f]') { return $File }
  Compiled $File $text
}

function script:Compiled([string] $File, [string] $Text) {
  $wrong = $null
  $ast = [System.Management.Automation.Language.Parser]::ParseInput($Text, $File, [ref] $null, [ref] $wrong)
  if (-not $wrong) { return $ast.GetScriptBlock() }
  foreach ($one in $wrong) { [System.Console]::Error.WriteLine('ParserError: {0}:{1}:{2}: {3}', $File, $one.Extent.StartLineNumber, $one.Extent.StartColumnNumber, $one.Message) }
  { exit 1 }
}
