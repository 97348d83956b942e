/** Files of a Baileys folder with state of every kind, drawn from a seed. The keys of the device are fresh. */
import { BufferJSON } from "baileys";
import { SeededRandom } from "../../src/testing/mod.ts";
import { pairedCreds } from "../support/whatsapp/mod.ts";

/** Draws a folder. */
export function generatedFolder(seed: number): Record<string, string> {
  return new FolderDraw(new SeededRandom(seed)).draw();
}

const OWN = "15550000001";
const OWN_LID = "915550000001";

class FolderDraw {
  readonly #random: SeededRandom;
  readonly #files: Record<string, unknown> = {};

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  draw(): Record<string, string> {
    const creds = pairedCreds({ pn: OWN, lid: OWN_LID, device: 1 });
    Object.assign(creds, {
      nextPreKeyId: 1 + this.#below(900),
      firstUnuploadedPreKeyId: 1 + this.#below(900),
    });
    if (this.#below(2) === 0)
      Object.assign(creds, { routingInfo: Buffer.from(this.#random.bytes(20)), lastPropHash: "2p" });
    if (this.#below(3) === 0)
      Object.assign(creds, { additionalData: { note: "n", bytes: Buffer.from([1]) } });
    this.#files.creds = creds;
    for (let user = this.#below(4); user >= 0; user--) this.#user(user);
    for (let group = this.#below(3); group > 0; group--) this.#group(group);
    for (let id = this.#below(5); id > 0; id--)
      this.#files[`pre-key-${id * 100}`] = { public: this.#buffer(32), private: this.#buffer(32) };
    this.#appState();
    return Object.fromEntries(
      Object.entries(this.#files).map(([name, value]) => [
        `${name}.json`,
        JSON.stringify(value, BufferJSON.replacer),
      ]),
    );
  }

  #user(user: number): void {
    const [lid, number] = [`20000000000000${user}`, `1555000010${user}`];
    const known = this.#below(2) === 0;
    const name = known || this.#below(2) === 0 ? `${lid}_1` : number;
    if (known) {
      this.#files[`lid-mapping-${number}`] = lid;
      this.#files[`lid-mapping-${lid}_reverse`] = number;
    }
    for (let device = this.#below(3); device >= 0; device--) {
      this.#files[`session-${name}.${device}`] = this.#session();
      if (this.#below(4) > 0) this.#files[`identity-key-${name}.${device}`] = this.#publicKey();
    }
    this.#files[`device-list-${known ? lid : number}`] = ["0", String(1 + this.#below(90))];
    if (this.#below(2) === 0)
      this.#files[`tctoken-${known ? `${lid}@lid` : `${number}@s.whatsapp.net`}`] = {
        token: this.#buffer(12),
        timestamp: "1700000000",
      };
  }

  #session(): object {
    const count = 1 + this.#below(4);
    const sessions = Array.from({ length: count }, (_, at) =>
      this.#state(at === count - 1 && this.#below(5) > 0),
    );
    return { _sessions: Object.fromEntries(sessions), version: "v1" };
  }

  #state(isOpen: boolean): [string, object] {
    const baseKey = this.#base64(33);
    const ephemeral = this.#base64(33);
    const chains: [string, object][] = Array.from({ length: this.#below(8) }, () => [
      this.#base64(33),
      {
        chainKey: { counter: this.#below(50), ...(this.#below(2) === 0 ? { key: this.#base64(32) } : {}) },
        chainType: 2,
        messageKeys: Object.fromEntries(
          Array.from({ length: this.#below(4) }, (_, key) => [key, this.#base64(32)]),
        ),
      },
    ]);
    const last = chains.at(-1)?.[0] ?? this.#base64(33);
    if (this.#below(5) > 0)
      chains.push([
        ephemeral,
        { chainKey: { counter: this.#below(60) - 1, key: this.#base64(32) }, chainType: 1, messageKeys: {} },
      ]);
    const state = {
      registrationId: 1 + this.#below(9_000),
      currentRatchet: {
        ephemeralKeyPair: { pubKey: ephemeral, privKey: this.#base64(32) },
        lastRemoteEphemeralKey: last,
        previousCounter: this.#below(9) - 1,
        rootKey: this.#base64(32),
      },
      indexInfo: {
        baseKey,
        baseKeyType: 1 + this.#below(2),
        closed: isOpen ? -1 : 1_700_000_000_000 + this.#below(1_000),
        used: 1_700_000_000_000,
        created: 1_700_000_000_000,
        remoteIdentityKey: this.#base64(33),
      },
      _chains: Object.fromEntries(chains),
      ...(this.#below(3) === 0 ? { pendingPreKey: { signedKeyId: 1, baseKey, preKeyId: 7 } } : {}),
    };
    return [baseKey, state];
  }

  #group(group: number): void {
    const jid = `12036300000000000${group}@g.us`;
    this.#senderKey(`${jid}--20000000000000${group}_1--0`, 0);
    if (this.#below(2) === 0) return;
    this.#senderKey(`${jid}--${OWN_LID}_1--1`, 32);
    this.#files[`sender-key-memory-${jid}`] = {
      [`20000000000000${group}:1@lid`]: true,
      "200000000000009@lid": false,
    };
  }

  #senderKey(id: string, privateKey: number): void {
    const states = Array.from({ length: 1 + this.#below(3) }, (_, state) => ({
      senderKeyId: 10 * state + 1,
      senderChainKey: { iteration: this.#below(80), seed: this.#buffer(32) },
      senderSigningKey: { public: this.#publicKey(), private: this.#buffer(privateKey) },
      senderMessageKeys: Array.from({ length: this.#below(3) }, (_key, iteration) => ({
        iteration,
        seed: this.#buffer(32),
      })),
    }));
    this.#files[`sender-key-${id}`] = Buffer.from(JSON.stringify(states, BufferJSON.replacer));
  }

  #appState(): void {
    this.#files["app-state-sync-key-AAAAAEsr"] = {
      keyData: this.#base64(32),
      fingerprint: { rawId: this.#below(1_000), currentIndex: 1, deviceIndexes: [0, 1] },
      timestamp: "1700000000",
    };
    for (const name of ["regular", "critical_block"].slice(this.#below(3)))
      this.#files[`app-state-sync-version-${name}`] = {
        version: 1 + this.#below(90),
        hash: this.#buffer(128),
        indexValueMap: Object.fromEntries(
          Array.from({ length: this.#below(6) }, () => [this.#base64(32), { valueMac: this.#buffer(32) }]),
        ),
      };
  }

  #below(bound: number): number {
    return this.#random.below(bound);
  }

  #base64(length: number): string {
    return this.#buffer(length).toString("base64");
  }

  #buffer(length: number): Buffer {
    const bytes = Buffer.from(this.#random.bytes(length));
    if (length === 33) bytes[0] = 5;
    return bytes;
  }

  #publicKey(): Buffer {
    return this.#buffer(33);
  }
}
