import {
  type BackendReads,
  type CommitOptions,
  type Committer,
  callRead,
  type Device,
  ForwardingReads,
  READ,
  READS,
  type ReadMethod,
  type Write,
} from "../backend/mod.ts";
import { hasSameIdentity, refuseIdentityChange } from "../device/mod.ts";
import { IdentityConflictError } from "../errors/mod.ts";
import { WrappedCommitter } from "./wrapped_committer.ts";

/** What a change of identity needs of the account. */
export interface IdentityChangeParts {
  /** The device in memory; `undefined` while the account is being opened. */
  readonly device: () => Device | undefined;
  /** Makes a device, which has another identity, the account's. Durable when it resolves. */
  readonly replace: (device: Device) => Promise<void>;
  /** Makes the device durable. */
  readonly flush: () => Promise<unknown>;
}

/**
 * What happens when the device takes another identity: what is in memory is forgotten at once, and what is
 * stored goes in the commit that saves the device. Until that commit has landed nothing is read, and nothing
 * is written beside it; what was being read when the identity changed is read again. So no later caller
 * afterwards is answered from the former identity's state.
 */
export class IdentityChange {
  readonly #parts: IdentityChangeParts;
  readonly #listeners: (() => void)[] = [];
  #isLanding = false;
  #count = 0;

  constructor(parts: IdentityChangeParts) {
    this.#parts = parts;
  }

  /** Whether the commit of the last change is still to come. */
  get isLanding(): boolean {
    return this.#isLanding;
  }

  /** How often the identity has changed. */
  get count(): number {
    return this.#count;
  }

  /** Adds a function that is called at once when the identity changes. It must not throw. */
  onChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The device has another identity, in memory. */
  changed(): void {
    this.#isLanding = true;
    this.#count += 1;
    for (const listener of this.#listeners) listener();
  }

  /** Writes were committed together with the device. */
  committed(writes: readonly Write[]): void {
    if (writes.some(({ kind }) => kind === "account.clear")) this.#isLanding = false;
  }

  /** Resolves when what is stored is the present identity's. @throws {StoreError} When it cannot be saved. */
  async landed(): Promise<void> {
    while (this.#isLanding) await this.#parts.flush();
  }

  /** The same reads, none of which answers from before a change. */
  readsOf(reads: BackendReads): BackendReads {
    return new CurrentReads(reads, this);
  }

  /**
   * The committer of the public stores. It takes another identity for a device that is not paired, as the
   * device's manager does, and refuses one for a device that is.
   */
  committerOf(committer: Committer): Committer {
    return new WrappedCommitter(committer, (...commit) => this.#commit(...commit));
  }

  async #commit(
    committer: Committer,
    writes: readonly Write[],
    options: CommitOptions | undefined,
  ): Promise<number[]> {
    const device = this.#parts.device();
    const [first, ...others] = writes;
    if (device !== undefined) {
      const isSave = first?.kind === "device.save" && others.length === 0;
      if (isSave && !hasSameIdentity(device, first.device)) {
        await this.#parts.replace(first.device);
        return [1];
      }
      refuseIdentityChange(writes, device);
    }
    if (this.#isLanding) await this.landed();
    return await committer.commit(writes, options);
  }
}

class CurrentReads extends ForwardingReads {
  readonly #reads: BackendReads;
  readonly #change: IdentityChange;

  constructor(reads: BackendReads, change: IdentityChange) {
    super();
    this.#reads = reads;
    this.#change = change;
  }

  override [READ](method: ReadMethod, args: readonly unknown[]): unknown {
    return READS[method].streams === true ? this.#stream(method, args) : this.#read(method, args);
  }

  async #read(method: ReadMethod, args: readonly unknown[]): Promise<unknown> {
    for (;;) {
      if (this.#change.isLanding) await this.#change.landed();
      const { count } = this.#change;
      const answer = await callRead(this.#reads, method, args);
      if (count === this.#change.count) return answer;
    }
  }

  async *#stream(method: ReadMethod, args: readonly unknown[]): AsyncIterable<unknown> {
    if (this.#change.isLanding) await this.#change.landed();
    const { count } = this.#change;
    for await (const item of callRead(this.#reads, method, args) as AsyncIterable<unknown>) {
      if (count !== this.#change.count) {
        throw new IdentityConflictError(`${method}: the account has taken another identity`);
      }
      yield item;
    }
  }
}
