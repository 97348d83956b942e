import { createRequire } from "node:module";
import type { NodeRecordJson } from "../../src/baileys/convert/node_session.ts";
import type { Bundle } from "./client.ts";
import type { PeerKeys, PeerSealed, PeerSessions } from "./peer.ts";
import { type Sealed, startOf } from "./wire.ts";

// Found as Baileys finds it.
const fromBaileys = createRequire(createRequire(import.meta.url).resolve("baileys"));
// biome-ignore lint/suspicious/noExplicitAny: the library's types leave out most of it.
const libsignal: any = fromBaileys("libsignal");

/** Sessions that are kept: the newest. */
const MAX_SESSIONS = 12;

type NodeSessionJson = NodeRecordJson["_sessions"][string];

/**
 * Sessions by libsignal-node. Each is handed to the library alone: trying a message on several of them, it steps the ratchet of
 * every one that it tries and stores those that failed, too.
 */
export class NodePeerSessions implements PeerSessions {
  /** By base key in base64, the oldest first. */
  readonly #sessions = new Map<string, NodeSessionJson>();
  readonly #keys: PeerKeys;

  constructor(keys: PeerKeys) {
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
    const given = {
      registrationId: bundle.registrationId,
      identityKey: Buffer.from(bundle.identityKey),
      signedPreKey: {
        keyId: signedPreKey.keyId,
        publicKey: Buffer.from(signedPreKey.publicKey),
        signature: Buffer.from(signedPreKey.signature),
      },
      ...(preKey === undefined
        ? {}
        : { preKey: { keyId: preKey.keyId, publicKey: Buffer.from(preKey.publicKey) } }),
    };
    await this.#with(this.#open(), (storage) =>
      new libsignal.SessionBuilder(storage, ADDRESS).initOutgoing(given),
    );
  }

  async encrypt(text: string): Promise<PeerSealed> {
    const open = this.#open();
    const { type, body } = await this.#with(open, (storage) =>
      new libsignal.SessionCipher(storage, ADDRESS).encrypt(Buffer.from(text)),
    );
    const [base = ""] = open;
    return {
      type,
      body: new Uint8Array(Buffer.from(body)),
      base: Buffer.from(base, "base64").toString("hex"),
    };
  }

  async decrypt(message: Sealed): Promise<string> {
    const body = Buffer.from(message.body);
    const start = startOf(message);
    if (start !== undefined) {
      const plain = await this.#with([base64(start.base), ...this.#open()], (storage) =>
        new libsignal.SessionCipher(storage, ADDRESS).decryptPreKeyWhisperMessage(body),
      );
      return plain.toString();
    }
    let failure: unknown = new Error("no session");
    for (const base of [...this.#sessions.keys()].reverse()) {
      try {
        const plain = await this.#with([base], (storage) =>
          new libsignal.SessionCipher(storage, ADDRESS).decryptWhisperMessage(body),
        );
        return plain.toString();
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

const ADDRESS = new libsignal.ProtocolAddress("peer", 0);

interface NodePair {
  readonly pubKey: Buffer;
  readonly privKey: Buffer;
}

function nodePair(pair: { pubKey: Uint8Array; privKey: Uint8Array } | undefined): NodePair | undefined {
  return pair && { pubKey: Buffer.from(pair.pubKey), privKey: Buffer.from(pair.privKey) };
}

function base64(base: string): string {
  return Buffer.from(base, "hex").toString("base64");
}
