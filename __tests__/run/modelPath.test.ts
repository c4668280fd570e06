import { mkdirSync } from 'node:fs';
import { modelPath } from '../../src/run/files/modelPath.js';
import { temporaryFolder } from '../helpers/files.js';

/** What people name of a model of several files, and the file that is read first. */
const { path, write } = temporaryFolder();

beforeAll(() => {
  for (const folder of [
    'saved/variables',
    'keras/variables',
    'exported/variables',
    'tfjs',
    'both/variables',
    'one',
    'two',
    'none',
    'folder.index',
    'variables.index/variables',
  ])
    mkdirSync(path(folder), { recursive: true });
  mkdirSync(path('variables.index/variables/variables.index'), { recursive: true });
  for (const file of [
    'saved/variables/variables.index',
    'saved/model.json',
    'keras/variables/variables.index',
    'keras/keras_metadata.pb',
    'keras/saved_model.pb',
    'exported/variables/variables.index',
    'exported/saved_model.pb',
    'tfjs/model.json',
    'tfjs/a.index',
    'one/ckpt.index',
    'one/ckpt.data-00000-of-00001',
    'one/other.data-00000-of-00001',
    'one/ckpt.index.txt',
    'two/a.index',
    'two/b.index',
    'none/a.npz',
    'plain',
    'plain.index',
    'late.index',
  ])
    write(file, '');
});

it.each([
  ['-', '-'],
  ['plain', 'plain'],
  ['late', 'late.index'],
  ['missing', 'missing'],
  ['folder', 'folder'],
  ['one/ckpt', 'one/ckpt.index'],
  ['one/ckpt.data-00000-of-00001', 'one/ckpt.index'],
  ['one/ckpt.data-00000-of-00001.txt', 'one/ckpt.data-00000-of-00001.txt'],
  ['one/ckpt.data-0000-of-00001', 'one/ckpt.data-0000-of-00001'],
  ['one/other.data-00000-of-00001', 'one/other.data-00000-of-00001'],
  ['one', 'one/ckpt.index'],
  ['two', 'two'],
  ['none', 'none'],
  ['saved', 'saved/variables/variables.index'],
  ['tfjs', 'tfjs/model.json'],
  ['variables.index', 'variables.index'],
])('%s is read from %s', (named, read) => {
  const whole = (name: string) => (name === '-' ? name : path(name));
  expect(modelPath(whole(named))).toEqual({ path: whole(read) });
});

it('a folder that Keras saved has a description of its own', () => {
  expect(modelPath(path('keras'))).toEqual({
    path: path('keras/variables/variables.index'),
    kerasMetadata: path('keras/keras_metadata.pb'),
  });
});

it.each(['keras', 'keras/saved_model.pb'])('%s is the folder with its description', named => {
  expect(modelPath(path(named)).kerasMetadata).toBe(path('keras/keras_metadata.pb'));
});

it.each(['exported', 'exported/saved_model.pb'])('%s has a graph alone beside its variables', named => {
  expect(modelPath(path(named))).toEqual({ path: path('exported/variables/variables.index'), graphAlone: true });
});
