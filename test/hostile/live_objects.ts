/** An open account with everything that hangs on it, as targets of hostile calls. */
import { type Account, openAccount } from "../../mod.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { DEVICE_FIELD_NAMES } from "../../src/backend/device_fields.ts";
import { baileysAuthState } from "../../src/baileys/mod.ts";
import { directory } from "../../src/directory/mod.ts";
import { KeyedLanes, KeyedLock, PortableCache, TypedCache } from "../../src/exports/cache.ts";
import {
  generateKeyPair,
  SenderKeyRecord,
  SenderKeyState,
  SessionChain,
  SessionRecord,
  SessionState,
  signalCache,
} from "../../src/exports/signal.ts";
import { fakeHost } from "../../src/testing/mod.ts";

/** Objects to call, by name. */
export interface LiveObjects {
  readonly targets: ReadonlyMap<string, object>;
  /** Ends the world and says what could not be saved. */
  close(): Promise<readonly string[]>;
}

const PUBLIC_KEY = new Uint8Array(33).fill(5, 0, 1);

export function sessionState(): SessionState {
  const state = new SessionState();
  state.remoteIdentityPublic = PUBLIC_KEY;
  state.rootKey = new Uint8Array(32);
  state.aliceBaseKey = PUBLIC_KEY;
  state.senderChain = SessionChain.create({
    ratchetKey: PUBLIC_KEY,
    ratchetKeyPrivate: new Uint8Array(32),
    chainKey: new Uint8Array(32),
  });
  return state;
}

export function senderKeyState(): SenderKeyState {
  return SenderKeyState.create({
    keyId: 7,
    seed: new Uint8Array(32),
    signingPublic: PUBLIC_KEY,
    signingPrivate: new Uint8Array(32),
  });
}

export function sessionRecord(): SessionRecord {
  const record = new SessionRecord();
  record.startSession(sessionState());
  return record;
}

/** Opens two accounts: one with the standard records and the directory, one under Baileys' adapter. */
export async function openLiveObjects(seed: number): Promise<LiveObjects> {
  const database = new MemoryDatabase();
  const open = async (name: string) =>
    await openAccount({
      backend: memoryBackend({ database, account: name }),
      host: fakeHost({ seed }),
      saverIntervalMs: "manual",
      housekeeping: false,
    });
  const account = await open("one");
  const other = await open("two");
  const { clock } = account.host;
  const cache = signalCache(account);
  const parts = directory(account);
  const { state } = await baileysAuthState(other);
  const backend = memoryBackend({ database, account: "three" });
  const senderKeys = new SenderKeyRecord();
  senderKeys.putState(senderKeyState());
  const targets = new Map<string, object>(
    Object.entries({
      account,
      "account.store": account.store,
      "account.device": account.device,
      "account.writeBehind": account.writeBehind,
      "account.lid": account.lid,
      "account.attachments": account.attachments,
      signalCache: cache,
      "signalCache.sessions": cache.sessions,
      "signalCache.senderKeys": cache.senderKeys,
      "signalCache.identities": cache.identities,
      directory: parts,
      "directory.devices": parts.devices,
      "directory.groups": parts.groups,
      "directory.senderKeyDevices": parts.senderKeyDevices,
      "directory.lid": parts.lid,
      "baileys.keys": state.keys,
      backend,
      database,
      sessionRecord: sessionRecord(),
      sessionState: sessionState(),
      sessionChain: sessionState().senderChain as SessionChain,
      senderKeyRecord: senderKeys,
      senderKeyState: senderKeyState(),
      keyedLock: new KeyedLock(),
      keyedLanes: new KeyedLanes({ clock }),
      portableCache: new PortableCache({ capacity: 10, clock }),
      typedCache: TypedCache.inProcess({ capacity: 10, clock }),
      keyPair: generateKeyPair(account.host.random),
    }),
  );
  return {
    targets,
    close: async () => {
      const lost: string[] = [];
      for (const each of [account, other, backend]) {
        await each.close().catch((error: Error) => lost.push(error.message));
      }
      return lost;
    },
  };
}

/** Functions that take options, with valid ones: each call replaces one of them. */
export function optionTakers(): readonly {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  call(options: never): unknown;
}[] {
  const host = fakeHost({ seed: 1 });
  const { clock } = host;
  const opened = async (options: Parameters<typeof openAccount>[0]): Promise<void> => {
    await (await openAccount(options)).close();
  };
  const account = {
    ...{ backend: memoryBackend(), host, taskLabel: "x", saverIntervalMs: "manual", policy: {} },
    ...{ signal: {}, cache: undefined, housekeeping: {}, snapshotSink: undefined, newDevice: undefined },
  };
  const cache = { capacity: 3, clock, ttlMs: 5, idleMs: 5, onEvict: undefined, logger: undefined };
  return [
    { name: "openAccount", options: account, call: opened },
    {
      name: "openAccount policy",
      options: { intervalMs: 1, maxAgeMs: 1, maxPendingItems: 1, haltAfter: 1 },
      call: (policy: never) => opened({ backend: memoryBackend(), host, policy }),
    },
    {
      name: "openAccount signal",
      options: { durability: "strict", capacity: 3, restoreEpoch: 0 },
      call: (signal: never) => opened({ backend: memoryBackend(), host, signal }),
    },
    {
      name: "openAccount housekeeping",
      options: { intervalS: 1, sentMessageS: 1, baseKeyS: 1, pendingInboundS: 1, tcTokenS: 1 },
      call: (housekeeping: never) => opened({ backend: memoryBackend(), host, housekeeping }),
    },
    {
      name: "memoryBackend",
      options: { database: new MemoryDatabase(), account: "a", clock },
      call: async (options: never) => await (await memoryBackend(options)).close(),
    },
    { name: "PortableCache", options: cache, call: (options: never) => new PortableCache(options) },
    {
      name: "KeyedLanes",
      options: { clock, capacity: 2, maxWaiting: 2 },
      call: (of: never) => new KeyedLanes(of),
    },
    {
      name: "modifyDevice draft",
      options: Object.fromEntries(DEVICE_FIELD_NAMES.map((member) => [member, undefined])),
      call: (change: never) => modified(change),
    },
    {
      name: "SessionChain",
      options: { ratchetKey: PUBLIC_KEY, chainKey: new Uint8Array(32), index: 0 },
      call: (of: never) => SessionChain.create(of),
    },
  ];
}

let modifiedDevice: Promise<Account> | undefined;

/** Replaces members of a draft. */
async function modified(change: object): Promise<void> {
  modifiedDevice ??= openAccount({
    backend: memoryBackend(),
    host: fakeHost({ seed: 2 }),
    saverIntervalMs: "manual",
  });
  const { device } = await modifiedDevice;
  const before = device.getDeviceSnapshot();
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  try {
    device.modifyDevice((draft) => Object.assign(draft, Object.fromEntries(given)));
  } catch (error) {
    if (device.getDeviceSnapshot() !== before) throw new Error("the device was changed");
    throw error;
  }
}
