# What a session that waits for its script runs for practice (automn-warm.ps1): what nearly every script does.
'x'
[pscustomobject] @{ a = 1; b = 'x' }
AutomnLog 'x' info @{ a = 1.5, $true, $null }
AutomnRunLog 'x' @{ a = 1 }
AutomnNotify 'x' 'y'
AutomnReturn ([pscustomobject] @{ a = 1; b = 'x', 2.5, $true; c = @{ d = $null } })
