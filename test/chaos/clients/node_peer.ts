import type { NodeRecordJson } from "../../../src/baileys/convert/node_session.ts";
import { hexOf } from "../../../src/bytes/mod.ts";
import type { Bundle } from "./client.ts";
import type { PeerKeys, PeerSealed, PeerSessions } from "./peer.ts";
import type { RustKeyPair } from "./rust_library.ts";
import { type Sealed, startOf } from "./wire.ts";

/** libsignal-node, and the bytes that it takes. */
export interface NodeLibrary {
  // biome-ignore lint/suspicious/noExplicitAny: the library's types leave out most of it.
  readonly libsignal: any;
  /** A `Buffer` of these bytes. */
  readonly toBuffer: (bytes: Uint8Array) => Uint8Array;
}

/** Sessions that are kept: the newest. */
const MAX_SESSIONS = 12;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

type NodeSessionJson = NodeRecordJson["_sessions"][string];

/**
 * Sessions by libsignal-node. Each is handed to the library alone: trying a message on several of them, it
 * steps the ratchet of every one that it tries and stores those that failed, too.
 */
export class NodePeerSessions implements PeerSessions {
  /** By base key in base64, the oldest first. */
  readonly #sessions = new Map<string, NodeSessionJson>();
  readonly #library: NodeLibrary;
  readonly #address: object;
  readonly #keys: PeerKeys;

  constructor(library: NodeLibrary, keys: PeerKeys) {
    this.#library = library;
    this.#address = new library.libsignal.ProtocolAddress("peer", 0);
    this.#keys = keys;
  }

  get isEmpty(): boolean {
    return this.#sessions.size === 0;
  }

  knows(base: string): boolean {
    return this.#sessions.has(base64(base));
  }

  async open(bundle: Bundle): Promise<void> {
    const { signedPreKey, preKey } = bundle;
    const { libsignal, toBuffer } = this.#library;
    const remote = {
      registrationId: bundle.registrationId,
      identityKey: toBuffer(bundle.identityKey),
      signedPreKey: {
        keyId: signedPreKey.keyId,
        publicKey: toBuffer(signedPreKey.publicKey),
        signature: toBuffer(signedPreKey.signature),
      },
      ...(preKey === undefined
        ? {}
        : { preKey: { keyId: preKey.keyId, publicKey: toBuffer(preKey.publicKey) } }),
    };
    await this.#with(this.#open(), (storage) =>
      new libsignal.SessionBuilder(storage, this.#address).initOutgoing(remote),
    );
  }

  async encrypt(text: string): Promise<PeerSealed> {
    const { libsignal, toBuffer } = this.#library;
    const open = this.#open();
    const { type, body } = await this.#with(open, (storage) =>
      new libsignal.SessionCipher(storage, this.#address).encrypt(toBuffer(ENCODER.encode(text))),
    );
    const [base = ""] = open;
    return {
      type,
      body: new Uint8Array(body),
      base: hexOf(Uint8Array.from(atob(base), (letter) => letter.charCodeAt(0))),
    };
  }

  async decrypt(message: Sealed): Promise<string> {
    const { libsignal, toBuffer } = this.#library;
    const body = toBuffer(message.body);
    const start = startOf(message);
    if (start !== undefined) {
      const plain = await this.#with([base64(start.base), ...this.#open()], (storage) =>
        new libsignal.SessionCipher(storage, this.#address).decryptPreKeyWhisperMessage(body),
      );
      return DECODER.decode(plain);
    }
    let failure: unknown = new Error("no session");
    for (const base of [...this.#sessions.keys()].reverse()) {
      try {
        const plain = await this.#with([base], (storage) =>
          new libsignal.SessionCipher(storage, this.#address).decryptWhisperMessage(body),
        );
        return DECODER.decode(plain);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** The session that is sent in. */
  #open(): string[] {
    for (const [base, { indexInfo }] of this.#sessions) if (indexInfo.closed === -1) return [base];
    return [];
  }

  /** Runs the library over some of the sessions. */
  // biome-ignore lint/suspicious/noExplicitAny: results of either operation.
  async #with(bases: readonly string[], use: (storage: object) => Promise<any>): Promise<any> {
    const keys = this.#keys;
    const { libsignal, toBuffer } = this.#library;
    const nodePair = (pair: RustKeyPair | undefined): RustKeyPair | undefined =>
      pair && { pubKey: toBuffer(pair.pubKey), privKey: toBuffer(pair.privKey) };
    const _sessions: NodeRecordJson["_sessions"] = {};
    for (const base of bases) {
      const session = this.#sessions.get(base);
      if (session !== undefined) _sessions[base] = session;
    }
    const has = Object.keys(_sessions).length > 0;
    return await use({
      isTrustedIdentity: () => true,
      loadPreKey: async (id: number) => nodePair(keys.preKeys.get(id)),
      removePreKey: (id: number) => keys.preKeys.delete(id),
      getOurRegistrationId: () => keys.registrationId,
      getOurIdentity: () => nodePair(keys.identity),
      loadSignedPreKey: () => nodePair(keys.signedPreKey),
      loadSession: async () =>
        has ? libsignal.SessionRecord.deserialize({ _sessions, version: "v1" }) : undefined,
      storeSession: async (_: string, record: { serialize(): NodeRecordJson }) =>
        this.#store(record.serialize()),
    });
  }

  #store(json: NodeRecordJson): void {
    for (const [base, session] of Object.entries(json._sessions)) this.#sessions.set(base, session);
    for (const [base, { indexInfo }] of this.#sessions) {
      if (this.#sessions.size <= MAX_SESSIONS) return;
      if (indexInfo.closed !== -1) this.#sessions.delete(base);
    }
  }
}

function base64(base: string): string {
  const bytes = base.match(/../g) ?? [];
  return btoa(String.fromCharCode(...bytes.map((byte) => Number.parseInt(byte, 16))));
}
