/** Imported before anything of src/: its modules are loaded one by one, so that jest.mock can put others in their place (scripts/sourceForTests.cjs). */
Object.assign(globalThis, { rnnCliUnbundled: true });
