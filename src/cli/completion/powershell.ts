import type { CommandCompletion } from './commands.js';

/** A completion script for PowerShell 5 and later: add it to $PROFILE. */
export function powershellScript(commands: readonly CommandCompletion[]): string {
  return `# PowerShell completion for rnn-cli; load it with: rnn-cli completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName rnn-cli -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = [ordered]@{
${commands.map(({ name, summary }) => `    ${quote(name)} = ${quote(summary)}\n`).join('')}  }
  # pairs of flag and help: the keys of a table would not tell -v from -V
  $flags = @{
${commands.map(flagLines).join('')}  }
  # 'command flag' -> what may follow: names, or '*.npy' for files
  $values = @{
${commands.map(valueLines).join('')}  }
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
`;
}

function flagLines({ name, flags }: CommandCompletion): string {
  const pairs = flags.flatMap(({ spellings, help }) => spellings.map(spelling => `      @(${quote(spelling)}, ${quote(help)})`));
  return `    ${quote(name)} = @(\n${pairs.join(',\n')}\n    )\n`;
}

function valueLines({ name, flags, words }: CommandCompletion): string {
  const choices = (values?: readonly string[], extensions?: readonly string[]) => values ?? extensions?.map(extension => `*.${extension}`);
  const lines = flags.flatMap(({ spellings, word }) => {
    const list = choices(word?.values, word?.extensions);
    return list ? spellings.map(spelling => `    ${quote(`${name} ${spelling}`)} = @(${list.map(quote).join(', ')})\n`) : [];
  });
  const own = words.flatMap(word => choices(word.values, word.extensions) ?? []);
  return lines.join('') + (own.length > 0 ? `    ${quote(name)} = @(${own.map(quote).join(', ')})\n` : '');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
