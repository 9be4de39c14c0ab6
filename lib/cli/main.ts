#!/usr/bin/env node
/**
 * The command `burstwire`: finds the subcommand in a table and runs it. Knows nothing of what they do.
 *
 * Exit codes: 0 done, 1 it did not work, 2 wrong arguments (usage on stderr), 130 interrupted.
 */

import { UsageError } from './arguments.js';
import { BENCH_SUMMARY, benchHelp, runBench } from './bench/command.js';
import { DOCTOR_SUMMARY, doctorHelp, runDoctor } from './doctor.js';
import { KEYGEN_SUMMARY, keygenHelp, runKeygen } from './keygen.js';
import { PERF_SUMMARY, perfHelp, runPerf } from './perf/command.js';
import { RECEIVE_SUMMARY, receiveHelp, runReceive } from './transfer/receive.js';
import { runSend, SEND_SUMMARY, sendHelp } from './transfer/send.js';
import { packageVersion } from './version.js';

interface Command {
  readonly summary: string;
  /** @param given the command's arguments: some have a help for each part */
  help(given: readonly string[]): string;
  /** Resolves with the exit code. @throws UsageError */
  run(given: readonly string[]): Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  bench: { summary: BENCH_SUMMARY, help: benchHelp, run: (given) => runBench(given) },
  doctor: { summary: DOCTOR_SUMMARY, help: doctorHelp, run: (given) => runDoctor(given) },
  perf: { summary: PERF_SUMMARY, help: perfHelp, run: (given) => runPerf(given) },
  send: { summary: SEND_SUMMARY, help: sendHelp, run: (given) => runSend(given) },
  receive: { summary: RECEIVE_SUMMARY, help: receiveHelp, run: (given) => runReceive(given) },
  keygen: { summary: KEYGEN_SUMMARY, help: keygenHelp, run: (given) => runKeygen(given) },
};

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

function usage(): string {
  const names = Object.keys(COMMANDS);
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => `  ${name.padEnd(width)}  ${COMMANDS[name].summary}`);
  return `usage: burstwire <command> [options]

${lines.join('\n')}

'burstwire <command> --help' tells more; 'burstwire --version' prints the version.
`;
}

async function main(given: readonly string[]): Promise<number> {
  const [name, ...rest] = given;
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(usage());
    return 0;
  }
  if (name === undefined || !Object.hasOwn(COMMANDS, name)) {
    const what = name === undefined ? 'a command is missing' : `unknown command '${name}'`;
    process.stderr.write(`burstwire: ${what}\n\n${usage()}`);
    return EXIT_USAGE;
  }
  const command = COMMANDS[name];
  // What stands behind -- is an operand, whatever it looks like.
  const end = rest.indexOf('--');
  const options = end < 0 ? rest : rest.slice(0, end);
  if (options.includes('--help') || options.includes('-h')) {
    process.stdout.write(command.help(rest));
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`burstwire ${name}: ${error.message}\n\n${command.help(rest)}`);
    return EXIT_USAGE;
  }
}

/** A full disk or a reader that went: said once, and the work goes on, since the other side must learn how it ends. */
function watchOutput(): void {
  let isLost = false;
  process.stderr.on('error', () => {});
  process.stdout.on('error', ({ message }: Error) => {
    if (!isLost) process.stderr.write(`burstwire: stdout takes nothing: ${message}\n`);
    isLost = true;
  });
  // It may come after the command has ended.
  process.on('exit', (code) => {
    if (isLost && code === 0) process.exitCode = EXIT_FAILED;
  });
}

watchOutput();
process.exitCode = await main(process.argv.slice(2));
