// A program whose reader never comes back, for runInThread: what bin/rnn-cli.js offers a thread, without the rest.
module.exports = {
  load: () => ({
    startInThread(_, tell) {
      tell({ where: 'w.npy', seconds: 0.01 });
      tell(null);
      tell({ where: 'x.npy', seconds: 0.01 });
      for (;;);
    },
  }),
};
