import type { Account } from "../../../src/account/mod.ts";
import { formatJid, parseJid } from "../../../src/addresses/mod.ts";
import { hexOf } from "../../../src/bytes/mod.ts";
import { signalPublicKey } from "../../../src/device/mod.ts";
import { directory, type SyncedDevices } from "../../../src/directory/mod.ts";
import { SenderKeyRecord, SessionRecord } from "../../../src/ratchet/mod.ts";
import { decodePreKey } from "../../../src/records/mod.ts";
import type { SignalStoreCache } from "../../../src/signal/mod.ts";
import { RewindError, signalCache } from "../../../src/signal/mod.ts";
import { ABSENT, identityDigest, senderKeyDigest, sessionDigest } from "../checks/record_digest.ts";
import {
  type Bundle,
  CannotDecrypt,
  type ChaosClient,
  type ClientObserver,
  type EncryptOptions,
  type GroupOutgoing,
  type GroupSend,
  NoSession,
  type Outgoing,
} from "./client.ts";
import { decryptAlone, type SessionBox } from "./rust_decrypt.ts";
import type { RustEngine, RustKeyPair, RustStorage } from "./rust_library.ts";
import { type Sealed, startOf } from "./wire.ts";

type Cache = SignalStoreCache<SessionRecord, SenderKeyRecord>;

/**
 * What the library is given for one call, and what it leaves. All of it is in memory: the library never
 * waits.
 */
interface Work {
  senderKey?: Uint8Array | undefined;
  preKey?: RustKeyPair | undefined;
  consumedPreKeyId?: number | undefined;
}

/** A client whose Signal implementation is the Rust library, over standard records. */
export class RustClient implements ChaosClient {
  readonly #engine: RustEngine;
  readonly #account: Account;
  readonly #cache: Cache;
  readonly #observer: ClientObserver;

  constructor(engine: RustEngine, account: Account, observer: ClientObserver) {
    this.#engine = engine;
    this.#account = account;
    this.#cache = signalCache(account);
    this.#observer = observer;
    this.#cache.onEvent((event) => observer.event(event));
    // The directory deletes our sender key itself.
    this.#cache.deleteSenderKey = (name) =>
      this.#cache.withSenderKey(name, async (at) => {
        await this.#cache.senderKeys.delete(at);
        observer.changed("senderKey", at, ABSENT, false);
      });
  }

  get incarnation(): string {
    return this.#cache.incarnation;
  }

  get dirty(): number {
    return this.#cache.stats.dirty;
  }

  get gated(): number {
    return this.#cache.stats.gated;
  }

  async hasSession(address: string): Promise<boolean> {
    return await this.#cache.withAddress(address, async (at) => {
      const record = await this.#load(at);
      return record?.sendingChain !== undefined;
    });
  }

  async greet(address: string, bundle: Bundle): Promise<string> {
    return await this.#cache.withAddress(address, async (at) => {
      const before = await this.#load(at);
      const isOther = await this.#saveIdentity(at, bundle.identityKey);
      const box: SessionBox = { session: isOther ? undefined : before?.encode() };
      await this.#engine.open(this.#storage({}, box), bundle);
      const record = SessionRecord.decode(box.session as Uint8Array);
      const base = baseOf(record);
      await this.#put(at, record);
      if (!isOther) this.#noteCurrent(before, record);
      return base;
    });
  }

  async encrypt(address: string, text: string, options: EncryptOptions = {}): Promise<Outgoing> {
    const cache = this.#cache;
    return await cache.withAddress(address, async (at) => {
      if (options.isUnasked !== true) await cache.sendable(at);
      const before = await this.#load(at);
      if (before?.sendingChain === undefined) throw new NoSession(at);
      const box: SessionBox = { session: before.encode() };
      const { type, body } = await this.#engine.encrypt(this.#storage({}, box), text);
      const record = SessionRecord.decode(box.session as Uint8Array);
      const base = baseOf(record);
      const { gated, change } = await this.#put(at, record);
      if (gated) {
        await cache.publishable([at]);
        this.#observer.published("session", at, change);
      }
      return { type, body, base };
    });
  }

  async decrypt(address: string, message: Sealed): Promise<string> {
    return await this.#cache.withAddress(address, async (at) => {
      const start = startOf(message);
      let before = await this.#load(at);
      const work: Work = {};
      if (start !== undefined) {
        if (await this.#saveIdentity(at, start.identity)) before = undefined;
        if (start.preKeyId !== undefined) work.preKey = await this.#loadPreKey(start.preKeyId);
      }
      const storage = (session: SessionBox): RustStorage => this.#storage(work, session);
      const { text, record } = await attempt(() => decryptAlone(this.#engine, storage, before, message));
      await this.#put(at, record, work.consumedPreKeyId);
      this.#noteCurrent(before, record);
      return text;
    });
  }

  async sendToGroup(message: GroupSend): Promise<void> {
    const { group, name, devices, leave } = message;
    const marks = directory(this.#account).senderKeyDevices;
    const jids = devices.map((device) => parseJid(device));
    // Loaded first: a key that is given up as it is read takes the marks along.
    const [at = name] = await this.#cache.locate([name]);
    await this.#cache.senderKeys.load(at);
    const distribution = await marks.beginDistribution(group, jids);
    const sealed = await this.#encryptGroup(message);
    // The key may have been given up in between, and another one be used.
    const lacking = new Set(
      [...distribution.devices, ...(await marks.withoutKey(group, jids))].map(formatJid),
    );
    if (await leave(sealed, [...lacking])) await distribution.acknowledged();
  }

  async forgetHolder(group: string, devices: readonly string[]): Promise<void> {
    const { senderKeyDevices } = directory(this.#account);
    await senderKeyDevices.forget(
      group,
      devices.map((device) => parseJid(device)),
    );
  }

  async rotateSenderKey(group: string, name: string): Promise<void> {
    await directory(this.#account).senderKeyDevices.rotate(group, name);
  }

  async #encryptGroup({ name, text, isUnasked }: GroupSend): Promise<GroupOutgoing> {
    const cache = this.#cache;
    return await cache.withSenderKey(name, async (at) => {
      if (isUnasked !== true) await cache.sendable(at);
      const work: Work = { senderKey: (await this.#loadSenderKey(at))?.encode() };
      const storage = this.#storage(work);
      const distribution = await this.#engine.distribute(storage);
      const body = await this.#engine.encryptGroup(storage, text);
      const { gated, change } = await this.#putSenderKey(at, work);
      if (gated) {
        await cache.publishable([at]);
        this.#observer.published("senderKey", at, change);
      }
      return { body, distribution };
    });
  }

  async learnSenderKey(name: string, distribution: Uint8Array): Promise<void> {
    await this.#cache.withSenderKey(name, async (at) => {
      const work: Work = { senderKey: (await this.#loadSenderKey(at))?.encode() };
      await this.#engine.learn(this.#storage(work), distribution);
      await this.#putSenderKey(at, work);
    });
  }

  async decryptGroup(name: string, body: Uint8Array): Promise<string> {
    return await this.#cache.withSenderKey(name, async (at) => {
      const work: Work = { senderKey: (await this.#loadSenderKey(at))?.encode() };
      const text = await attempt(() => this.#engine.decryptGroup(this.#storage(work), body));
      await this.#putSenderKey(at, work);
      return text;
    });
  }

  async deleteSession(address: string): Promise<void> {
    await this.#cache.withAddress(address, (at) => this.#delete(at));
  }

  async takeStale(address: string): Promise<(() => Promise<void>) | undefined> {
    const cache = this.#cache;
    const { stale, at } = await cache.withAddress(address, async (at) => ({
      stale: await this.#load(at),
      at,
    }));
    if (stale?.sendingChain === undefined) return undefined;
    return async () => {
      await cache.withAddress(address, async (now) => {
        const there = await this.#load(now);
        const chain = there?.sendingChain;
        // Anything else that is old would be a lost update, which the lock prevents.
        if (now !== at || chain?.id !== stale.sendingChain?.id) return;
        if (chain === undefined || (stale.sendingChain?.next ?? 0) >= chain.next) return;
        try {
          await this.#put(now, stale.copy());
        } catch (error) {
          if (!(error instanceof RewindError)) throw error;
        }
      });
    };
  }

  async look(address: string): Promise<void> {
    await this.#cache.sessions.load(address);
  }

  flush(): ReturnType<ChaosClient["flush"]> {
    return this.#account.flush();
  }

  releaseLeases(): ReturnType<ChaosClient["releaseLeases"]> {
    return this.#cache.releaseLeases();
  }

  clear(): void {
    this.#cache.clear();
  }

  clearAfterFlush(): void {
    this.#cache.clearAfterFlush();
  }

  async tellLid(pn: string, lid: string): Promise<void> {
    await directory(this.#account).learn([{ lid, phoneNumber: pn }], { source: "usync" });
  }

  async lookUp(pn: string): Promise<void> {
    const lid = this.#observer.lidOf(pn);
    if (lid !== undefined) await this.tellLid(pn, lid);
  }

  async listDevices(list: SyncedDevices): Promise<void> {
    await directory(this.#account).devices.update([list]);
  }

  async #load(at: string): Promise<SessionRecord | undefined> {
    const record = await this.#cache.sessions.load(at);
    this.#observer.loaded("session", at, record === undefined ? ABSENT : sessionDigest(record));
    return record;
  }

  async #loadSenderKey(at: string): Promise<SenderKeyRecord | undefined> {
    const record = await this.#cache.senderKeys.load(at);
    this.#observer.loaded("senderKey", at, record === undefined ? ABSENT : senderKeyDigest(record));
    return record;
  }

  /** The digest is what the cache holds: putting may burn a chain of the archive. */
  async #put(
    at: string,
    record: SessionRecord,
    consumedPreKeyId?: number,
  ): Promise<{ gated: boolean; change: number }> {
    const digest = sessionDigest(record);
    const { gated } = await this.#cache.sessions.put(at, record, { consumedPreKeyId });
    return { gated, change: this.#observer.changed("session", at, digest, gated) };
  }

  /** Tells whether a session that could send has made way for another one. */
  #noteCurrent(before: SessionRecord | undefined, after: SessionRecord): void {
    const was = before?.current?.aliceBaseKey;
    const is = after.current?.aliceBaseKey;
    if (before === undefined || was === undefined || is === undefined || hexOf(was) === hexOf(is)) return;
    this.#observer.currentChanged(isArchived(before, hexOf(is)) ? "promoted" : "begun");
  }

  async #putSenderKey(at: string, work: Work): Promise<{ gated: boolean; change: number }> {
    const record = SenderKeyRecord.decode(work.senderKey as Uint8Array);
    const { gated } = await this.#cache.senderKeys.put(at, record);
    return { gated, change: this.#observer.changed("senderKey", at, senderKeyDigest(record), gated) };
  }

  async #delete(at: string): Promise<void> {
    await this.#cache.sessions.delete(at);
    this.#observer.changed("session", at, ABSENT, false);
  }

  /**
   * Trust on first use; with another identity, a peer has no session with us any more. @returns Whether that
   * is so.
   */
  async #saveIdentity(at: string, publicKey: Uint8Array): Promise<boolean> {
    const { identities } = this.#cache;
    const key = publicKey.subarray(1);
    const known = await identities.load(at);
    this.#observer.loaded("identity", at, known === undefined ? ABSENT : identityDigest(known));
    if (known !== undefined && hexOf(known) === hexOf(key)) return false;
    if (known !== undefined) {
      await this.#delete(at);
      this.#observer.identityChanged(at);
    }
    await identities.put(at, key);
    this.#observer.changed("identity", at, identityDigest(key), false);
    return known !== undefined;
  }

  async #loadPreKey(id: number): Promise<RustKeyPair | undefined> {
    const stored = await this.#account.store.loadPreKey(id);
    if (stored === undefined) return undefined;
    const { publicKey, privateKey } = decodePreKey(stored);
    return { pubKey: signalPublicKey(publicKey), privKey: privateKey };
  }

  #storage(work: Work, box: SessionBox = { session: undefined }): RustStorage {
    const { identityKey, signedPreKey, signedPreKeyId, signedPreKeySignature, registrationId } =
      this.#account.device.getDeviceSnapshot();
    const pair = ({ publicKey, privateKey }: typeof identityKey): RustKeyPair => ({
      pubKey: signalPublicKey(publicKey),
      privKey: privateKey,
    });
    return {
      loadSession: () => box.session,
      storeSession: (_, record) => {
        box.session = new Uint8Array(record.serialize());
      },
      loadSenderKey: () => work.senderKey,
      storeSenderKey: (_, record) => {
        work.senderKey = new Uint8Array(record);
      },
      loadPreKey: () => work.preKey,
      removePreKey: (id) => {
        work.consumedPreKeyId = id;
      },
      loadSignedPreKey: () => ({
        keyId: signedPreKeyId,
        keyPair: pair(signedPreKey),
        signature: signedPreKeySignature,
      }),
      getOurIdentity: () => pair(identityKey),
      getOurRegistrationId: () => registrationId,
      isTrustedIdentity: () => true,
    };
  }
}

function baseOf(record: SessionRecord): string {
  return hexOf(record.current?.aliceBaseKey ?? new Uint8Array());
}

async function attempt<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    throw new CannotDecrypt(String(error), { cause: error });
  }
}

/** Whether a session stands in the archive of a record. */
function isArchived(record: SessionRecord, base: string): boolean {
  for (let index = 0; index < record.archivedCount; index += 1) {
    const key = record.archived(index).aliceBaseKey;
    if (key !== undefined && hexOf(key) === base) return true;
  }
  return false;
}
