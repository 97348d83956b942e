import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import type { HoldfastOptions } from "../../src/baileys/mod.ts";
import { fakeHost, ManualScheduler, SeededRandom } from "../../src/testing/mod.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { freshDatabase, inFolder } from "../support/conversation.ts";
import { Contact, HookedBot } from "../support/hooked_bot.ts";

const SENDS = 1_000;

/** How a bot sends, and what it has to remember. */
interface Rate {
  readonly name: string;
  readonly max: number;
  readonly afterMs: number;
  readonly options?: HoldfastOptions;
  readonly what: string;
}

const RATES: readonly Rate[] = [
  { name: "burst", max: 45, afterMs: 0, what: "without a pause" },
  { name: "at_20_per_s", max: 50, afterMs: 50, what: "20 a second" },
  { name: "at_1_per_s", max: 230, afterMs: 1_000, what: "one a second" },
  {
    name: "within_60s",
    max: 70,
    afterMs: 1_000,
    options: { sentMessages: { withinMs: 60_000 } },
    what: "one a second, sent messages durable within 60 s",
  },
  {
    name: "before_frame",
    max: 1_060,
    afterMs: 1_000,
    options: { sentMessages: { beforeFrame: true } },
    what: "one a second, each durable before its frame",
  },
];

/** Rows of a conversation, from a new session to a clean close. */
function rowsOf({ afterMs, options }: Rate): Promise<number> {
  return inFolder(async (folder) => {
    const host = fakeHost();
    const bot = await HookedBot.open(freshDatabase(folder), host, options);
    const contact = new Contact();
    await contact.ready();
    await bot.greet(contact);
    for (let number = 0; number < SENDS; number += 1) {
      if (afterMs > 0) await host.scheduler.advance(afterMs);
      await bot.send(contact, number);
    }
    await bot.account.close();
    return bot.written;
  });
}

const KILLS = 40;

/** Age from which the message of a frame must be there after a kill. */
const DURABLE_AGE_MS = 5_000;

/** Sends at random times, kills at random times, and asks for every message afterwards. */
async function missingAfterKills(): Promise<Record<string, number>> {
  const random = new SeededRandom(5);
  const database = new MemoryDatabase();
  const { clock, logger, createNotifier } = fakeHost();
  const sent: { readonly id: string; readonly leftAtMs: number }[] = [];
  const missing = { asked: 0, missing: 0 };
  const contact = new Contact();
  await contact.ready();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const scheduler = new ManualScheduler(clock);
    const host = { clock, logger, createNotifier, scheduler, random: new SeededRandom(kill + 1) };
    const bot = await HookedBot.open(memoryBackend({ database, clock }), host);
    if (kill === 0) await bot.greet(contact);
    for (const { id, leftAtMs } of sent.splice(0)) {
      if (clock.nowMs() - leftAtMs < DURABLE_AGE_MS) continue;
      missing.asked += 1;
      const found = await bot.holdfast.config.getMessage({ remoteJid: contact.peer.jid, id });
      if (found === undefined) missing.missing += 1;
    }
    for (let number = 10 + random.below(60); number > 0; number -= 1) {
      sent.push({ id: await bot.send(contact, number), leftAtMs: clock.nowMs() });
      await scheduler.advance(random.below(random.oneIn(8) ? 20_000 : 1_000));
    }
  }
  if (missing.asked === 0) throw new Error("no message was asked for");
  return missing;
}

export const entries: readonly BenchEntry[] = [
  ...RATES.map(
    (rate): BenchEntry => ({
      name: `baileys.rows_per_1000_sends.all_hooks.${rate.name}`,
      kind: "count",
      unit: "rows",
      limit: { max: rate.max },
      against: `1,000 messages of a bot with all hooks, ${rate.what}; leases, set-up and clean close included`,
      run: () => rowsOf(rate),
    }),
  ),
  {
    name: "baileys.get_message_after_kill.missing",
    kind: "count",
    unit: "messages",
    limit: { max: 0 },
    against: `sent messages that getMessage does not find after ${KILLS} kills at random times, of those that left 5 s before`,
    run: async () => (await missingAfterKills()).missing as number,
  },
];
