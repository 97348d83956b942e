import { type Account, openAccount } from "../../../src/account/mod.ts";
import { MemoryDatabase, MemoryFaults, memoryBackend } from "../../../src/adapters/memory/mod.ts";
import { formatJid, type Jid, parseJid } from "../../../src/addresses/mod.ts";
import type { LearntMapping } from "../../../src/directory/lid/mod.ts";
import { type Directory, directory } from "../../../src/directory/mod.ts";
import {
  SenderKeyRecord,
  SenderKeyState,
  SessionChain,
  SessionRecord,
  SessionState,
} from "../../../src/ratchet/mod.ts";
import { type SignalPolicy, signalCache } from "../../../src/signal/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter } from "../../../src/testing/mod.ts";

export const PN: string = "5511999990001";
export const LID: string = "100000000000001";
export const GROUP: string = "120363000000000001@g.us";
export const USER: Jid = parseJid(`${PN}@s.whatsapp.net`);
export const LID_USER: Jid = parseJid(`${LID}@lid`);

export interface OpenedDirectory {
  readonly account: Account;
  readonly directory: Directory;
}

/** One database. Each opening stands for a process of its own. */
export class DirectoryWorld {
  readonly database: MemoryDatabase = new MemoryDatabase();
  readonly faults: MemoryFaults = new MemoryFaults();
  readonly plan: FaultPlan = new FaultPlan();
  #openings = 0;

  async open(signal?: SignalPolicy): Promise<OpenedDirectory> {
    this.#openings += 1;
    const host: FakeHost = fakeHost({ seed: this.#openings });
    const { database, faults } = this;
    const inner = memoryBackend({ database, faults, clock: host.clock });
    const backend = faultyCommitter(inner, this.plan, { clock: host.clock });
    const account = await openAccount({
      ...{ backend, host, signal, saverIntervalMs: "manual", housekeeping: false },
    });
    return { account, directory: directory(account) };
  }
}

export function session(name: number): SessionRecord {
  const key = (start: number): Uint8Array => new Uint8Array(33).fill(start).fill(5, 0, 1);
  const state = new SessionState();
  state.remoteIdentityPublic = key(1);
  state.rootKey = new Uint8Array(32).fill(name);
  state.aliceBaseKey = key(name);
  state.senderChain = SessionChain.create({
    ratchetKey: key(name + 1),
    ratchetKeyPrivate: new Uint8Array(32),
    chainKey: new Uint8Array(32).fill(name),
  });
  const record = new SessionRecord();
  record.startSession(state);
  return record;
}

/** Stores a device list, sessions and identities under a phone number. */
export async function fill(
  { account, directory: { devices } }: OpenedDirectory,
  pn: string = PN,
  ids: readonly number[] = [0, 3],
): Promise<void> {
  const cache = signalCache(account);
  const user = parseJid(`${pn}@s.whatsapp.net`);
  await devices.update([{ user, devices: ids.map((deviceId) => ({ deviceId, keyIndex: 1 })), timestamp: 1 }]);
  for (const id of ids) {
    const address = `${pn}${id === 0 ? "" : `:${id}`}@c.us.0`;
    await cache.sessions.put(address, session(10 + id));
    await cache.identities.put(address, new Uint8Array(32).fill(7));
  }
}

/** Stores mappings without the directory, as the Baileys adapter does. Nothing is moved. */
export async function putMappings(
  { account }: OpenedDirectory,
  mappings: readonly LearntMapping[],
): Promise<void> {
  const entries = mappings.map((mapping) => ({
    ...{ ...mapping, createdAt: 1, updatedAt: 1, learningSource: "other" as const },
  }));
  await account.commitWith([{ kind: "lidMapping.put", entries }]);
}

/** What the database holds for one user, under both names. */
export interface StoredUser {
  /** `kind address` of each row of the Signal store. */
  readonly addresses: readonly string[];
  /** Users of the device lists under the phone number and the LID. */
  readonly lists: readonly (string | undefined)[];
  readonly lid: string | undefined;
}

/** Reads what the database holds for one user, under both names. */
export async function stored(world: DirectoryWorld, pn: string = PN, lid: string = LID): Promise<StoredUser> {
  const backend = memoryBackend({ database: world.database });
  const entries = await backend.listSignalAddresses([pn, lid]);
  const [ofPn, ofLid] = await backend.getDevicesFor([pn, lid]);
  return {
    addresses: entries.map(({ kind, address }) => `${kind} ${address}`),
    lists: [ofPn?.user, ofLid?.user],
    lid: (await backend.getPnMapping(pn))?.lid,
  };
}

export const BEFORE: StoredUser = {
  addresses: [
    `identity ${PN}:3@c.us.0`,
    `session ${PN}:3@c.us.0`,
    `identity ${PN}@c.us.0`,
    `session ${PN}@c.us.0`,
  ],
  lists: [PN, undefined],
  lid: undefined,
};

export const AFTER: StoredUser = {
  addresses: [
    `identity ${LID}:3@lid.0`,
    `session ${LID}:3@lid.0`,
    `identity ${LID}@lid.0`,
    `session ${LID}@lid.0`,
  ],
  lists: [undefined, LID],
  lid: LID,
};

export const MAPPING: readonly LearntMapping[] = [{ lid: LID, phoneNumber: PN }];

export function texts(jids: readonly Jid[] | undefined): string[] | undefined {
  return jids?.map(formatJid);
}

/** Sends our key of the group to these devices and acknowledges the message. */
export async function give(
  { directory: { senderKeyDevices } }: OpenedDirectory,
  devices: readonly Jid[],
): Promise<void> {
  await (await senderKeyDevices.beginDistribution(GROUP, devices)).acknowledged();
}

export const OWN_KEY: string = `${GROUP}:${LID}:1@lid.0`;
export const HOLDERS: readonly Jid[] = [parseJid("100000000000009@lid")];

/** Opens a directory with our own sender key, which one device holds. */
export async function withOwnKey(world: DirectoryWorld): Promise<OpenedDirectory> {
  const opened = await world.open();
  opened.account.device.modifyDevice((draft) => {
    draft.lid = `${LID}:1@lid`;
  });
  const record = new SenderKeyRecord();
  record.putState(
    SenderKeyState.create({
      keyId: 7,
      seed: new Uint8Array(32),
      signingPublic: new Uint8Array(33).fill(5, 0, 1),
      signingPrivate: new Uint8Array(32).fill(1),
    }),
  );
  await signalCache(opened.account).senderKeys.put(OWN_KEY, record);
  await opened.account.flush();
  await give(opened, HOLDERS);
  return opened;
}
