import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as baileys from "baileys";
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { type Account, openAccount } from "../../mod.ts";
import { openSqliteBackend } from "../../src/adapters/sqlite/mod.ts";
import { parseJid } from "../../src/addresses/mod.ts";
import type { Write } from "../../src/backend/mod.ts";
import { baileysAuthState, useHoldfast } from "../../src/baileys/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { peerOf } from "../../test/baileys/holdfast_peer.ts";
import {
  makeTestSocket,
  pairedCreds,
  QueryCounter,
  startWhatsAppServer,
  type TestSocket,
  type WhatsAppServer,
} from "../../test/support/whatsapp/mod.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { inFolder } from "../support/conversation.ts";
import { type CountingDriver, countingDriver } from "../support/counting_driver.ts";

/** The largest group, with two devices for each member. */
const USERS = 1_024;
const DEVICES = [0, 2] as const;

/** Time without a query after which a login counts as ended. */
const QUIET_MS = 500;

const ANNA = "15550000001";
const BEN = "15550000002";

interface Member {
  readonly pn: string;
  readonly lid: string;
}

const MEMBERS: readonly Member[] = Array.from({ length: USERS }, (_, index) => ({
  pn: String(15_600_000_000 + index * 7_919),
  lid: String(100_000_000_000_000 + index * 7_919),
}));

/** A bot over a database that counts queries. */
interface Bot {
  readonly account: Account;
  readonly socket: TestSocket;
  readonly driver: CountingDriver;
  close(): Promise<void>;
}

async function openBot(server: WhatsAppServer, path: string, pn = ANNA): Promise<Bot> {
  const driver = await countingDriver(`file:${path}`);
  const account = await openAccount({ backend: openSqliteBackend(driver) });
  const { config, bind } = await useHoldfast(baileys, account);
  const { creds, keys } = config.auth;
  if (creds.me === undefined) {
    Object.assign(creds, pairedCreds({ pn }));
    await (await baileysAuthState(account)).saveCreds();
  }
  const socket = await makeTestSocket({ server, creds, keys, config, onSocket: (sock) => void bind(sock) });
  const close = async (): Promise<void> => {
    await socket.close();
    await account.close();
  };
  return { account, socket, driver, close };
}

/** Enrols the members and stores what an account knows of them after a first message. */
async function meet(server: WhatsAppServer, { account, socket }: Bot, ben: TestSocket): Promise<void> {
  await socket.sendText(ben.userLid, "hello");
  await account.flush();
  const [record] = await account.store.getSessions([`${parseJid(ben.lid).user}:1@lid.0`]);
  if (record === undefined) throw new Error("there is no session");
  const noiseKey = new Uint8Array(32);
  for (const { pn, lid } of MEMBERS) {
    for (const device of DEVICES)
      server.enrol({ id: `${pn}:${device}@s.whatsapp.net`, lid: `${lid}:${device}@lid`, noiseKey });
  }
  const { learn, devices } = directory(account);
  await learn(
    MEMBERS.map(({ pn, lid }) => ({ lid, phoneNumber: pn })),
    { source: "usync" },
  );
  const timestamp = Math.floor(Date.now() / 1_000);
  await devices.update(
    MEMBERS.map(({ lid }) => ({
      user: parseJid(`${lid}@lid`),
      devices: DEVICES.map((deviceId) => ({ deviceId })),
      timestamp,
    })),
  );
  const addresses = MEMBERS.flatMap(({ lid }) => [`${lid}@lid.0`, `${lid}:2@lid.0`]);
  await account.commitWith(addresses.map((address): Write => ({ kind: "session.put", address, record })));
}

/** Resolves when what Baileys does at login, beside the first message, has ended. */
async function settled({ driver }: Bot): Promise<void> {
  for (let before = -1; before !== driver.queries.length; ) {
    before = driver.queries.length;
    await sleep(QUIET_MS);
  }
}

/** Queries of messages to the group, one after the other, each by name. */
async function countQueries(): Promise<Record<string, number>> {
  return await inFolder(async (folder) => {
    const server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
    const counter = new QueryCounter(server);
    try {
      const path = join(folder, "bot.db");
      const first = await openBot(server, path);
      const ben = await openBot(server, join(folder, "ben.db"), BEN);
      await meet(server, first, ben.socket);
      const members = [first.socket.jid, ...MEMBERS.map(({ pn }) => `${pn}@s.whatsapp.net`)];
      const group = server.createGroup({ members, addressing: "lid" });
      await first.socket.sock.groupMetadata(group);
      await first.close();
      const bot = await openBot(server, path);
      // What the first message of a process reads is not counted.
      await bot.socket.sendText(ben.socket.userLid, "hello again");
      const counts: Record<string, number> = {};
      const send = async (name: string, by: Bot): Promise<void> => {
        await settled(by);
        by.driver.queries.length = 0;
        counter.reset();
        const { rowsWritten } = by.account.stats();
        await by.socket.sendText(group, name);
        counts[name] = by.driver.queries.length;
        counts[`${name}Rows`] = by.account.stats().rowsWritten - rowsWritten;
        const { groups, devices, lids, bundles } = counter.of(by.socket.jid);
        counts.server = (counts.server ?? 0) + groups + devices + lids + bundles.length;
      };
      await send("cold", bot);
      await send("second", bot);
      await send("warm", bot);
      await bot.close();
      const again = await openBot(server, path);
      await again.socket.sendText(ben.socket.userLid, "hello again");
      await send("restarted", again);
      await again.close();
      await ben.close();
      return counts;
    } finally {
      await server.close();
    }
  });
}

/** Queries for messages whose sender's mapping is known: Baileys migrates the session before each. */
async function migratingKnown(): Promise<number> {
  return await inFolder(async (folder) => {
    const driver = await countingDriver(`file:${join(folder, "bot.db")}`);
    const account = await openAccount({ backend: openSqliteBackend(driver) });
    const { peer } = await peerOf(`${ANNA}:1@s.whatsapp.net`, account, makeLibSignalRepository);
    const [{ pn, lid }] = MEMBERS as readonly [Member];
    const migrate = (): Promise<unknown> =>
      peer.repository.migrateSession(`${pn}:2@s.whatsapp.net`, `${lid}:2@lid`);
    await migrate();
    driver.queries.length = 0;
    for (let message = 0; message < 100; message += 1) await migrate();
    const queries = driver.queries.length;
    await account.close();
    return queries;
  });
}

let counted: ReturnType<typeof countQueries> | undefined;

function count(name: string): () => Promise<number> {
  return async () => {
    counted ??= countQueries();
    return (await counted)[name] ?? Number.NaN;
  };
}

const GROUP = "a group of 1,024 users with two devices each, whose sessions exist";

export const entries: readonly BenchEntry[] = [
  {
    name: "baileys.group_2048_cold.queries",
    kind: "count",
    unit: "queries",
    limit: { max: 8 },
    against: `store queries of the first message after the account was opened, to ${GROUP}; the key goes to all`,
    run: count("cold"),
  },
  {
    name: "baileys.group_2048_restarted.queries",
    kind: "count",
    unit: "queries",
    limit: { max: 7 },
    against: "the same after another opening; all devices hold the key",
    run: count("restarted"),
  },
  {
    name: "baileys.group_2048_warm.queries",
    kind: "count",
    unit: "queries",
    limit: { max: 0 },
    against: "store queries of the third message to the group",
    run: count("warm"),
  },
  {
    name: "baileys.group_2048_warm.rows",
    kind: "count",
    unit: "rows",
    limit: { max: 10 },
    against: "rows that the third message writes: none for a device that holds the key",
    run: count("warmRows"),
  },
  {
    name: "baileys.group_2048_restarted.server_queries",
    kind: "count",
    unit: "queries",
    limit: { max: 0 },
    against: "queries to the server of all these messages but the first after pairing",
    run: count("server"),
  },
  {
    name: "baileys.migrate_known.queries",
    kind: "count",
    unit: "queries",
    limit: { max: 0 },
    against: "100 messages of a sender whose mapping is known: Baileys calls `migrateSession` for each",
    run: migratingKnown,
  },
];
