@{
  GUID = '1DA87E53-152B-403E-98DC-74D7B4D63D59'
  ModuleVersion = '7.0.0.0'
  Author = 'Automn runner'
  Description = 'Stand-ins for the cmdlets of the same names'
  CompatiblePSEditions = @('Core')
  NestedModules = @('../../pwsh.dll')
  FunctionsToExport = @()
  AliasesToExport = @()
  CmdletsToExport = @(
    'Write-Output', 'Write-Host', 'Write-Error', 'Write-Warning', 'Write-Verbose', 'Write-Debug', 'Write-Information', 'Write-Progress',
    'ConvertFrom-Json', 'ConvertTo-Json', 'New-Object', 'Get-Date', 'Start-Sleep', 'Select-Object', 'Sort-Object', 'Measure-Object', 'Out-String', 'Get-Variable', 'Set-Variable'
  )
}
