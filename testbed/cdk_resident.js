// Runs commands of the CDK CLI one after the other, in a process that has loaded it once.
//
// A line of standard input is a command, as JSON: its arguments and its folder. What it prints
// goes to standard output, followed by a line with MARK (the second argument) and the exit code.

const [cdk, mark] = process.argv.slice(2);
const { exec } = require(cdk);

async function run({ args, cwd }) {
  process.chdir(cwd);
  process.exitCode = 0;
  try {
    return (await exec(args)) ?? process.exitCode;
  } catch (error) {
    for (let cause = error; cause; cause = cause.cause) console.error(cause.message);
    return 1;
  }
}

async function main() {
  for await (const line of require("readline").createInterface({ input: process.stdin })) {
    const code = await run(JSON.parse(line));
    console.log(`\n${mark} ${code}`);
  }
}

main();
