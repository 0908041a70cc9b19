# The helpers and the run's variables for a session that another one started: there as here.
. ([System.IO.Path]::Combine($PSScriptRoot, '..', '..', 'automn.ps1'))
