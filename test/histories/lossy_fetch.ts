import { PROTOCOL } from "../../src/protocol/mod.ts";
import type { SeededRandom } from "../../src/testing/mod.ts";

/** Most turns of the event loop that a request, an answer or a late request waits for. */
const MAX_TURNS = 6;
const MAX_LATE_TURNS = 40;

/** Of 32 commits: how many are not delivered, lose their answers, and are delivered late. */
const LOST_REQUESTS = 1;
const LOST_ANSWERS = 2;
const LATE_REQUESTS = 1;

/** The network of one client. Requests and answers wait, and what becomes of commits is drawn. */
export class LossyNetwork {
  readonly #random: SeededRandom;
  readonly #send: typeof fetch;
  /** Requests that arrive after their client has given them up. */
  readonly #late: Promise<unknown>[] = [];
  /** What is known of how much the network did. */
  readonly counts = { lost: 0, late: 0 };

  constructor(random: SeededRandom, send: typeof fetch) {
    this.#random = random;
    this.#send = send;
  }

  /** Sends a request. One that is lost fails as a connection does. */
  readonly fetch: typeof fetch = async (url, init) => {
    // The sender takes its bytes back.
    const body = new Uint8Array(init?.body as Uint8Array);
    const request = { ...init, body, signal: null };
    const isCommit = (await PROTOCOL.decodeCall(body)).kind === "commit";
    const drawn = isCommit ? this.#random.below(32) : 32;
    await this.turns(this.#random.below(MAX_TURNS));
    if (drawn < LOST_REQUESTS) throw this.#lost();
    if (drawn < LOST_REQUESTS + LATE_REQUESTS) {
      this.#late.push(this.#deliverLate(url, request));
      throw this.#lost();
    }
    const answer = await arrived(await this.#send(url, request));
    if (drawn < LOST_REQUESTS + LATE_REQUESTS + LOST_ANSWERS) throw this.#lost();
    await this.turns(this.#random.below(MAX_TURNS));
    return answer;
  };

  /** Resolves when everything that is late has been carried out. */
  async idle(): Promise<void> {
    await Promise.all(this.#late);
  }

  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async #deliverLate(url: Parameters<typeof fetch>[0], request: RequestInit): Promise<void> {
    this.counts.late += 1;
    await this.turns(this.#random.below(MAX_LATE_TURNS));
    await arrived(await this.#send(url, request));
  }

  #lost(): TypeError {
    this.counts.lost += 1;
    return new TypeError("fetch failed");
  }
}

async function arrived(answer: Response): Promise<Response> {
  const { status, headers } = answer;
  return new Response(await answer.arrayBuffer(), { status, headers });
}
