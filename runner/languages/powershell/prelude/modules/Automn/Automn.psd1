# Lets other sessions find the helpers by name; see automn.ps1.
@{
  ModuleVersion = '1.0.0'
  GUID = '6f1f3c0e-6a0b-4f6e-9d8c-0c9b3f4b7a51'
  Author = 'Automn runner'
  Description = 'The helpers of an Automn script'
  RootModule = 'Automn.psm1'
  FunctionsToExport = @(
    'AutomnReturn', 'AutomnLog', 'AutomnNotify', 'AutomnRunLog',
    'AutomnGetInternalInput', 'AutomnGetInternalInputJson', 'AutomnGetInternalInputError', 'AutomnHasInternalInputError'
  )
  CmdletsToExport = @()
  VariablesToExport = @()
  AliasesToExport = @()
}
