# The helpers for a session that another one started: defined there as here, with the same run's variables.
& (. ([System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'automn.ps1'))) { . $SetVariables }
