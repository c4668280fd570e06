import type { SHELLS } from '../commandWords.js';
import { bashScript } from '../completion/bash.js';
import { type CommandCompletion, commandCompletions } from '../completion/commands.js';
import { fishScript } from '../completion/fish.js';
import { powershellScript } from '../completion/powershell.js';
import { zshScript } from '../completion/zsh.js';
import type { Output } from '../output.js';
import type { Values } from '../values.js';

const SCRIPTS: Record<(typeof SHELLS)[number], (commands: readonly CommandCompletion[]) => string> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
  powershell: powershellScript,
};

/** `rnn-cli completion bash|zsh|fish`: the script for the shell. @returns the exit code */
export async function completion(values: Values, output: Output): Promise<number> {
  output.text(SCRIPTS[values.shell!](commandCompletions()));
  return 0;
}
