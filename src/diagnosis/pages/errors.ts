import { blocksOf, type TermPage } from './page.js';

/**
 * Explanations of error codes. Codes with a common prefix and meaning for one kind of file share a page: `codes | title`, then one
 * paragraph per line.
 */
const PAGES = blocksOf(
  /\n(?=E_)/,
  `
E_ASK | the file does not say enough
Several networks fit these weights, and none of them is the obvious one: Linears in a row may have an activation between them, equal sizes may be wired in more than one way.
The error prints a --layers line with the sizes of the file; replace each _ and run it again. @linear says that there is no activation.
To run only some of the modules as a chain, name them: --layers "lstm:8+name=encoder,dense:2+name=head". For any other wiring, write a spec whose layers have "inputs" and the names of the modules (docs/spec.md has an attention over the steps).
A .pt2 file holds the whole program. In Python, with an example input x: torch.export.save(torch.export.export(model, (x,)), "model.pt2")
E_UNFILLED | a --layers line still has a _
Each _ is a place that only you can fill: an activation, an order. The error names every one.
E_ASSUMED | --strict refuses what was assumed
With --strict nothing is assumed: what neither the file nor a flag says is an error. The error lists the assumptions and the --layers line that says each.
E_UNDETERMINED | a tensor whose role is not clear
Its name is not in any known layout, and its shape fits several roles. Describe the network (--layers, --model), or name the framework (--framework).
E_SIZE E_FEATURES | a size that nobody gave
With --layers or a file, sizes have no defaults. Give the input (-i), or the size: --T for steps, --D for features. In shapes they may stay open.
E_SYMBOLIC | a size must be known here
A layer has weights for every position of an axis (Flatten and Dense, attention over fixed positions), so that axis needs a number: give --T or --D.
E_CONFLICT | two flags that exclude each other
Both say the same thing in different ways, or one has no effect together with the other. No flag is ignored: drop the one you do not mean.
E_NEEDS | a flag that needs another one
It changes what the other flag does and has no effect alone.
E_FLAG E_COMMAND E_FLAG_WORD E_WORD E_WORD_MISSING E_EXCESS E_USAGE | the command line is not understood
A command, a flag or its value is unknown or missing. The error shows what was expected and the nearest known one; rnn-cli COMMAND --help lists them all.
E_REQUEST E_ARRAY | a call of the library is not understood
A key of the request is unknown, or the shape of an array does not match its data.
E_LAYERS | the --layers line is not understood
Layers are separated by commas: kind:size@activation+option, as in "lstm:64+seq,dense:1@sigmoid". The error marks the place.
E_SEQ | a layer needs a sequence
It reads every step, [N, T, M], and gets one vector a sample, [N, M]. Let the recurrent layer before it return sequences: +seq, return_sequences=True.
E_VECTOR | a layer needs one vector for each sample
It reads [N, M] and gets a sequence. Take the last step (no +seq) or pool over the steps.
E_NDIM | the input has two axes
A recurrent network reads [N, T, D]: samples, steps, features. A table of N·T rows becomes that with --T, or in Python with X.reshape(N, T, D).
E_ROWS E_ROWS_RANGE | rows and samples do not match
The number of rows is not a multiple of the number of steps, or the sample asked for does not exist. --T is the number of steps of one sample.
E_INPUT_SHAPE E_BATCH | the input does not fit the network
The last axis of x must be D, the number of features of the first layer; a model with a fixed batch or number of steps accepts no other.
E_INPUT E_INPUT_MISSING E_INPUT_NAME | the input is missing or not the one meant
An array is given with -i x.npy; a network of several inputs takes -i NAME=FILE for each, or one .npz with their names.
E_OUTPUT_NAME | no output of that name
The error lists the outputs of the network.
E_TOKEN E_TOKENS | an embedding reads whole numbers
An embedding takes token numbers [N, T] from 0 to V − 1: no fractions, none beyond its table, no features.
E_VOCABULARY | the vocabulary of an IntegerLookup
vocabulary.txt inside the .keras file holds one whole number a line, as adapt() writes it: save the model again.
E_LENGTHS E_MASK | lengths or a mask that do not fit
There is one length for each sample, from 1 to T, or one 0 or 1 for each step: [N, T].
E_STATE_SHAPE E_NO_H0 E_NO_C0 | an initial state that does not fit
h0 and c0 are [N, M] (PyTorch: [layers · directions, N, M]); only an LSTM has a c.
E_WEIGHT_SHAPE | a weight of another shape
The error shows the shape that the layer needs, in letters and numbers. Kernels that are [outputs, inputs] are PyTorch’s or ONNX’s: name the framework, or transpose them.
E_WEIGHT_MISSING E_WEIGHT_EXTRA | not the weights of this network
The file lacks tensors that the description needs, or has more of them. Often the description has one layer too few or too many, or switches a bias off.
E_TRANSPOSED | the matrices are the other way round
These are weights for Wx @ x, [outputs, inputs]; here x @ Wx is computed. Transpose every matrix.
E_GRU_BIAS | a bias of a GRU that can be read in two ways
A GRU with the reset gate after the product has two bias rows, [2, 3·M]; one row is that of reset_after=False.
E_UNBUILT | the model was saved before it had weights
Keras makes weights when a model sees its first input. Call it once, or give Input(shape=…), and save it again.
E_NO_MODEL | the file holds no arrays and no model
It is an archive or an object without any; the error says what it looks like. Save the arrays (np.savez) or the model (model.save, torch.save of a state dict).
E_KEY | no such array in the file
FILE:KEY names an array of the file; the error lists the ones that are there.
E_READ E_ACCESS E_NOT_FOUND E_IS_DIRECTORY E_DEVICE E_STDIN E_EMPTY_STDIN E_CHANGED E_OUTSIDE E_SYSTEM E_SYMLINK | a file cannot be read
It is not there, may not be read, is not a regular file, changed while it was read, or a link leads out of the model’s folder. Exit 4.
E_WRITE E_EXISTS E_NOT_WRITABLE E_SAME_FILE | a file cannot be written
It exists already (--force replaces it), is one of the inputs, or its place cannot be written to. What was there is unchanged. Exit 4.
E_MEMORY E_HEAP E_FILE_SIZE E_LIMIT_ | more than the limits allow
A file may claim to be huge, so sizes, depth, time and memory are limited before memory is allocated. The error names the limit and the flag that raises it. Exit 5.
E_FORMAT_UNKNOWN | the format is not known
Neither the content nor the name says what the file is. docs/formats.md lists the formats that can be read.
E_EMPTY | the file is empty
It has no bytes, or no numbers.
E_NOT_FINITE | NaN or infinity with --strict-finite
Without that flag such numbers are computed with, and reported.
E_INT_RANGE E_WRITE_RANGE E_DTYPE E_ENCODING | numbers or text that cannot be kept exactly
Whole numbers beyond 2^53 and dtypes without a counterpart are refused, never rounded; text must be UTF-8.
E_NPY_ | a .npy file that is not as NumPy writes it
Its header or its length is wrong: it was cut off, or it is a file of another kind. Save it again with np.save.
E_ZIP_ | a .zip, .npz or .pt archive that is damaged
Directory, sizes and checksums of an archive must agree; encrypted and overlapping parts are refused. Download or save it again.
E_H5_ | an HDF5 file that is damaged or holds something that is not read
Links to other files, virtual datasets and unusual filters are refused by name. Save it again with h5py or Keras.
E_SAFETENSORS_ | a .safetensors file that breaks the rules of its format
Header, offsets and file length must agree exactly. Download or save it again.
E_PT2_ | a program of torch.export that cannot be run whole
A part of the archive is missing, or an operator is not computed here; it is named. export(model).module() as ONNX is often another way.
E_PT_ E_TORCH_ | a PyTorch file that holds more than tensors, or is damaged
Only tensors and plain containers are read, never code. Save a state dict: torch.save(model.state_dict(), "w.pt"), or use safetensors.
E_ONNX_ E_ONNXRUNTIME E_NO_ONNXRUNTIME E_PROTOBUF | an ONNX graph that cannot be run whole
An operator, type or attribute is not computed here, or the file contradicts itself; it is named. --engine onnxruntime needs the optional package onnxruntime-node.
E_KERAS_ E_NAMES | a Keras model that cannot be read whole
A class, option or member is not known; it is named. No part of a model is silently left out. Custom layers have to be rewritten with known layers.
E_TFJS_ E_BUNDLE E_BUNDLE_ E_TABLE E_TABLE_ E_SNAPPY E_TF1_ E_SAVEDMODEL | a TensorFlow file that is damaged or not read
Checkpoints and tfjs models are several files that belong together: index and shards must be in one folder.
E_FLAX_ E_NO_SUCH_CELL | the framework has no such cell
What a framework cannot express is refused by name when it is written or read.
E_JSON_ E_JSONL_ E_SHAPE_VALUE | a JSON file that is not numbers in equal rows
Rows must be equally long, a key may occur only once, and NaN is written as the string "NaN". The error gives the line and column.
E_CSV_ | a table that cannot be read
Rows must be equally long and hold numbers. The error gives row and column.
E_PRINTED_ | a printed array that cannot be read
An array copied from the screen must be whole: no “…” in it. Print it with np.set_printoptions(threshold=np.inf), or save it.
E_SPEC_ E_NAME E_EQUATION | the description of the network is not valid
A key, value or wiring of the spec is wrong; the error gives its place and what is expected. rnn-cli schema spec prints the JSON Schema.
E_ACTIVATION_ | a parameter of an activation that it does not have
A parameter that it does not have, or a value that the parameter cannot have; the error names those that it takes.
E_CONVERT_ E_INT8 | the target cannot hold this network
What the other framework has no layer or option for is refused by name. Nothing is written.
E_EMIT | no script can be written for that
The layer or option has no counterpart in the framework of the script.
E_SIMULATE E_PROBE | the mistake cannot happen here
The network and input have no place for it: no bias, one sample, one step. Choose another network, input or code.
E_ENGINES E_ENGINE_ | the engine cannot do that
The engine lacks a mask, a dtype or the network; --engine batched computes everything that is known.
E_RNG_ E_SEED | numbers that cannot be drawn
The stream or initialiser is not that of the framework, or the seed is out of range.
E_SHA256 | the file is not the one expected
--expect-sha256 compares the digest of the file, and it differs. rnn-cli inspect FILE --sha256 prints the digest it has.
E_PAGE_ E_NOT_BUILT | no page can be made of that
--html draws chains of layers computed by the engines that a browser has. The text output has no such limit.
E_ZOOM E_WIDTH | more than there is, or than fits
The sample, step or unit is not there, or the table does not fit into the columns.
E_LOAD_GRAPH | this network cannot be loaded to be called
It is a graph, not a chain of layers: run it with forward, or compare its outputs (--against).
E_MERGE E_RANK E_WINDOW E_GROUPS E_STATISTICS E_OPERANDS E_AXIS E_RESHAPE E_PERMUTE | the shapes of a layer do not fit
The input does not have the axes or sizes that the layer needs. The error gives both, in letters and numbers.
E_OPERATOR | an operator that is not computed
It is named with its type. Nothing is computed without it.
E_UNKNOWN_ | no such name
The error lists the names that are known and the nearest one.
E_VERSION E_INTERNAL | an error of rnn-cli itself
This is a bug. RNN_CLI_DEBUG=1 prints where; please report it with the command. Exit 70.
`,
).map(([head, ...text]) => {
  const [codes, title] = head.split(' | ');
  return { codes: codes.split(' '), title, text };
});

/** The page of an error code; undefined if the text is not a code of this program. */
export function errorPage(code: string): TermPage | undefined {
  if (!/^E_[A-Z0-9_]+$/.test(code)) return undefined;
  const page =
    PAGES.find(({ codes }) => codes.includes(code)) ??
    PAGES.find(({ codes }) => codes.some(known => known.endsWith('_') && code.startsWith(known)));
  if (!page) return undefined;
  const { title, text } = page;
  return { name: code, aliases: [], title, text, examples: [], related: [] };
}
