# PowerShell completion for rnn-cli; load it with: rnn-cli completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName rnn-cli -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = [ordered]@{
    'brew' = 'make ''tea'', with\without milk'
    'wash' = 'clean'
    'rest' = 'wait'
  }
  # pairs of flag and help: the keys of a table would not tell -v from -V
  $flags = @{
    'brew' = @(
      @('--hot', 'a switch [always]'),
      @('-q', 'don''t say \ it'),
      @('--quiet', 'don''t say \ it'),
      @('--kind', 'one of a list'),
      @('-i', 'a file'),
      @('--input', 'a file'),
      @('--cups', 'a number'),
      @('--n', 'a number'),
      @('--log', 'a file that may be left out'),
      @('--when', 'a text that may be left out')
    )
    'wash' = @(
      @('-v', 'loud')
    )
    'rest' = @(

    )
  }
  # 'command flag' -> what may follow: names, or '*.npy' for files
  $values = @{
    'brew --kind' = @('green', 'a:b')
    'brew -i' = @('*.npy', '*.csv')
    'brew --input' = @('*.npy', '*.csv')
    'brew --log' = @('*.txt')
    'brew' = @('*.json', '*.h5', '*.h5', '*.pt')
    'wash' = @('pot', 'cup')
  }
  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  if ($words.Count -le 1) {
    $commands.GetEnumerator() | Where-Object { $_.Key -like "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_.Key, $_.Key, 'Command', $_.Value)
    }
    return
  }
  $command = $words[1]
  $choices = $values["$command $($words[-1])"]
  if (-not $choices -and -not $wordToComplete.StartsWith('-')) { $choices = $values[$command] }
  if ($choices) {
    $choices | ForEach-Object {
      if ($_.StartsWith('*.')) { Get-ChildItem -Path "$wordToComplete*" -Include $_ -Name -ErrorAction SilentlyContinue } else { $_ }
    } | Where-Object { $_ -clike "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
    return
  }
  if ($flags.ContainsKey($command)) {
    $flags[$command] | Where-Object { $_[0] -clike "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterName', $_[1])
    }
  }
}
