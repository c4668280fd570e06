// jest's globalSetup builds the program; mutants are run without it
module.exports = () => undefined;
