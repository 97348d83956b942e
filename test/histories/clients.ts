import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import { CommitQueue, type OwnerGuard, type OwnerState, type Write } from "../../src/backend/mod.ts";
import { AmbiguousError, FencedError, StoreError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { SeededRandom } from "../../src/testing/mod.ts";
import { LossyNetwork } from "./lossy_fetch.ts";
import { numberOf, PLATFORM, type RecordedBackend, type Recorder, sessionWrite } from "./recorder.ts";

/** The sessions of the account. Few, so that clients meet. */
export const ADDRESSES = ["5511900000001.0", "5511900000002.0", "5511900000003.0"] as const;

/** How a client reaches the account. */
export interface ClientOptions {
  readonly url: string;
  readonly account: string;
  readonly token: string;
  readonly send: typeof fetch;
  readonly recorder: Recorder;
  readonly seed: number;
  /** The next value. No two writes have the same. */
  nextValue(): number;
}

/** A client of the account: what it does next is drawn. */
export abstract class Client {
  readonly name: string;
  protected readonly random: SeededRandom;
  protected readonly options: ClientOptions;
  protected readonly backend: RecordedBackend;
  readonly network: LossyNetwork;

  protected constructor(name: string, options: ClientOptions, connection: Connection) {
    this.name = name;
    this.options = options;
    this.random = connection.random;
    this.network = connection.network;
    this.backend = connection.backend;
  }

  abstract step(): Promise<void>;

  /** Makes a number of steps. What the service refuses is part of the history. */
  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step += 1) {
      await this.network.turns(this.random.below(4));
      await this.step().catch((error: unknown) => {
        if (!(error instanceof StoreError)) throw error;
      });
    }
    await this.network.idle();
  }

  protected async read(): Promise<void> {
    const first = this.random.below(ADDRESSES.length);
    const keys = this.random.below(3) === 0 ? [ADDRESSES[first] as string] : ADDRESSES;
    await this.backend.read(keys);
  }

  /** One to three writes of different sessions. One in five deletes, if any does. */
  protected draw(mayDelete = true): Write[] {
    const first = this.random.below(ADDRESSES.length);
    return Array.from({ length: 1 + this.random.below(3) }, (_, index) => {
      const address = ADDRESSES[(first + index) % ADDRESSES.length] as string;
      return sessionWrite(
        address,
        mayDelete && this.random.below(5) === 0 ? undefined : this.options.nextValue(),
      );
    });
  }
}

interface Connection {
  readonly random: SeededRandom;
  readonly network: LossyNetwork;
  readonly backend: RecordedBackend;
}

async function connect(name: string, options: ClientOptions): Promise<Connection> {
  const { url, account, token, seed, send, recorder } = options;
  const random = new SeededRandom(seed);
  const network = new LossyNetwork(new SeededRandom(seed + 1_000_003), send);
  const host = { random, logger: silentLogger };
  const backend = await remoteBackend({ url, account, token, fetch: network.fetch, host });
  return { random, network, backend: recorder.around(name, backend) };
}

/**
 * Owns the account as an open account does, by a queue that sends again what has no answer. Fenced, it goes on
 * under its former epoch for a while, and then takes the account back.
 */
export class OwnerClient extends Client {
  #queue: CommitQueue | undefined;
  /** Guard of the last commit. */
  #guard: OwnerGuard | undefined;

  static async open(name: string, options: ClientOptions): Promise<OwnerClient> {
    return new OwnerClient(name, options, await connect(name, options));
  }

  async step(): Promise<void> {
    if (this.#queue === undefined) return await this.#stepWithout();
    const drawn = this.random.below(10);
    if (drawn < 2) return await this.read();
    try {
      if (drawn === 2) await this.#saveDevice(this.#queue);
      else if (drawn > 7) await this.#commitTogether(this.#queue);
      else await this.#queue.commit(this.draw());
    } catch (error) {
      if (error instanceof FencedError) this.#queue = undefined;
      throw error;
    }
  }

  async #stepWithout(): Promise<void> {
    if (this.#guard !== undefined && this.random.below(3) > 0) {
      await this.backend.commit(this.draw(), { guard: this.#guard });
      return;
    }
    const { backend } = this;
    const committer = {
      capabilities: backend.capabilities,
      readOwner: () => backend.readOwner(),
      close: async () => {},
      commit: (writes: readonly Write[], sent: { readonly guard?: OwnerGuard | undefined } = {}) => {
        const { guard } = sent;
        this.#guard = guard?.next === undefined ? guard : { ...guard, ...guardOf(guard.next) };
        return backend.commit(writes, sent);
      },
    };
    this.#queue = await CommitQueue.take(committer, { random: this.random, logger: silentLogger });
  }

  async #commitTogether(queue: CommitQueue): Promise<void> {
    const outcomes = await Promise.allSettled([queue.commit(this.draw()), queue.commit(this.draw())]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  async #saveDevice(queue: CommitQueue): Promise<void> {
    const device = await this.backend.load();
    if (device === undefined) return;
    const platform = String(this.options.nextValue());
    await queue.commit([{ kind: "device.save", device: { ...device, platform } }]);
  }
}

function guardOf({ owner, epoch }: OwnerState): OwnerGuard {
  return { owner, minEpoch: epoch, maxEpoch: epoch, next: undefined };
}

/**
 * Writes under the owner that it last saw, beside it: several commits at once, under the present epoch and
 * former ones. What has no answer it sends again under the next epoch.
 */
export class SharingClient extends Client {
  #seen: OwnerState | undefined;

  static async open(name: string, options: ClientOptions): Promise<SharingClient> {
    return new SharingClient(name, options, await connect(name, options));
  }

  async step(): Promise<void> {
    const drawn = this.random.below(10);
    if (drawn < 2 || this.#seen === undefined) {
      this.#seen = await this.backend.readOwner();
      return;
    }
    if (drawn < 5) return await this.read();
    const seen = this.#seen;
    // Without an answer, a delete stays possible until the epoch moves on, which no client does here.
    const isOwn = this.options.recorder.isOwn(seen.owner);
    const both = drawn > 7 ? [this.draw(isOwn), this.draw(isOwn)] : [this.draw(isOwn)];
    await Promise.all(both.map((writes) => this.#commit(writes, seen)));
  }

  /** Reads everything. */
  async look(): Promise<void> {
    await this.backend.readOwner();
    await this.backend.load();
    await this.backend.read(ADDRESSES);
  }

  async #commit(writes: readonly Write[], { owner, epoch }: OwnerState): Promise<void> {
    const guard = { owner, minEpoch: epoch, maxEpoch: epoch };
    try {
      await this.backend.commit(writes, { guard });
    } catch (error) {
      if (error instanceof FencedError) return;
      // Of the ownership of the service, no client moves the epoch on.
      const isShared = error instanceof AmbiguousError && this.options.recorder.isOwn(owner);
      if (!isShared) throw error;
      const next = { owner, epoch: epoch + 1 };
      await this.backend.commit(writes, { guard: { ...guard, next } });
      this.#seen = next;
    }
  }
}

/** Asks by the other routes of the account: reads its device, and now and then has the service change it. */
export class RouteClient extends Client {
  static async open(name: string, options: ClientOptions): Promise<RouteClient> {
    return new RouteClient(name, options, await connect(name, options));
  }

  async step(): Promise<void> {
    const drawn = this.random.below(10);
    if (drawn < 1) return await this.#command();
    if (drawn < 6) return await this.#device();
    if (drawn < 7) await this.backend.readOwner();
    else await this.read();
  }

  async #device(): Promise<void> {
    await this.options.recorder.record(
      this.name,
      () => this.#ask("/device"),
      (answer) => {
        if (answer instanceof Error) return undefined;
        const { platform } = (answer.body ?? {}) as { readonly platform?: string };
        return answer.ok ? { kind: "read", keys: [PLATFORM], values: [numberOf(platform)] } : undefined;
      },
    );
  }

  async #command(): Promise<void> {
    const value = this.options.nextValue();
    const commands = [{ kind: "setPlatform", platform: String(value) }];
    await this.options.recorder.record(
      this.name,
      () => this.#ask("/device/commands", { commands }),
      (answer) => {
        const code = answer instanceof Error ? undefined : (answer.body as { readonly code?: string }).code;
        const outcome =
          !(answer instanceof Error) && answer.ok ? "done" : code === "fenced" ? "refused" : "unknown";
        return { kind: "command", write: { key: PLATFORM, value }, outcome };
      },
    );
  }

  async #ask(path: string, body?: unknown): Promise<{ readonly ok: boolean; readonly body: unknown }> {
    const { url, account, token, send } = this.options;
    try {
      const answer = await send(`${url}/v1/accounts/${encodeURIComponent(account)}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { ok: answer.ok, body: await answer.json() };
    } catch (cause) {
      throw new AmbiguousError("ask: no answer", { cause });
    }
  }
}
