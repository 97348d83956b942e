import { Buffer } from "node:buffer";
import { makeLibSignalRepository } from "baileys/lib/Signal/libsignal.js";
import { type Account, openAccount } from "../account/mod.ts";
import { libsqlBackend } from "../adapters/libsql/mod.ts";
import type { Write } from "../backend/mod.ts";
import { baileysAuthState, signalRepository } from "../baileys/mod.ts";
import { encodeUtf8 } from "../bytes/mod.ts";
import { nowSeconds } from "../ports/mod.ts";
import { extendDigest, type Ledger, messageText, readLedger, updateLedger } from "./ledger.ts";
import { quietLogger } from "./quiet_logger.ts";

/** Identity of a participant. */
export interface Identity {
  /** Name of the account in the database, and of the author in messages. */
  readonly name: string;
  readonly pn: string;
  readonly lid: string;
}

/** A frame in transit. The number is the message's id. A network may lose, repeat and reorder frames. */
export type Frame =
  | { readonly kind: "senderKey"; readonly type: "pkmsg" | "msg"; readonly bytes: Uint8Array }
  | {
      readonly kind: "direct";
      readonly number: number;
      readonly type: "pkmsg" | "msg";
      readonly bytes: Uint8Array;
    }
  | { readonly kind: "group"; readonly number: number; readonly bytes: Uint8Array };

const GROUP = "120363000000000001@g.us";

/** Database of the accounts. */
export interface Database {
  readonly url: string;
  /** For a database server. */
  readonly authToken?: string | undefined;
}

/** The key bundle that a server would return. Public keys have the 0x05 prefix. */
export interface KeyBundle {
  readonly registrationId: number;
  readonly identityKey: Uint8Array;
  readonly signedPreKey: {
    readonly keyId: number;
    readonly publicKey: Uint8Array;
    readonly signature: Uint8Array;
  };
  readonly preKey: { readonly keyId: number; readonly publicKey: Uint8Array };
}

type Repository = ReturnType<typeof makeLibSignalRepository>;
type AuthState = Awaited<ReturnType<typeof baileysAuthState>>;

/**
 * One of the two participants: an account of the database with Baileys' own Signal stack.
 *
 * Each message arrives exactly once, even if the process crashes: the author keeps it in the outbox until it
 * is acknowledged. The reader keeps it as pending inbound until it is handed over. One commit removes it
 * there and counts it as received.
 */
export class Talker {
  readonly identity: Identity;
  readonly account: Account;
  readonly #auth: AuthState;
  readonly #repository: Repository;

  private constructor(identity: Identity, account: Account, auth: AuthState, repository: Repository) {
    this.identity = identity;
    this.account = account;
    this.#auth = auth;
    this.#repository = repository;
  }

  /** Opens the account, creating it if needed. */
  static async open(database: Database, identity: Identity): Promise<Talker> {
    const account = await openAccount({ backend: libsqlBackend({ ...database, account: identity.name }) });
    const auth = await baileysAuthState(account);
    const makeRepository = signalRepository(account, makeLibSignalRepository);
    // biome-ignore lint/suspicious/noExplicitAny: Baileys' credentials are open-ended here, its types are not.
    const repository = makeRepository(auth.state as any, quietLogger);
    return new Talker(identity, account, auth, repository);
  }

  get ledger(): Ledger {
    return readLedger(this.account);
  }

  /** Stores the mapping of the other side's LID and phone number. */
  async meet(peer: Talker): Promise<void> {
    await this.#repository.lidMapping.storeLIDPNMappings([{ lid: peer.identity.lid, pn: peer.identity.pn }]);
  }

  /** Whether a message can be encrypted for the other side without its key bundle. */
  async hasSessionWith(peer: Talker): Promise<boolean> {
    return (await this.#repository.validateSession(peer.identity.lid)).exists;
  }

  /** Starts a session from the other side's key bundle. */
  async startSession(peer: Talker): Promise<void> {
    await this.#repository.injectE2ESession({ jid: peer.identity.pn, session: await peer.#takeBundle() });
  }

  /** Returns a key bundle with an unused one-time pre-key. */
  async #takeBundle(): Promise<KeyBundle> {
    const { creds, keys } = this.#auth.state;
    const keyId = creds.firstUnuploadedPreKeyId;
    const found = await keys.get("pre-key", [String(keyId)]);
    creds.firstUnuploadedPreKeyId = keyId + 1;
    await this.#auth.saveCreds();
    return {
      registrationId: creds.registrationId,
      identityKey: prefixed(creds.signedIdentityKey.public),
      signedPreKey: {
        keyId: creds.signedPreKey.keyId,
        publicKey: prefixed(creds.signedPreKey.keyPair.public),
        signature: creds.signedPreKey.signature,
      },
      preKey: { keyId, publicKey: prefixed(found[String(keyId)].public) },
    };
  }

  /** Writes messages into the outbox and counts them, in one commit. */
  async write(peer: Talker, count: number): Promise<void> {
    const { sent } = this.ledger;
    const createdAt = nowSeconds(this.account.host.clock);
    const writes = Array.from({ length: count }, (_, index): Write => {
      const number = sent + index;
      const payload = encodeUtf8(messageText(this.identity.name, number));
      return { kind: "sentMessage.put", chat: chatOf(number, peer), id: String(number), payload, createdAt };
    });
    await updateLedger(this.account, { sent: sent + count }, writes);
  }

  /** Encrypts one message of the outbox. The keys that the frames use are durable when it resolves. */
  async *encrypt(peer: Talker, number: number): AsyncGenerator<Frame> {
    const kept = await this.account.store.getSentMessage(chatOf(number, peer), String(number));
    if (kept === undefined)
      throw new Error(`encrypt: message ${number} of ${this.identity.name} is not in the outbox`);
    const data = Buffer.from(kept);
    if (!isGroupMessage(number)) {
      const { type, ciphertext } = await this.#repository.encryptMessage({ jid: peer.identity.pn, data });
      yield { kind: "direct", number, type, bytes: ciphertext };
      return;
    }
    const sealed = await this.#repository.encryptGroupMessage({
      group: GROUP,
      data,
      meId: this.identity.lid,
    });
    const { [GROUP]: holders } = await this.#auth.state.keys.get("sender-key-memory", [GROUP]);
    if (holders?.[peer.identity.lid] !== true) {
      const { type, ciphertext } = await this.#repository.encryptMessage({
        jid: peer.identity.pn,
        data: Buffer.from(sealed.senderKeyDistributionMessage),
      });
      yield { kind: "senderKey", type, bytes: ciphertext };
      // The generator resumes when the frame was delivered. Only then does the other side have the key.
      await this.#auth.state.keys.set({ "sender-key-memory": { [GROUP]: { [peer.identity.lid]: true } } });
    }
    yield { kind: "group", number, bytes: sealed.ciphertext };
  }

  /** Decrypts a frame and stores its message until it is handed over. */
  async receive(author: Talker, frame: Frame): Promise<void> {
    const payload = await this.#decrypt(author, frame);
    if (frame.kind === "senderKey") {
      await this.#repository.processSenderKeyDistributionMessage({
        item: { groupId: GROUP, axolotlSenderKeyDistributionMessage: payload },
        authorJid: author.identity.lid,
      });
      return;
    }
    if (frame.number < this.ledger.received) return; // sent again: a crash lost the acknowledgement
    const receivedAt = nowSeconds(this.account.host.clock);
    await this.account.store.storePendingInbound([
      {
        chat: chatOf(frame.number, this),
        sender: author.identity.lid,
        id: String(frame.number),
        payload,
        receivedAt,
      },
    ]);
  }

  async #decrypt(author: Talker, frame: Frame): Promise<Uint8Array> {
    if (frame.kind === "group") {
      return await this.#repository.decryptGroupMessage({
        group: GROUP,
        authorJid: author.identity.lid,
        msg: frame.bytes,
      });
    }
    return await this.#repository.decryptMessage({
      jid: author.identity.pn,
      type: frame.type,
      ciphertext: frame.bytes,
    });
  }

  /** Hands over the next messages in order, up to the first gap. One commit removes and counts them. */
  async handOver(author: Talker): Promise<void> {
    let { received, digest } = this.ledger;
    const keys: { chat: string; sender: string; id: string }[] = [];
    for (;;) {
      const key = { chat: chatOf(received, this), sender: author.identity.lid, id: String(received) };
      const pending = await this.account.store.getPendingInbound(key.chat, key.sender, key.id);
      if (pending === undefined) break;
      digest = extendDigest(digest, new TextDecoder().decode(pending.payload));
      received += 1;
      keys.push(key);
    }
    if (keys.length === 0) return;
    await updateLedger(this.account, { received, digest }, [{ kind: "pendingInbound.delete", keys }]);
  }

  /** Removes messages from the outbox that the reader has received, in one commit. */
  async acknowledge(reader: Talker): Promise<void> {
    const { acknowledged } = this.ledger;
    const { received } = reader.ledger;
    const writes: Write[] = [];
    for (let number = acknowledged; number < received; number += 1) {
      writes.push({ kind: "sentMessage.delete", chat: chatOf(number, reader), id: String(number) });
    }
    if (writes.length === 0) return;
    await updateLedger(this.account, { acknowledged: received }, writes);
  }

  async close(): Promise<void> {
    this.#repository.close?.();
    await this.account.close();
  }
}

/** Every fourth message goes to the group. */
function isGroupMessage(number: number): boolean {
  return number % 4 === 3;
}

function chatOf(number: number, reader: Talker): string {
  return isGroupMessage(number) ? GROUP : reader.identity.lid;
}

/** A public key with its type byte. libsignal-node requires a `Buffer`. */
function prefixed(publicKey: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0x05), publicKey]);
}
