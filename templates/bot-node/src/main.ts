import { silenceLibsignal } from "@holdfast/store/baileys";
import { Bot, eraseAccount } from "./bot.ts";
import { type Database, openDatabase } from "./database.ts";
import { type LocalTalk, startLocalTalk } from "./local.ts";
import { say } from "./log.ts";
import { readSettings, type Settings, USAGE } from "./settings.ts";

/** Runs the bots until a signal comes, or until all have stopped. Resolves with the exit code. */
async function run({ accounts, whatsapp, url, phoneNumber }: Settings, database: Database): Promise<number> {
  const bots: Bot[] = [];
  let talk: LocalTalk | undefined;
  let running = accounts.length;
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  // A signal ends the program when everything is saved, and not before.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      say("main", `${signal}: closing`);
      end(0);
    });
  }
  const onStopped = (): void => {
    running -= 1;
    if (running === 0) end(1);
  };
  try {
    if (!whatsapp && url === undefined) talk = await startLocalTalk();
    for (const name of accounts) {
      bots.push(await Bot.open({ name, database, phoneNumber, url: url ?? talk?.url, onStopped }));
    }
    talk?.link(bots);
    for (const bot of bots) bot.connect();
    await talk?.begin();
    return await ended;
  } finally {
    const closed = await Promise.allSettled(bots.map((bot) => bot.close()));
    for (const result of closed) {
      if (result.status === "rejected") say("main", `not everything was saved: ${nameOf(result.reason)}`);
    }
    await talk?.close();
  }
}

/** Does what the command line says. Resolves with the exit code. */
async function act(given: Settings, place: Database): Promise<number> {
  if (given.erase === undefined) return await run(given, place);
  return (await eraseAccount(given.erase, place)) ? 0 : 1;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.message : "unknown error";
}

let settings: Settings;
try {
  settings = readSettings(process.argv.slice(2));
} catch (error) {
  console.error(`${nameOf(error)}\n\n${USAGE}`);
  process.exit(2);
}
// libsignal prints private keys on the console.
silenceLibsignal();
const database = await openDatabase(settings.database);
const code = await act(settings, database).finally(() => database.close());
// Timers that Baileys leaves would hold the process for half a minute.
process.exit(code);
