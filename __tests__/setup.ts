import fc from 'fast-check';

// The suite tries the same cases every time, so that a red run is a change's doing; RNN_CLI_SEED=random (or a number) tries others.
const wanted = process.env.RNN_CLI_SEED;
if (wanted !== 'random') fc.configureGlobal({ seed: wanted === undefined ? 20230621 : Number(wanted) });
