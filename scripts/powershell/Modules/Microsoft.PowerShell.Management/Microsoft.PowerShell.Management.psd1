@{
  GUID = 'EEFCB906-B326-4E99-9F54-8B4BB6EF3C6D'
  ModuleVersion = '7.0.0.0'
  Author = 'Automn runner'
  Description = 'Stand-ins for the cmdlets of the same names'
  CompatiblePSEditions = @('Core')
  NestedModules = @('../../pwsh.dll')
  FunctionsToExport = @()
  AliasesToExport = @()
  CmdletsToExport = @(
    'Test-Path', 'Get-Item', 'Get-ChildItem', 'Remove-Item', 'Get-Content', 'Set-Content', 'Get-Location', 'Set-Location', 'Join-Path', 'Split-Path', 'Get-Process'
  )
}
