/**
 * Greps everything that accounts emit in a run with faults (logs, events, statistics, metrics, reports, error
 * messages) for every key, record and payload that was made in it, and for every name of a user.
 */
import { describe, expect, test } from "vitest";
import {
  ownSenderKeyRecordBytes,
  sessionRecordBytes,
} from "../../test/support/signal/sample_signal_records.ts";
import { type Account, openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { hexOf } from "../bytes/mod.ts";
import { BackendError, RefusedError } from "../errors/mod.ts";
import type { Host, Random } from "../ports/mod.ts";
import { SessionRecord } from "../ratchet/mod.ts";
import { rotateKey, sealing } from "../sealing/mod.ts";
import { signalCache } from "../signal/mod.ts";
import { FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { exportAccount, importAccount, retireAccount, undoRetirement } from "../transfer/mod.ts";
import { accountEvents, onAccountEvent } from "./account_events.ts";
import { AccountMetrics } from "./account_metrics.ts";
import { memoryReport } from "./memory_report.ts";

/** Shortest piece of a secret whose appearance counts, in bytes. */
const PIECE = 8;

const USERS = ["5511987650001", "5511987650002", "100000000004711"];
const PASSPHRASE = "correct horse battery staple";

/** What was made in the run. */
class Secrets {
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #texts: string[] = [...USERS, PASSPHRASE];

  get size(): number {
    return this.#bytes.size;
  }

  /** A source whose bytes are secrets. */
  randomOf(random: Random): Random {
    return { bytes: (length) => this.add(random.bytes(length)) };
  }

  /** Short ones are no keys: they would be found by chance. */
  add(bytes: Uint8Array): Uint8Array {
    if (bytes.length >= 16) this.#bytes.set(hexOf(bytes), bytes.slice());
    return bytes;
  }

  /** Adds every byte array of a value. */
  addAll(value: unknown): void {
    if (value instanceof Uint8Array) this.add(value);
    else if (value instanceof Map) for (const part of value.values()) this.addAll(part);
    else if (typeof value === "object" && value !== null)
      for (const part of Object.values(value)) this.addAll(part);
  }

  /** The secrets that a text has, in any of the forms in which programs print bytes. */
  in(text: string): string[] {
    const lower = text.toLowerCase();
    const found = this.#texts.filter((secret) => text.includes(secret));
    for (const bytes of this.#bytes.values()) {
      // Fields of one value would be the same pieces in every record.
      const piece = bytes.subarray(0, PIECE);
      if (new Set(piece).size < PIECE / 2) continue;
      const base64 = Buffer.from(bytes.subarray(0, 9)).toString("base64").slice(0, 11);
      const list = [...piece].join(",");
      const object = [...piece].map((byte, index) => `"${index}":${byte}`).join(",");
      const forms = [hexOf(piece), list, list.replaceAll(",", ", "), object];
      if (forms.some((form) => lower.includes(form))) found.push(hexOf(bytes));
      else if (text.includes(base64) || text.includes(base64.replaceAll("+", "-").replaceAll("/", "_")))
        found.push(hexOf(bytes));
    }
    return found;
  }
}

/** Texts that the run emitted. */
class Emitted {
  readonly texts: string[] = [];

  add(value: unknown): void {
    this.texts.push(typeof value === "string" ? value : (JSON.stringify(value, withBytes) ?? "undefined"));
  }

  /** Messages, codes and causes of a failure. */
  addError(error: unknown): void {
    for (let each = error; each instanceof Error; each = each.cause)
      this.add(`${each.name} ${each.message} ${JSON.stringify(each)}`);
  }
}

function withBytes(_key: string, value: unknown): unknown {
  if (value instanceof Map) return [...value];
  return typeof value === "bigint" ? String(value) : value;
}

interface World {
  readonly secrets: Secrets;
  readonly emitted: Emitted;
  readonly metrics: AccountMetrics;
  open(database: MemoryDatabase, plan?: FaultPlan): Promise<Account>;
}

function world(): World {
  const [secrets, emitted, metrics] = [new Secrets(), new Emitted(), new AccountMetrics()];
  let seed = 0;
  return {
    secrets,
    emitted,
    metrics,
    async open(database, plan = new FaultPlan()) {
      seed += 1;
      const fake = fakeHost({ seed });
      const logger = { log: (...line: unknown[]) => emitted.add(line) };
      const host: Host = { ...fake, logger, random: secrets.randomOf(fake.random) };
      const backend = faultyCommitter(
        memoryBackend({ database, account: USERS[0], clock: host.clock }),
        plan,
      );
      const account = await openAccount({ backend, host, saverIntervalMs: "manual", housekeeping: false });
      metrics.add(account);
      onAccountEvent(account, (event) => emitted.add(event));
      secrets.addAll(account.device.getDeviceSnapshot());
      return account;
    },
  };
}

/** Sends, receives and fails, in every way that is reported. */
async function runWithFaults({ secrets, emitted, metrics, open }: World): Promise<void> {
  const database = new MemoryDatabase();
  const plan = new FaultPlan();
  const account = await open(database, plan);
  const report = (): void => {
    for (const value of [account.stats(), account.health(), metrics.text(), memoryReport([account])])
      emitted.add(value);
  };
  account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
  secrets.addAll(await account.device.generatePreKeys(5));
  const places = USERS.slice(0, 2).map((user) => `${user}@c.us.0`);
  for (const [index, address] of places.entries())
    await account.store.putSession(address, secrets.add(sessionRecordBytes(20 + index)));
  await account.store.putSession(`${USERS[2]}@lid.0`, secrets.add(new Uint8Array(40).fill(255, 3)));
  await account.store.putIdentity(places[0] as string, secrets.add(new Uint8Array(32).map((_, n) => n * 7)));
  await account.store.storeSentMessage(
    places[0] as string,
    "1",
    secrets.add(new TextEncoder().encode("a private message")),
  );
  await account.store.putSenderKey(`1@g.us:${places[0]}`, secrets.add(ownSenderKeyRecordBytes(5, 9)));
  const cache = signalCache(account);
  report();
  for (const fault of [
    undefined,
    new BackendError("no room"),
    new RefusedError("too large"),
    "lose-answer",
  ] as const) {
    for (const address of [...places, `${USERS[2]}@lid.0`]) {
      if (fault !== undefined) plan.next(fault);
      const send = cache.withAddress(address, async (place) => {
        const record = (await cache.sessions.load(place)) ?? new SessionRecord();
        await cache.sessions.put(place, record);
        await cache.publishable([place]);
      });
      await send.catch((error) => emitted.addError(error));
    }
    report();
  }
  for (let n = 0; n < 12; n += 1) {
    plan.next(new BackendError("no room"));
    account.device.processCommand({ kind: "setPushName", pushName: `Ada ${n}` });
    await account.flush().catch((error) => emitted.addError(error));
  }
  report();
  // Faults are left that no commit has met.
  while (account.health().state !== "idle") await account.flush().catch((error) => emitted.addError(error));
  const events = accountEvents(account);
  const rival = await open(database);
  account.device.processCommand({ kind: "setPushName", pushName: "Eve" });
  await account.flush().catch((error) => emitted.addError(error));
  await account.close().catch((error) => emitted.addError(error));
  for await (const event of events) emitted.add(event);
  report();
  await rival.close();
  await transfer(database, secrets, emitted);
}

/** Out, in, set aside, brought back and sealed anew. */
async function transfer(database: MemoryDatabase, secrets: Secrets, emitted: Emitted): Promise<void> {
  const fake = fakeHost({ seed: 99 });
  const logger = { log: (...line: unknown[]) => emitted.add(line) };
  const host: Host = { ...fake, logger, random: secrets.randomOf(fake.random) };
  const [from, target] = [memoryBackend({ database, account: USERS[0] }), new MemoryDatabase()];
  const keys = { one: host.random.bytes(32), two: host.random.bytes(32) };
  const sealed = (current: "one" | "two") =>
    memoryBackend({ database: target, sealing: sealing({ keys, current }) });
  emitted.add(
    await importAccount(sealed("one"), exportAccount(from, { passphrase: PASSPHRASE, host }), {
      ...{ mode: "new", passphrase: PASSPHRASE, host },
    }),
  );
  // Its id is one that everyone may see.
  await retireAccount(sealed("one"), { host });
  await undoRetirement(sealed("one"));
  const account = await openAccount({ backend: sealed("two"), host, housekeeping: false });
  emitted.add(await rotateKey(account, { onStep: (status) => emitted.add(status) }));
  emitted.add(account.stats());
  await account.close();
  await openAccount({ backend: memoryBackend({ database: target }), host }).catch((error) =>
    emitted.addError(error),
  );
}

describe("what accounts emit", () => {
  test("has no key, record, payload or name of a user", async () => {
    const here = world();
    await runWithFaults(here);
    const { secrets, emitted } = here;
    expect(secrets.size).toBeGreaterThan(30);
    expect(emitted.texts.length).toBeGreaterThan(60);
    for (const kind of ["flush", "retry", "saverHalted", "fenced", "quarantined"])
      expect(
        emitted.texts.some((text) => text.includes(`"kind":"${kind}"`)),
        kind,
      ).toBe(true);
    for (const text of emitted.texts) expect(secrets.in(text), text.slice(0, 2_000)).toEqual([]);
  });

  test("would be found with one in any form", () => {
    const secrets = new Secrets();
    const key = secrets.add(new Uint8Array(32).map((_, index) => (index * 37 + 200) % 256));
    const buffer = Buffer.from(key);
    for (const text of [
      ...[buffer.toString("hex"), buffer.toString("hex").toUpperCase(), buffer.toString("base64")],
      ...[buffer.toString("base64url"), JSON.stringify(key), JSON.stringify([...key]), [...key].join(", ")],
      ...[buffer.toString("hex").slice(0, 16), `user ${USERS[1]} is gone`],
    ])
      expect(secrets.in(`key ${text} was lost`), text).toHaveLength(1);
    expect(secrets.in("nothing to see")).toEqual([]);
  });
});
