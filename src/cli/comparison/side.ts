import { Buffer } from "node:buffer";
import { addTransactionCapability } from "baileys/lib/Utils/auth-utils.js";
import { quietLogger } from "../quiet_logger.ts";
import type { Frame, SideName } from "./frame.ts";
import type { SideState } from "./side_state.ts";

/** The LIDs of the two sides. */
const JIDS: Readonly<Record<SideName, string>> = {
  alice: "100000000000001@lid",
  bob: "100000000000002@lid",
};

/** How a socket repeats a write that failed. */
const TRANSACTIONS = { maxCommitRetries: 10, delayBetweenTriesMs: 3_000 };

/** What a frame's reader makes of it. */
export type Reading = "read" | "unreadable";

/**
 * One side of the conversation: Baileys' Signal code over one state, with the locks and transactions that a
 * Baileys socket has around it. A frame leaves inside of the transaction, as in `relayMessage`; received ones
 * are decrypted one after the other.
 */
export class Side {
  readonly name: SideName;
  readonly state: SideState;
  readonly #keys: ReturnType<typeof addTransactionCapability>;
  readonly #repository: ReturnType<SideState["makeRepository"]>;
  #reading: Promise<void> = Promise.resolve();

  constructor(name: SideName, state: SideState) {
    this.name = name;
    this.state = state;
    this.#keys = addTransactionCapability(state.keys, quietLogger, TRANSACTIONS);
    this.#repository = state.makeRepository({ creds: state.creds, keys: this.#keys }, quietLogger);
  }

  /** Whether there is a session with the other side. */
  async knows(peer: Side): Promise<boolean> {
    return (await this.#repository.validateSession(JIDS[peer.name])).exists;
  }

  /** Sets up a session with one of the other side's pre-keys. */
  async greet(peer: Side): Promise<void> {
    await this.#repository.injectE2ESession({
      jid: JIDS[peer.name],
      session: await peer.state.takeBundle(),
    });
  }

  /** Encrypts a message and hands its frame to `leave`. Resolves when Baileys' `sendMessage` would. */
  async send(peer: Side, number: number, leave: (frame: Frame) => void): Promise<void> {
    await this.#keys.transaction(async () => {
      const data = Buffer.from(messageText(this.name, number));
      const { type, ciphertext } = await this.#repository.encryptMessage({ jid: JIDS[peer.name], data });
      leave({ author: this.name, number, type, ciphertext: Buffer.from(ciphertext).toString("base64") });
    }, JIDS[this.name]);
  }

  /** Decrypts a frame after the ones that arrived before it. */
  receive({ author, number, type, ciphertext }: Frame, told: (reading: Reading) => void): Promise<void> {
    this.#reading = this.#reading.then(async () => {
      try {
        const bytes = Buffer.from(ciphertext, "base64");
        const text = await this.#repository.decryptMessage({ jid: JIDS[author], type, ciphertext: bytes });
        told(Buffer.from(text).toString() === messageText(author, number) ? "read" : "unreadable");
      } catch {
        told("unreadable");
      }
    });
    return this.#reading;
  }
}

/** The text of an author's n-th message. */
function messageText(author: SideName, number: number): string {
  return `${author} #${number}: ${"all that is acknowledged stays ".repeat(1 + (number % 3))}`;
}
