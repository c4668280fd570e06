import { compareArraysText, compareModelsText } from '../../report/compareModelsReport.js';
import { compareText } from '../../report/compareReport.js';
import { type Compared, runCompare } from '../../run/compare.js';
import type { runCompareFiles } from '../../run/comparing/compareFiles.js';
import { type Output, valueOptions } from '../output.js';
import { progressBar } from '../progress.js';
import { given, inputRequest, networkRequest, type Values } from '../values.js';

/** Enough digits to show a difference in the seventh. */
const DIGITS = 8;

/** `rnn-cli compare`. @returns the exit code: 0 equal, 1 different, 6 undecided */
export async function compare(values: Values, output: Output): Promise<number> {
  const { first, second } = values;
  const draw = progressBar(output, 'mistakes tested');
  const request = {
    ...networkRequest(values),
    ...inputRequest(values),
    ...given(values, ['against', 'engines', 'atol', 'rtol', 'tol', 'decimals', 'explain', 'budget', 'states']),
  };
  let compared: Compared | undefined;
  const hooks = {
    onProgress: (done: number, total: number) => draw({ done, total }),
    onCompared: (all: Compared) => {
      compared = all;
    },
  };
  const files = first !== undefined && second !== undefined ? ([first, second] as const) : undefined;
  const result = await (files ? compareFiles(files, request, hooks) : runCompare(request, hooks)).finally(() => output.progress(''));
  if (values.html !== undefined) {
    const { comparePage, noPageOfFiles, savePage } = await import('../page.js');
    const page = result.schema === 'rnn-cli/compare@1' ? comparePage(result, compared!, output.command) : noPageOfFiles();
    await savePage(`rnn-cli compare: ${page.result.status}`, page, values, output);
  }
  output.notes(result.notes);
  if (values.json) output.json(result);
  else if (!values.quiet && values.html !== '-') output.text(await textOf(result, values, output));
  if (result.schema !== 'rnn-cli/compare-arrays@1') output.assumed(result.assumptions);
  return result.exit;
}

/** Loads the readers of models only if there is a file. */
async function compareFiles(...given: Parameters<typeof runCompareFiles>): Promise<Awaited<ReturnType<typeof runCompareFiles>>> {
  const { runCompareFiles } = await import('../../run/comparing/compareFiles.js');
  return runCompareFiles(...given);
}

function textOf(result: Awaited<ReturnType<typeof compareFiles>>, values: Values, output: Output): Promise<string> {
  switch (result.schema) {
    case 'rnn-cli/compare@1':
      return compareText(result, output.layout, valueOptions(values, output, DIGITS));
    case 'rnn-cli/compare-models@1':
      return compareModelsText(result, output.layout);
    case 'rnn-cli/compare-arrays@1':
      return compareArraysText(result, output.layout);
  }
}
