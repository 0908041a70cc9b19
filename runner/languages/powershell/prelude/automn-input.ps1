# Gives the author the input as variables, where there is one (automn.ps1).
#
# Windows PowerShell 5.1 reads this file as ANSI: it stays plain ASCII, and within what 5.1 understands.
param([string] $File = '')

# A large input comes as a file alone, and is read when a script first looks at one of the variables: this file is then
# run again, with that file's name, and puts the values there. A class costs as much as a small input, so it is compiled
# for a large one only.
if (-not $File -and -not $env:AUTOMN_INPUT_JSON -and $env:AUTOMN_INPUT_FILE) {
  $lazy = & ([scriptblock]::Create('
    class AutomnLazyVariable : System.Management.Automation.PSVariable {
      hidden [string] $Reader; hidden [string] $File; hidden [object] $Kept; hidden [bool] $IsKnown
      AutomnLazyVariable([string] $name, [string] $reader, [string] $file) : base($name) { $this.Reader = $reader; $this.File = $file }
      [object] get_Value() { if (-not $this.IsKnown) { & $this.Reader $this.File }; return $this.Kept }
      [void] set_Value([object] $value) { $this.Kept = $value; $this.IsKnown = $true }
    }
    [AutomnLazyVariable]'))
  foreach ($name in 'Input', 'InternalInput', 'InternalInputJson', 'InternalInputError') {
    $ExecutionContext.SessionState.PSVariable.Set($lazy::new("global:Automn$name", $PSCommandPath, $env:AUTOMN_INPUT_FILE))
  }
  return
}

$json = '{}'
$value = $null
$fault = $null
try {
  if ($File) { $json = [System.IO.File]::ReadAllText($File) } elseif ($env:AUTOMN_INPUT_JSON) { $json = $env:AUTOMN_INPUT_JSON }
  # What ConvertFrom-Json does, without importing a module for it.
  $null = [System.Reflection.Assembly]::Load([psobject].Assembly.FullName.Replace('System.Management.Automation', 'Microsoft.PowerShell.Commands.Utility'))
  $problem = $null
  $value = [Microsoft.PowerShell.Commands.JsonObject]::ConvertFromJson($json, [ref] $problem)
  if ($null -ne $problem) { $fault = $problem.Exception.Message }
} catch {
  $fault = if ($null -ne $_.Exception.InnerException) { $_.Exception.InnerException.Message } else { $_.Exception.Message }
  $global:Error.RemoveAt(0)
}
$global:AutomnInternalInput = $global:AutomnInput = $value
$global:AutomnInternalInputJson = $json
$global:AutomnInternalInputError = $fault
