# What nearly every script does: a process that was started ahead runs it before it has a script (automn-warm.ps1).
'x'
[pscustomobject] @{ a = 1; b = 'x' }
AutomnLog 'x' info @{ a = 1.5, $true, $null }
AutomnRunLog 'x' @{ a = 1 }
AutomnNotify 'x' 'y'
AutomnReturn ([pscustomobject] @{ a = 1; b = 'x', 2.5, $true; c = @{ d = $null } })
