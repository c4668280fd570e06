import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { timeMajor } from './workloads.mjs';

/*
 * Everything that is measured: { name, open(workload, network) -> { call(), close?() } }. `call` runs the whole workload once, or returns the
 * milliseconds it took where it runs elsewhere. All of them have float32, weights loaded before, and give the last hidden state (W1: y).
 */

/** Our engines, one entry a way to run them. */
export function ours(engines) {
  const run = (name, engine, options) => ({
    name,
    ours: true,
    async open(_workload, { model, weights, x }) {
      const chosen = engines.getEngine(engine);
      return { call: () => chosen.run(model, weights, { x }, { dtype: chosen.defaultDtype, trace: false, ...options }) };
    },
  });
  const loaded = {
    name: 'batched',
    ours: true,
    async open(_workload, { model, weights, x }) {
      const network = await engines.residentNetwork(model, weights);
      return { call: () => network.run(x) };
    },
  };
  /** `--engine auto --threads 1`, the graph and the session of ONNX Runtime made anew in every call where that is taken */
  const auto = {
    name: 'auto',
    ours: true,
    async open(_workload, { model, weights, x }) {
      const prepared = { network: { model }, weights, input: { x } };
      const { engine } = await engines.executionOf({ threads: 1 }, prepared);
      return {
        chose: engine,
        call: () => engines.getEngine(engine).run(model, weights, { x }, { dtype: 'f32', threads: 1, trace: false }),
      };
    },
  };
  return [loaded, auto, run('batched, 2 threads', 'batched', { threads: 2 }), run('batched --fast', 'batched', { threads: 1, fast: true })];
}

export function slowOurs(engines) {
  return [
    {
      name: 'manual',
      ours: true,
      async open(_workload, { model, weights, x }) {
        return { call: () => engines.getEngine('manual').run(model, weights, { x }, { dtype: 'f64', threads: 1, trace: false }) };
      },
    },
  ];
}

/** The peers that are installed, and the names of those that are not. */
export async function peers(engines) {
  const all = [
    onnxruntime(engines, 'onnxruntime-node, 1 thread', 'onnxruntime-node', 1),
    onnxruntime(engines, 'onnxruntime-node', 'onnxruntime-node', 0),
    onnxruntime(engines, 'onnxruntime-web', 'onnxruntime-web', 1),
    tfjs(),
    torch(),
  ];
  const found = await Promise.all(all.map(async peer => ({ peer, version: await peer.version() })));
  return {
    present: found.filter(f => f.version !== undefined).map(f => ({ ...f.peer, version: f.version })),
    absent: found.filter(f => f.version === undefined).map(f => f.peer.name),
  };
}

const here = url => fileURLToPath(new URL(url, import.meta.url));

function packageVersion(folder) {
  const path = here(`${folder}/package.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).version : undefined;
}

function onnxruntime(engines, name, which, threads) {
  const folder = which === 'onnxruntime-node' ? `node_modules/${which}` : `peers/node_modules/${which}`;
  return {
    name,
    spins: threads !== 1,
    version: async () => packageVersion(folder),
    async open(workload, network) {
      const runtime =
        which === 'onnxruntime-node'
          ? createRequire(import.meta.url)('onnxruntime-node')
          : await import(pathToFileURL(here(`${folder}/dist/ort.node.min.mjs`)).href);
      const options = { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 };
      if (which === 'onnxruntime-web') {
        runtime.env.wasm.numThreads = 1;
        options.executionProviders = ['wasm'];
      }
      const session = await runtime.InferenceSession.create(await engines.writeOnnx(operatorAlone(engines, workload, network)), options);
      const x = new runtime.Tensor('float32', timeMajor(network.x), [workload.T, workload.N, workload.D]);
      return { call: () => session.run({ input: x }), close: () => session.release() };
    },
  };
}

/** The graph that is fastest there: the recurrent operator on x [T, N, D], its last state [1, N, M]; for W1 the dense layer behind it. */
function operatorAlone(engines, { T, D, K }, { model, shapes, weights }) {
  const written = engines.toOnnxModel(model, shapes, weights);
  const { nodes, initializers, inputs } = written.graph;
  const at = nodes.findIndex(n => ['RNN', 'LSTM', 'GRU'].includes(n.opType));
  const recurrent = { ...nodes[at], inputs: ['input', ...nodes[at].inputs.slice(1)] };
  const last = recurrent.outputs[1];
  const rest = K ? nodes.slice(at + 1) : [];
  const output = { name: K ? 'output' : last, dtype: 'f32', shape: null };
  const used = new Set([recurrent, ...rest].flatMap(n => n.inputs));
  return {
    ...written,
    graph: {
      ...written.graph,
      inputs: [{ ...inputs[0], shape: [T, 'N', D] }],
      nodes: [{ ...recurrent, outputs: ['', last] }, ...rest],
      outputs: [output],
      initializers: new Map([...initializers].filter(([name]) => used.has(name))),
    },
  };
}

function tfjs() {
  const folder = 'peers/node_modules/@tensorflow';
  let loading;
  const load = async () => {
    const require = createRequire(here('peers/package.json'));
    const tf = require('@tensorflow/tfjs');
    const { setWasmPaths } = require('@tensorflow/tfjs-backend-wasm');
    setWasmPaths(here(`${folder}/tfjs-backend-wasm/dist/`));
    await tf.setBackend('wasm');
    await tf.ready();
    return tf;
  };
  return {
    name: 'tfjs-wasm',
    version: async () => packageVersion(`${folder}/tfjs-backend-wasm`),
    async open({ cell, N, T, D, M, K }, { x }) {
      loading ??= load();
      const tf = await loading;
      const layer = { rnn: 'simpleRNN', lstm: 'lstm', gru: 'gru' }[cell];
      const model = tf.sequential(); // its GRU has the reset before the product only: the same number of multiply-adds
      model.add(
        tf.layers[layer]({
          units: M,
          inputShape: [T, D],
          recurrentInitializer: 'glorotNormal',
        }),
      );
      if (K) model.add(tf.layers.dense({ units: K }));
      const input = tf.tensor3d(x.data, [N, T, D]);
      return {
        async call() {
          const y = model.predict(input, { batchSize: N });
          await y.data();
          y.dispose();
        },
        close() {
          input.dispose();
          model.dispose();
        },
      };
    },
  };
}

/** PyTorch in a process of its own that answers one line a call: it takes the time itself. */
function torch() {
  const python = ['/usr/bin/python3', 'python3'].filter(path => !path.startsWith('/') || existsSync(path));
  let chosen;
  return {
    name: 'PyTorch, 1 thread',
    async version() {
      for (const command of python) {
        const version = await answer(command, ['-c', 'import torch; print(torch.__version__)']);
        if (version) {
          chosen = command;
          return version;
        }
      }
      return undefined;
    },
    async open({ cell, N, T, D, M, K }) {
      const child = spawn(chosen, [here('torchWorker.py'), cell, N, T, D, M, K ?? 0].map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      await lines.next();
      return {
        async call() {
          child.stdin.write('run\n');
          return Number((await lines.next()).value);
        },
        close: () => child.stdin.end(),
      };
    },
  };
}

/** What a command prints; undefined where it fails. */
function answer(command, argv) {
  return new Promise(resolve => {
    const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', data => {
      text += data;
    });
    child.on('error', () => resolve(undefined));
    child.on('close', code => resolve(code === 0 ? text.trim() : undefined));
  });
}
