/**
 * A party to real Signal conversations, by libsignal-node or by the Rust library, whose stored sessions pass
 * through a codec.
 */
import { createRequire } from "node:module";
import type { NodeRecordJson } from "../../../src/baileys/convert/node_session.ts";

// Both libraries come with Baileys, and are found as Baileys finds them.
const fromBaileys = createRequire(createRequire(import.meta.url).resolve("baileys"));
// biome-ignore lint/suspicious/noExplicitAny: the library's types leave out most of it.
const libsignal: any = fromBaileys("libsignal");

const RUST_LIBRARY: string = "whatsapp-rust-bridge";

/**
 * The Rust implementation of the protocol, compiled to WebAssembly: an independent reader and writer of the
 * standard records.
 */
// biome-ignore lint/suspicious/noExplicitAny: only a few names of it are used here.
export async function rustLibrary(): Promise<any> {
  return await import(/* @vite-ignore */ RUST_LIBRARY);
}

/** How a stored session is kept. */
export interface SessionCodec<Stored> {
  store(json: NodeRecordJson, peer: LibraryPeer): Stored;
  load(stored: Stored, peer: LibraryPeer): NodeRecordJson;
}

/** Sessions kept as Baileys keeps them: as JSON text. */
export const JSON_CODEC: SessionCodec<string> = {
  store: (json) => JSON.stringify(json),
  load: (stored) => JSON.parse(stored) as NodeRecordJson,
};

/** A message on its way. */
export interface Ciphertext {
  readonly type: number;
  readonly body: Buffer;
}

interface Pair {
  readonly pubKey: Buffer;
  readonly privKey: Buffer;
}

/** Registration ids only have to differ. */
let nextRegistrationId = 1_000;

/** One party. Keys are fresh. */
export class LibraryPeer {
  readonly name: string;
  /** What encrypts and decrypts. The Rust library wants a codec that stores standard records. */
  engine: "node" | "rust" = "node";
  readonly identity: Pair = libsignal.curve.generateKeyPair();
  readonly registrationId: number = nextRegistrationId++;
  readonly sessions: Map<string, unknown> = new Map();
  readonly #signedPreKey: Pair = libsignal.curve.generateKeyPair();
  readonly #preKeys = new Map<number, Pair>();
  readonly #codec: SessionCodec<unknown>;

  constructor(name: string, codec: SessionCodec<never>) {
    this.name = name;
    this.#codec = codec as SessionCodec<unknown>;
  }

  /** Begins a new session with a peer, as if its bundle had been fetched. */
  async open(peer: LibraryPeer, preKeyId?: number): Promise<void> {
    const { SessionBuilder, address, storage } = await this.#engine(peer);
    await new SessionBuilder(storage, address).initOutgoing(peer.bundle(preKeyId));
  }

  async encrypt(peer: LibraryPeer, text: string): Promise<Ciphertext> {
    const { SessionCipher, address, storage } = await this.#engine(peer);
    const { type, body } = await new SessionCipher(storage, address).encrypt(Buffer.from(text));
    return { type, body: Buffer.from(body) };
  }

  async decrypt(peer: LibraryPeer, message: Ciphertext): Promise<string> {
    const { SessionCipher, address, storage } = await this.#engine(peer);
    const cipher = new SessionCipher(storage, address);
    const plain: Uint8Array =
      message.type === 3
        ? await cipher.decryptPreKeyWhisperMessage(message.body)
        : await cipher.decryptWhisperMessage(message.body);
    return Buffer.from(plain).toString();
  }

  /** What is stored about a peer. */
  session(peer: LibraryPeer): NodeRecordJson {
    const json = this.#load(`${peer.name}.0`);
    if (json === undefined) throw new Error("no session");
    return json;
  }

  bundle(preKeyId?: number): unknown {
    return {
      registrationId: this.registrationId,
      identityKey: this.identity.pubKey,
      signedPreKey: {
        keyId: 1,
        publicKey: this.#signedPreKey.pubKey,
        signature: this.#signature(),
      },
      ...(preKeyId === undefined
        ? {}
        : { preKey: { keyId: preKeyId, publicKey: this.#preKey(preKeyId).pubKey } }),
    };
  }

  #preKey(id: number): Pair {
    const pair: Pair = this.#preKeys.get(id) ?? libsignal.curve.generateKeyPair();
    this.#preKeys.set(id, pair);
    return pair;
  }

  #load(address: string): NodeRecordJson | undefined {
    const stored = this.sessions.get(address);
    return stored === undefined ? undefined : this.#codec.load(stored, this);
  }

  // biome-ignore lint/suspicious/noExplicitAny: classes of either library.
  async #engine(peer: LibraryPeer): Promise<any> {
    if (this.engine === "node") {
      return {
        ...libsignal,
        address: new libsignal.ProtocolAddress(peer.name, 0),
        storage: this.#nodeStorage(),
      };
    }
    const { SessionBuilder, SessionCipher, ProtocolAddress } = await rustLibrary();
    return {
      SessionBuilder,
      SessionCipher,
      address: new ProtocolAddress(peer.name, 0),
      storage: this.#rustStorage(),
    };
  }

  #nodeStorage(): object {
    return {
      ...this.#keyStorage(),
      loadSession: async (address: string) => {
        const json = this.#load(address);
        return json === undefined ? undefined : libsignal.SessionRecord.deserialize(json);
      },
      storeSession: async (address: string, record: { serialize(): NodeRecordJson }) => {
        this.sessions.set(address, this.#codec.store(record.serialize(), this));
      },
      loadSignedPreKey: () => this.#signedPreKey,
    };
  }

  #rustStorage(): object {
    return {
      ...this.#keyStorage(),
      loadSession: async (address: string) => this.sessions.get(address),
      storeSession: async (address: string, record: { serialize(): Uint8Array }) => {
        this.sessions.set(address, new Uint8Array(record.serialize()));
      },
      loadSignedPreKey: () => ({ keyId: 1, keyPair: this.#signedPreKey, signature: this.#signature() }),
    };
  }

  #keyStorage(): object {
    return {
      isTrustedIdentity: () => true,
      loadPreKey: async (id: number) => this.#preKeys.get(id),
      removePreKey: (id: number) => this.#preKeys.delete(id),
      getOurRegistrationId: () => this.registrationId,
      getOurIdentity: () => this.identity,
    };
  }

  #signature(): Buffer {
    return libsignal.curve.calculateSignature(this.identity.privKey, this.#signedPreKey.pubKey);
  }
}
