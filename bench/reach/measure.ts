/** What an account writes for a shape of traffic: the real engine and Signal code, in simulated time. */

import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { openSqliteBackend, type SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { fakeHost } from "../../src/testing/mod.ts";
import type { SignalPeer } from "../../test/baileys/signal_peer.ts";
import { Contact, HookedBot } from "../support/hooked_bot.ts";
import { quietly } from "../support/quietly.ts";
import { MESSAGES, type Shape, type Step } from "./shapes.ts";

/** What a thousand messages cost. */
export interface Measured {
  readonly commits: number;
  readonly rows: number;
  /** Bytes of values in commits. */
  readonly bytes: number;
}

/** Measures a shape, from the second message with each contact to after a clean close. */
export async function measure(shape: Shape): Promise<Measured> {
  const restoreConsole = quietly();
  try {
    return await new Traffic(shape).run();
  } finally {
    restoreConsole();
  }
}

class Traffic {
  readonly #shape: Shape;
  readonly #host = fakeHost();
  readonly #contacts: Contact[];
  /** Pairs of a group and an author whose sender key the other side has. */
  readonly #told = new Set<string>();
  #bytes = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#contacts = Array.from({ length: shape.contacts }, (_, index) => new Contact(index));
  }

  async run(): Promise<Measured> {
    const driver = counted(await openLibsqlDriver({ url: ":memory:", logger: silentLogger }), (bytes) => {
      this.#bytes += bytes;
    });
    const bot = await HookedBot.open(openSqliteBackend(driver, { account: "bot" }), this.#host);
    for (const contact of this.#contacts) {
      await contact.ready();
      await bot.greet(contact);
      await bot.send(contact, 0);
      await this.#receive(bot, contact);
    }
    // The set-up is over and saved.
    await this.#host.scheduler.advance(120_000);
    const before = bot.account.stats();
    this.#bytes = 0;
    for (const [number, step] of this.#shape.steps().entries()) await this.#carry(bot, step, number);
    await bot.account.close();
    const after = bot.account.stats();
    const per = (count: number): number => Math.round((count * 1_000) / MESSAGES);
    return {
      commits: per(after.commits - before.commits),
      rows: per(after.rowsWritten - before.rowsWritten),
      bytes: per(this.#bytes),
    };
  }

  async #carry(
    bot: HookedBot,
    { contact: index, group, isSent, afterMs }: Step,
    number: number,
  ): Promise<void> {
    await this.#host.scheduler.advance(afterMs);
    const contact = this.#contacts[index] as Contact;
    if (group !== undefined) await this.#carryInGroup(bot, contact, `${group}@g.us`, isSent);
    else if (isSent) await bot.send(contact, number);
    else await this.#receive(bot, contact);
  }

  async #receive(bot: HookedBot, { peer }: Contact): Promise<void> {
    const frame = await peer.send(bot.peer, "a question");
    if ((await bot.peer.receive(peer, frame)) !== "a question") throw new Error("the message was not read");
  }

  /** Readers of the bot's own message are one contact: what the bot writes does not depend on their number. */
  async #carryInGroup(bot: HookedBot, { peer }: Contact, group: string, isSent: boolean): Promise<void> {
    const [author, reader]: [SignalPeer, SignalPeer] = isSent ? [bot.peer, peer] : [peer, bot.peer];
    const { message, senderKey } = await author.sendToGroup(group, "to all");
    const pair = `${group} ${author.jid} ${isSent ? reader.jid : ""}`;
    if (!this.#told.has(pair)) await reader.learnSenderKey(group, author, senderKey);
    this.#told.add(pair);
    if ((await reader.receiveFromGroup(group, author, message)) !== "to all")
      throw new Error("the message was not read");
  }
}

/** A driver that tells how many bytes of values each commit has. */
function counted(driver: SqlDriver, tell: (bytes: number) => void): SqlDriver {
  return {
    ...driver,
    limits: driver.limits,
    query: (sql, params) => driver.query(sql, params),
    batch(statements) {
      for (const { params } of statements)
        tell(params.reduce<number>((sum, value) => sum + sizeOf(value), 0));
      return driver.batch(statements);
    },
    close: () => driver.close(),
  };
}

function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  return typeof value === "string" ? value.length : 8;
}
