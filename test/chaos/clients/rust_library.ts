/** A key pair as the library has it: the public key with its prefix. */
export interface RustKeyPair {
  readonly pubKey: Uint8Array;
  readonly privKey: Uint8Array;
}

/** What the library asks of a client. */
export interface RustStorage {
  loadSession(address: string): Uint8Array | undefined;
  storeSession(address: string, record: { serialize(): Uint8Array }): void;
  getOurIdentity(): RustKeyPair;
  getOurRegistrationId(): number;
  isTrustedIdentity(): boolean;
  loadPreKey(id: number): RustKeyPair | undefined;
  removePreKey(id: number): void;
  loadSignedPreKey(id: number): { keyId: number; keyPair: RustKeyPair; signature: Uint8Array };
  loadSenderKey(name: string): Uint8Array | undefined;
  storeSenderKey(name: string, record: Uint8Array): void;
}

interface Freed {
  free(): void;
}
interface Distribution {
  serialize(): Uint8Array;
}
interface SessionCipher extends Freed {
  encrypt(plain: Uint8Array): Promise<{ type: number; body: Uint8Array }>;
  decryptPreKeyWhisperMessage(body: Uint8Array): Promise<Uint8Array>;
  decryptWhisperMessage(body: Uint8Array): Promise<Uint8Array>;
}
interface GroupCipher extends Freed {
  encrypt(plain: Uint8Array): Promise<Uint8Array>;
  decrypt(body: Uint8Array): Promise<Uint8Array>;
}

/** The names of the library that a run uses. */
export interface RustLibrary {
  readonly ProtocolAddress: new (name: string, device: number) => Freed;
  readonly SessionBuilder: new (
    storage: RustStorage,
    address: Freed,
  ) => Freed & { initOutgoing(bundle: unknown): Promise<void> };
  readonly SessionCipher: new (storage: RustStorage, address: Freed) => SessionCipher;
  readonly SenderKeyName: new (group: string, sender: Freed) => Freed;
  readonly GroupSessionBuilder: new (
    storage: RustStorage,
  ) => Freed & {
    create(name: Freed): Promise<Distribution>;
    process(name: Freed, distribution: Distribution): Promise<void>;
  };
  readonly GroupCipher: new (storage: RustStorage, group: string, sender: Freed) => GroupCipher;
  readonly SenderKeyDistributionMessage: { deserialize(bytes: Uint8Array): Distribution };
  generateIdentityKeyPair(): RustKeyPair;
  generateKeyPair(): RustKeyPair;
  calculateSignature(privateKey: Uint8Array, message: Uint8Array): Uint8Array;
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Operations of the library on one pairwise or group state, all of which storage it is given at once. */
export class RustEngine {
  readonly #library: RustLibrary;

  constructor(library: RustLibrary) {
    this.#library = library;
  }

  async open(storage: RustStorage, bundle: unknown): Promise<void> {
    const { SessionBuilder } = this.#library;
    await this.#at(
      (address) => new SessionBuilder(storage, address),
      (builder) => builder.initOutgoing(bundle),
    );
  }

  async encrypt(storage: RustStorage, text: string): Promise<{ type: number; body: Uint8Array }> {
    const { SessionCipher } = this.#library;
    return await this.#at(
      (address) => new SessionCipher(storage, address),
      async (cipher) => {
        const { type, body } = await cipher.encrypt(ENCODER.encode(text));
        return { type, body: new Uint8Array(body) };
      },
    );
  }

  async decrypt(storage: RustStorage, message: { type: number; body: Uint8Array }): Promise<string> {
    const { SessionCipher } = this.#library;
    return await this.#at(
      (address) => new SessionCipher(storage, address),
      async (cipher) => {
        const { type, body } = message;
        const plain = await (type === 3
          ? cipher.decryptPreKeyWhisperMessage(body)
          : cipher.decryptWhisperMessage(body));
        return DECODER.decode(plain);
      },
    );
  }

  /** The message that teaches our sender key, which is made if there is none. */
  async distribute(storage: RustStorage): Promise<Uint8Array> {
    const { GroupSessionBuilder, SenderKeyName } = this.#library;
    return await this.#at(
      () => new GroupSessionBuilder(storage),
      async (builder, address) => {
        const message = await builder.create(new SenderKeyName(GROUP, address));
        return new Uint8Array(message.serialize());
      },
    );
  }

  async learn(storage: RustStorage, distribution: Uint8Array): Promise<void> {
    const { GroupSessionBuilder, SenderKeyName, SenderKeyDistributionMessage } = this.#library;
    await this.#at(
      () => new GroupSessionBuilder(storage),
      (builder, address) =>
        builder.process(
          new SenderKeyName(GROUP, address),
          SenderKeyDistributionMessage.deserialize(distribution),
        ),
    );
  }

  async encryptGroup(storage: RustStorage, text: string): Promise<Uint8Array> {
    const { GroupCipher } = this.#library;
    return await this.#at(
      (address) => new GroupCipher(storage, GROUP, address),
      async (cipher) => new Uint8Array(await cipher.encrypt(ENCODER.encode(text))),
    );
  }

  async decryptGroup(storage: RustStorage, body: Uint8Array): Promise<string> {
    const { GroupCipher } = this.#library;
    return await this.#at(
      (address) => new GroupCipher(storage, GROUP, address),
      async (cipher) => DECODER.decode(await cipher.decrypt(body)),
    );
  }

  /** Names are the storage's business: the library sees one peer and one group. */
  async #at<T extends Freed, Result>(
    make: (address: Freed) => T,
    use: (made: T, address: Freed) => Promise<Result>,
  ): Promise<Result> {
    const address = new this.#library.ProtocolAddress("peer", 0);
    const made = make(address);
    try {
      return await use(made, address);
    } finally {
      made.free();
    }
  }
}

const GROUP = "group";
