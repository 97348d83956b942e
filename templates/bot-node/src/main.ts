import { silenceLibsignal } from "@holdfast/store/baileys";
import { Bot, eraseAccount } from "./bot.ts";
import { type Database, openDatabase } from "./database.ts";
import { type LocalTalk, startLocalTalk } from "./local.ts";
import { say } from "./log.ts";
import { readSettings, type Settings, USAGE } from "./settings.ts";

/** Exit codes. An uncaught error ends the program with `FAILED` as well. */
const DONE = 0;
const FAILED = 1;
const USAGE_ERROR = 2;
/** No bot may connect again without a person: a restart would take an account back from its new owner. */
const DO_NOT_RESTART = 3;

/** Aborted by SIGINT and SIGTERM. The program ends when everything is saved, and not before. */
const stopping = new AbortController();

/** Runs the bots until a signal comes, or until all have stopped. Resolves with the exit code. */
async function run({ accounts, whatsapp, url, phoneNumber }: Settings, database: Database): Promise<number> {
  const bots: Bot[] = [];
  let talk: LocalTalk | undefined;
  let running = accounts.length;
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  stopping.signal.addEventListener("abort", () => end(DONE));
  const onStopped = (): void => {
    running -= 1;
    if (running === 0) end(DO_NOT_RESTART);
  };
  let code = FAILED;
  try {
    if (!whatsapp && url === undefined) talk = await startLocalTalk();
    for (const name of accounts) {
      const bot = await Bot.open({ name, database, phoneNumber, url: url ?? talk?.url, onStopped });
      if (bot === undefined) onStopped();
      else bots.push(bot);
    }
    talk?.link(bots);
    for (const bot of bots) bot.connect();
    await talk?.begin();
    code = await ended;
  } finally {
    const closed = await Promise.allSettled(bots.map((bot) => bot.close()));
    for (const result of closed) {
      if (result.status === "fulfilled") continue;
      say("main", `not everything was saved: ${nameOf(result.reason)}`);
      if (code === DONE) code = FAILED;
    }
    await talk?.close();
  }
  return code;
}

/** Does what the command line says. Resolves with the exit code. */
async function act(given: Settings, place: Database): Promise<number> {
  if (stopping.signal.aborted) return DONE;
  if (given.erase === undefined) return await run(given, place);
  return (await eraseAccount(given.erase, place)) ? DONE : FAILED;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}

let settings: Settings;
try {
  settings = readSettings(process.argv.slice(2));
} catch (error) {
  console.error(`${nameOf(error)}\n\n${USAGE}`);
  process.exit(USAGE_ERROR);
}
// libsignal prints private keys on the console.
silenceLibsignal();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    say("main", `${signal}: closing`);
    stopping.abort();
  });
}
const database = await openDatabase(settings.database, stopping.signal).catch((error: unknown) => {
  if (stopping.signal.aborted) process.exit(DONE);
  throw error;
});
const code = await act(settings, database).finally(() => database.close());
// Timers that Baileys leaves would hold the process for half a minute.
process.exit(code);
