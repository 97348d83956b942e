import type { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import type { Account } from "../../../src/account/mod.ts";
import {
  formatJid,
  formatNodeSenderKeyName,
  parseJid,
  parseSenderKeyName,
  parseSignalAddress,
  type SignalAddress,
  signalAddressToJid,
} from "../../../src/addresses/mod.ts";
import { type BaileysBinding, bindingOf } from "../../../src/baileys/binding.ts";
import type { CachedChange } from "../../../src/baileys/cached_kind.ts";
import type { LocalIdentity } from "../../../src/baileys/convert/mod.ts";
import { signalRepository } from "../../../src/baileys/mod.ts";
import { hexOf } from "../../../src/bytes/mod.ts";
import { KeyedLock } from "../../../src/cache/mod.ts";
import type { SyncedDevices } from "../../../src/directory/mod.ts";
import { StoreError } from "../../../src/errors/mod.ts";
import { ABSENT, type Digest, identityDigest, storedDigest } from "../checks/record_digest.ts";
import {
  type Bundle,
  CannotDecrypt,
  type ChaosClient,
  type ClientObserver,
  type GroupSend,
  NoSession,
  type Outgoing,
} from "./client.ts";
import { nameOf, PRE_KEY_MESSAGE, type Sealed, startOf } from "./wire.ts";

/** Baileys' own Signal repository, which makes libsignal-node's sessions over an account's keys. */
export type MakeRepository = typeof makeLibSignalRepository;

type Json = Parameters<BaileysBinding["cache"]["sessions"]["put"]>[1]["json"];

/** `chainType` of a chain that the peer sends on. */
const RECEIVING = 2;

/** A client whose Signal implementation is Baileys' repository over libsignal-node, as a socket uses it. */
export class BaileysClient implements ChaosClient {
  readonly #account: Account;
  readonly #binding: BaileysBinding;
  readonly #repository: ReturnType<MakeRepository>;
  readonly #observer: ClientObserver;
  /** One at a time sends to a group. */
  readonly #groups = new KeyedLock();

  constructor(make: MakeRepository, account: Account, observer: ClientObserver) {
    this.#account = account;
    this.#observer = observer;
    this.#binding = bindingOf(account);
    this.#watch();
    const auth = { creds: credsOf(account), keys: this.#binding.keys };
    // biome-ignore lint/suspicious/noExplicitAny: Baileys' types are nominal in places.
    this.#repository = signalRepository(account, make)(auth as any, silent as any, userSync(observer));
  }

  get incarnation(): string {
    return this.#binding.cache.incarnation;
  }

  get dirty(): number {
    return this.#binding.cache.stats.dirty;
  }

  get gated(): number {
    return this.#binding.cache.stats.gated;
  }

  async hasSession(address: string): Promise<boolean> {
    return (await this.#repository.validateSession(jidOf(address))).exists;
  }

  async greet(address: string, bundle: Bundle): Promise<string> {
    const { signedPreKey, preKey } = bundle;
    await this.#repository.injectE2ESession({
      jid: jidOf(address),
      session: {
        registrationId: bundle.registrationId,
        identityKey: Buffer.from(bundle.identityKey),
        signedPreKey: {
          keyId: signedPreKey.keyId,
          publicKey: Buffer.from(signedPreKey.publicKey),
          signature: Buffer.from(signedPreKey.signature),
        },
        preKey: { keyId: preKey?.keyId ?? 0, publicKey: Buffer.from(preKey?.publicKey ?? []) },
      },
    });
    return this.#baseOf.get(startName(hexOf(bundle.identityKey), preKey?.keyId)) ?? "";
  }

  async encrypt(address: string, text: string): Promise<Outgoing> {
    const jid = jidOf(address);
    const sealed = await this.#repository
      .encryptMessage({ jid, data: Buffer.from(text) })
      .catch((error: unknown) => {
        throw /No (open )?session/.test(String(error)) ? new NoSession(address) : error;
      });
    const message: Sealed = {
      type: sealed.type === "pkmsg" ? PRE_KEY_MESSAGE : 1,
      body: new Uint8Array(sealed.ciphertext),
    };
    const base = startOf(message)?.base ?? this.#baseOf.get(nameOf(message).chain) ?? "";
    return { ...message, base };
  }

  async decrypt(address: string, message: Sealed): Promise<string> {
    const type = message.type === PRE_KEY_MESSAGE ? "pkmsg" : "msg";
    const ciphertext = Buffer.from(message.body);
    return await attempt(() => this.#repository.decryptMessage({ jid: jidOf(address), type, ciphertext }));
  }

  async sendToGroup({ group, name, devices, text, leave }: GroupSend): Promise<void> {
    const { keys } = this.#binding;
    const meId = jidOfAddress(parseSenderKeyName(name).sender);
    // As `relayMessage`, which sends within a transaction.
    await this.#groups.withKeys([group], async () => {
      const { [group]: known } = await keys.get("sender-key-memory", [group]);
      const marks = (known ?? {}) as Readonly<Record<string, boolean>>;
      const sealed = await this.#repository.encryptGroupMessage({ group, meId, data: Buffer.from(text) });
      const outgoing = {
        body: new Uint8Array(sealed.ciphertext),
        distribution: new Uint8Array(sealed.senderKeyDistributionMessage),
      };
      const lacking = devices.filter((device) => marks[device] !== true);
      if (!(await leave(outgoing, lacking)) || lacking.length === 0) return;
      const added = Object.fromEntries(lacking.map((device) => [device, true]));
      await keys.set({ "sender-key-memory": { [group]: { ...marks, ...added } } });
    });
  }

  async forgetHolder(group: string, devices: readonly string[]): Promise<void> {
    const { keys } = this.#binding;
    await this.#groups.withKeys([group], async () => {
      const { [group]: known } = await keys.get("sender-key-memory", [group]);
      const kept = Object.entries(known ?? {}).filter(([device]) => !devices.includes(device));
      await keys.set({ "sender-key-memory": { [group]: Object.fromEntries(kept) } });
    });
  }

  async rotateSenderKey(group: string, name: string): Promise<void> {
    const key = formatNodeSenderKeyName(parseSenderKeyName(name));
    await this.#groups.withKeys([group], () =>
      this.#binding.keys.set({ "sender-key": { [key]: null }, "sender-key-memory": { [group]: null } }),
    );
  }

  async learnSenderKey(name: string, distribution: Uint8Array): Promise<void> {
    const { group, sender } = parseSenderKeyName(name);
    await this.#repository.processSenderKeyDistributionMessage({
      item: { groupId: formatJid(group), axolotlSenderKeyDistributionMessage: distribution },
      authorJid: jidOfAddress(sender),
    });
  }

  async decryptGroup(name: string, body: Uint8Array): Promise<string> {
    const { group, sender } = parseSenderKeyName(name);
    return await attempt(() =>
      this.#repository.decryptGroupMessage({
        group: formatJid(group),
        authorJid: jidOfAddress(sender),
        msg: Buffer.from(body),
      }),
    );
  }

  async deleteSession(address: string): Promise<void> {
    await this.#repository.deleteSession([jidOf(address)]);
  }

  /** Its repository holds the lock around everything: there is no old copy. */
  async takeStale(): Promise<undefined> {
    return undefined;
  }

  async look(address: string): Promise<void> {
    await this.#binding.cache.sessions.load(address);
  }

  flush(): ReturnType<ChaosClient["flush"]> {
    return this.#account.flush();
  }

  releaseLeases(): ReturnType<ChaosClient["releaseLeases"]> {
    return this.#binding.cache.releaseLeases();
  }

  clearAfterFlush(): void {
    this.#binding.cache.clearAfterFlush();
  }

  async tellLid(pn: string, lid: string, migrates: boolean): Promise<void> {
    const [from, to] = [`${pn}@s.whatsapp.net`, `${lid}@lid`];
    await this.#repository.lidMapping.storeLIDPNMappings([{ pn: from, lid: to }]);
    if (migrates) await this.#repository.migrateSession(from, to);
  }

  async lookUp(pn: string): Promise<void> {
    await this.#repository.validateSession(`${pn}@s.whatsapp.net`);
  }

  async listDevices({ user, devices }: SyncedDevices): Promise<void> {
    const ids = devices.map(({ deviceId }) => String(deviceId));
    await this.#binding.keys.set({ "device-list": { [user.user]: ids } });
  }

  /** Sessions by their sending chains, in hex, and by the pre-key that they began with. */
  readonly #baseOf = new Map<string, string>();

  /** Tells the observer of every change: the repository shows none of them. */
  #watch(): void {
    const { cache } = this.#binding;
    const observer = this.#observer;
    const changes = new Map<string, number>();
    const local = (): LocalIdentity => {
      const { identityKey, registrationId } = this.#account.device.getDeviceSnapshot();
      return { localIdentityPublic: identityKey.publicKey, localRegistrationId: registrationId };
    };
    const change = cache.change.bind(cache);
    cache.change = async (made, applied) => {
      const digests = made.map((each) => this.#digestOf(each, local));
      return await change(made, (tickets) => {
        for (const [index, { store, address, value }] of made.entries()) {
          const gated = tickets[index]?.gated === true;
          const number = observer.changed(
            store,
            address,
            digests[index] ?? ABSENT,
            gated && value !== undefined,
          );
          if (gated && value !== undefined) changes.set(`${store}:${address}`, number);
          if (value === undefined && store === "session") observer.identityChanged(address);
        }
        return applied(tickets);
      });
    };
    const publishable = cache.publishable.bind(cache);
    cache.publishable = async (addresses) => {
      const keys = (addresses ?? []).flatMap((address) => [`session:${address}`, `senderKey:${address}`]);
      const waited = keys.map((key) => [key, changes.get(key)] as const);
      await publishable(addresses);
      for (const [key, number] of waited) {
        const at = key.indexOf(":");
        if (number !== undefined)
          observer.published(key.slice(0, at) as "session" | "senderKey", key.slice(at + 1), number);
      }
    };
    cache.onEvent((event) => observer.event(event));
  }

  /** What the observer is told of a change; libsignal-node may have broken sessions with it. */
  #digestOf(change: CachedChange, local: () => LocalIdentity): Digest {
    if (change.value === undefined) return ABSENT;
    switch (change.store) {
      case "session":
        this.#name(change.value.json);
        this.#observer.broke(change.address, brokenIn(change.value.json));
        return storedDigest("session", change.value.encode(local()));
      case "senderKey":
        change.value.prune();
        return storedDigest("senderKey", change.value.encode());
      case "identity":
        return identityDigest(change.value);
    }
  }

  #name(json: Json): void {
    for (const { indexInfo, currentRatchet, pendingPreKey } of Object.values(json._sessions)) {
      const base = hexOfBase64(indexInfo.baseKey);
      this.#baseOf.set(hexOfBase64(currentRatchet.ephemeralKeyPair.pubKey), base);
      if (pendingPreKey !== undefined)
        this.#baseOf.set(startName(hexOfBase64(indexInfo.remoteIdentityKey), pendingPreKey.preKeyId), base);
    }
  }
}

/**
 * Sessions that have the same chain of the peer. libsignal-node tries a message on one session after the
 * other, steps the ratchet of each as it goes, and stores those that failed: which of these the message was
 * meant for cannot be seen.
 */
function brokenIn(json: Json): string[] {
  const owners = new Map<string, string[]>();
  for (const { indexInfo, _chains } of Object.values(json._sessions)) {
    for (const [key, { chainType }] of Object.entries(_chains))
      if (chainType === RECEIVING) owners.set(key, [...(owners.get(key) ?? []), indexInfo.baseKey]);
  }
  return [...owners.values()].filter((bases) => bases.length > 1).flatMap((bases) => bases.map(hexOfBase64));
}

/** The look-up of LIDs at the server that a socket gives to its repository. */
function userSync(observer: ClientObserver): (jids: string[]) => Promise<{ lid: string; pn: string }[]> {
  return async (jids) =>
    jids.flatMap((pn) => {
      const lid = observer.lidOf(parseJid(pn).user);
      return lid === undefined ? [] : [{ pn, lid: `${lid}@lid` }];
    });
}

function startName(identity: string, preKeyId: number | undefined): string {
  return `${identity} ${preKeyId}`;
}

const noop = (): void => {};
const silent = {
  level: "silent",
  child: () => silent,
  trace: noop,
  debug: noop,
  info: noop,
  warn: noop,
  error: noop,
};

function credsOf(account: Account): object {
  const { registrationId, identityKey, signedPreKey, signedPreKeyId, signedPreKeySignature } =
    account.device.getDeviceSnapshot();
  const pair = ({ publicKey, privateKey }: typeof identityKey): object => ({
    public: Buffer.from(publicKey),
    private: Buffer.from(privateKey),
  });
  return {
    registrationId,
    signedIdentityKey: pair(identityKey),
    signedPreKey: { keyId: signedPreKeyId, keyPair: pair(signedPreKey), signature: signedPreKeySignature },
  };
}

function jidOf(address: string): string {
  return jidOfAddress(parseSignalAddress(address));
}

function jidOfAddress(address: SignalAddress): string {
  return formatJid(signalAddressToJid(address));
}

function hexOfBase64(base64: string): string {
  return hexOf(new Uint8Array(Buffer.from(base64, "base64")));
}

async function attempt(use: () => Promise<Uint8Array>): Promise<string> {
  try {
    return Buffer.from(await use()).toString();
  } catch (error) {
    if (error instanceof StoreError) throw error;
    throw new CannotDecrypt(String(error), { cause: error });
  }
}
