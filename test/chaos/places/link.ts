import { type Backend, type Committer, type Write, withCommitter } from "../../../src/backend/mod.ts";
import { ClosedError } from "../../../src/errors/mod.ts";
import type { Clock } from "../../../src/ports/mod.ts";
import { FaultPlan } from "../../../src/testing/mod.ts";
import type { ChaosBackend, ConnectionHost } from "./chaos_backend.ts";

/** Told of every commit that was applied, also when its answer is lost. */
export type CommitListener = (writes: readonly Write[], link: Link) => void;

/** Reads that may be slow or fail: those that go on while the account is open. */
const UNRELIABLE_READS: ReadonlySet<string> = new Set([
  "loadSessionRow",
  "loadSessionRows",
  "loadSenderKeyRow",
  "loadIdentity",
  "loadPreKey",
  "listSignalAddresses",
  "getPnMapping",
  "getPnMappings",
  "getLidMappings",
]);

/**
 * The connection of one process to the database, over a network that misbehaves: commits meet what `plan`
 * says, reads wait or fail. Cut, it neither asks nor learns anything any more; what it has sent may still
 * arrive.
 */
export class Link {
  readonly plan: FaultPlan = new FaultPlan();
  readonly #mourns: boolean;
  #backend: Backend | undefined;
  #isCut = false;
  /** Its account was closed: it refuses what is asked, as backends do. What is under way goes on. */
  #isClosed = false;
  /** Rejects once the process is gone, for who mourns. */
  readonly #end: Promise<never>;
  #endNow: (reason: Error) => void = () => {};
  #heldReads: (() => void)[] | undefined;
  #holdsOnly: string | undefined;
  #failingReads = 0;
  #failedCommits = 0;
  #reloads = 0;
  readonly #read = new Set<string>();

  private constructor(mourns: boolean) {
    this.#mourns = mourns;
    this.#end = new Promise((_, reject) => {
      this.#endNow = reject;
    });
    this.#end.catch(() => {});
  }

  /**
   * @param mourns Whether what has no answer at the cut, or is asked after it, is told so. Otherwise it is
   * never answered, as in a process that is gone; a library whose queue outlives the account would wait for
   * ever.
   */
  static async open(
    database: ChaosBackend,
    host: ConnectionHost,
    { applied, mourns }: { readonly applied: CommitListener; readonly mourns: boolean },
  ): Promise<Link> {
    const link = new Link(mourns);
    const connection = await database.connect(host, {
      plan: link.plan,
      applied: (writes) => applied(writes, link),
      failsRead: (method) => link.#failsRead(method),
    });
    link.#backend = link.#around(connection, host.clock);
    return link;
  }

  /** What the process is given. */
  get backend(): Backend {
    if (this.#backend === undefined) throw new Error("the link is not open yet");
    return this.#backend;
  }

  /** The process is gone. */
  cut(): void {
    this.#isCut = true;
    this.#endNow(gone());
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /**
   * Reads see the rows as they are when asked, and answer after `releaseReads`.
   *
   * @param only A session's address: other reads go on.
   */
  holdReads(only?: string): void {
    this.#heldReads ??= [];
    this.#holdsOnly = only;
  }

  releaseReads(): void {
    const held = this.#heldReads ?? [];
    this.#heldReads = undefined;
    for (const go of held) go();
  }

  /** The next reads fail. */
  failReads(count: number): void {
    this.#failingReads = count;
  }

  /** Commits that were not answered with success. */
  get failedCommits(): number {
    return this.#failedCommits;
  }

  /** Rows that were read again: what was read before has been evicted. */
  get reloads(): number {
    return this.#reloads;
  }

  /** The connection as it is for a process that may be gone. */
  #around(connection: Backend, clock: Clock): Backend {
    const committer: Committer = {
      capabilities: connection.capabilities,
      commit: (writes, options) => this.#over(() => this.#commit(() => connection.commit(writes, options))),
      readOwner: () => this.#over(() => connection.readOwner()),
      close: async () => {
        this.#isClosed = true;
      },
    };
    const reads = new Proxy(connection, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) =>
          this.#over(() =>
            this.#ask(String(name), args, () => value.apply(target, args) as Promise<unknown>),
          );
      },
    });
    return withCommitter(reads, committer, { clock });
  }

  #failsRead(method: string): boolean {
    if (this.#failingReads === 0 || !UNRELIABLE_READS.has(method)) return false;
    this.#failingReads -= 1;
    return true;
  }

  async #commit(send: () => Promise<number[]>): Promise<number[]> {
    try {
      return await send();
    } catch (error) {
      this.#failedCommits += 1;
      throw error;
    }
  }

  async #ask(name: string, args: readonly unknown[], ask: () => Promise<unknown>): Promise<unknown> {
    if (!UNRELIABLE_READS.has(name)) return await ask();
    if (name.startsWith("load")) this.#count(`${name} ${String(args[0])}`);
    const answer = await ask();
    const held = this.#heldReads;
    const isHeld =
      this.#holdsOnly === undefined ||
      (name.startsWith("loadSession") && args.flat().includes(this.#holdsOnly));
    if (held !== undefined && isHeld) await new Promise<void>((resolve) => held.push(resolve));
    return answer;
  }

  #nobody(): Promise<never> {
    return this.#mourns ? Promise.reject(gone()) : new Promise<never>(() => {});
  }

  #count(read: string): void {
    if (this.#read.has(read)) this.#reloads += 1;
    this.#read.add(read);
  }

  async #over<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    if (this.#isCut) return await this.#nobody();
    if (this.#isClosed) throw new ClosedError("ask: the connection is closed");
    try {
      const answer = await (this.#mourns ? Promise.race([ask(), this.#end]) : ask());
      return this.#isCut ? await this.#nobody() : answer;
    } catch (error) {
      if (this.#isCut) return await this.#nobody();
      throw error;
    }
  }
}

function gone(): ClosedError {
  return new ClosedError("ask: the process is gone");
}
