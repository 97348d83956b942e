import {
  type Backend,
  type BackendCore,
  type Capabilities,
  type CommitOptions,
  createBackend,
  type Device,
  ForwardingReads,
  type HashState,
  keyCheckReads,
  keyOfRead,
  MAX_SEEN_MS,
  type OpeningCommit,
  type OwnerState,
  openingCore,
  READ,
  READS,
  type ReadCall,
  type ReadMethod,
  requireAccountName,
  type Sealing,
  type SeenAccount,
  storedState,
  type Write,
} from "../../backend/mod.ts";
import { BackendError, ClosedError, CorruptError, requireObject } from "../../errors/mod.ts";
import { type Host, systemHost } from "../../ports/mod.ts";
import {
  CALLER_WIRE,
  type CallerWire,
  contentsOf,
  framesOf,
  type WireMethod,
  type WireReadCall,
} from "../../protocol/mod.ts";
import type { Rule } from "../../rules/mod.ts";
import { answerOf, Unanswered } from "./read_answer.ts";
import { RequestSender } from "./request_sender.ts";

/** Default name of the account. */
const DEFAULT_ACCOUNT = "default";

/** Default time limit of one request, in milliseconds. */
const DEADLINE_MS = 15_000;

/** Options of `remoteBackend`. */
export interface RemoteBackendOptions {
  /** URL of the service: `https://…`, or `http://…` on this machine. */
  readonly url: string;
  /** Bearer token that the service accepts for this account. */
  readonly token: string;
  /** Name of the account. Defaults to `default`. */
  readonly account?: string | undefined;
  /** Time limit of one request, in milliseconds. Defaults to 15,000. */
  readonly deadlineMs?: number | undefined;
  /** Sends the requests, for example a Worker's service binding. Defaults to the host's `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /**
   * Encrypts stored values in this process: `sealing` of the subpath `sealing`. The service keeps what it
   * cannot read. It checks kinds, keys and sizes, and can open the account for no operation of its own.
   */
  readonly sealing?: Sealing | undefined;
  /** Clock, scheduler and logger. Missing ones default to the host's own. */
  readonly host?: Partial<Host> | undefined;
}

/**
 * Opens one account that a Holdfast service keeps, for example in its own Durable Object. Each commit and
 * each batched read is one request.
 *
 * A commit is durable when it resolves. A commit whose answer was lost rejects with `AmbiguousError`. The
 * backend does not resend it; the commit queue of the open account does, under the next owner epoch. Reads
 * are retried with pauses. `getAllLidMappings` streams.
 *
 * @throws {TypeError | RangeError} When an option is malformed. The message contains neither the token nor
 *   the URL.
 * @throws {RefusedError} When the service does not accept the token for this account.
 * @throws {IncompatibleError} When the service does not speak this release's version of the protocol. Nothing
 *   was changed.
 * @throws {BackendError} When there is no answer.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { remoteBackend } from "@holdfast/store/remote";
 *
 * async function open(url: string, token: string) {
 *   return await openAccount({ backend: remoteBackend({ url, token, account: "alice" }) });
 * }
 * ```
 */
export async function remoteBackend(options: RemoteBackendOptions): Promise<Backend> {
  requireObject("open remote backend: options", options);
  const wire = CALLER_WIRE;
  const host = systemHost(options.host);
  const sender = new RequestSender({
    url: callUrl(options),
    token: requireToken(options.token),
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    host,
    deadlineMs: requireDeadline(options.deadlineMs ?? DEADLINE_MS),
  });
  const { account = DEFAULT_ACCOUNT, sealing } = options;
  const isSealed = sealing !== undefined;
  const seen = await look(sender, wire, isSealed);
  const { capabilities } = seen;
  const seenAtMs = host.clock.nowMs();
  const core = new RemoteCore(sender, wire, capabilities);
  const over = (of: BackendCore): Backend =>
    createBackend(sealing?.sealed(of, { account }) ?? of, { clock: host.clock });
  // A release that has not learned to read several calls in one.
  if (seen.isSingle) return over(core);
  return Object.assign(over(core), {
    opening: (): Backend => {
      const isFresh = Math.abs(host.clock.nowMs() - seenAtMs) <= MAX_SEEN_MS;
      const commitAndRead: OpeningCommit = (...args) => core.commitAndRead(...args);
      return over(openingCore({ core, seen: isFresh ? seen.account : undefined, isSealed, commitAndRead }));
    },
  });
}

/** What is asked for when a backend is opened. */
interface Look {
  readonly capabilities: Capabilities;
  readonly account?: SeenAccount;
  /** Whether the service takes one read or commit in one request, and no more. */
  readonly isSingle?: boolean;
}

/** Asks for the capabilities, and for what an opening of the account asks first. */
async function look(sender: RequestSender, wire: CallerWire, isSealed: boolean): Promise<Look> {
  const others = keyCheckReads(isSealed);
  const also = [callOf(["load", []]), ...others.map(callOf)];
  const reads: WireReadCall[] = [{ method: "readOwner", args: [] }, ...also];
  const decode = (bytes: Uint8Array): Look => {
    const [first, ...answers] = partsOf(bytes);
    const capabilities = wire.decodeAnswer("capabilities", first) as Capabilities;
    // A read that fails has no answer. The opening makes it again, and meets the error.
    if (answers.length < reads.length) return { capabilities };
    const [owner, device, ...more] = answers.map((answer, index) =>
      wire.decodeAnswer((reads[index] as WireReadCall).method, answer),
    );
    const known = new Map(others.map((read, index) => [keyOfRead(read), more[index]]));
    const account = {
      owner: owner as OwnerState | undefined,
      device: device as Device | undefined,
      answers: known,
    };
    return { capabilities, account };
  };
  const body = wire.encodeRead("capabilities", [], reads);
  try {
    return await sender.sendRead(body, (response) => answerOf(response, decode));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { capabilities: (await ask(sender, wire, "capabilities", [])) as Capabilities, isSingle: true };
  }
}

/** The parts of an answer. A service that answers the first part alone sends no frames. */
function partsOf(bytes: Uint8Array): readonly [first: Uint8Array, ...others: Uint8Array[]] {
  // A frame begins with its length, which is far below 16 MiB times 256.
  const [first = bytes, ...others] = bytes[0] === 0 ? framesOf(bytes) : [];
  return [first, ...others];
}

function callOf([method, args]: ReadCall): WireReadCall {
  return { method, args };
}

/** The core that sends each call as a request. */
class RemoteCore extends ForwardingReads implements BackendCore {
  readonly capabilities: Capabilities;
  readonly #sender: RequestSender;
  readonly #wire: CallerWire;
  #closed = false;

  constructor(sender: RequestSender, wire: CallerWire, capabilities: Capabilities) {
    super();
    this.#sender = sender;
    this.#wire = wire;
    this.capabilities = capabilities;
  }

  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    this.#assertOpen();
    const body = this.#wire.encodeCommit(writes, options?.guard);
    return await this.#sender.sendCommit(body, async (response) => {
      const counts = await answerOf(response, (bytes) => this.#wire.decodeCounts(bytes));
      if (counts.length === writes.length) return counts;
      throw new Unanswered("remote: the answer is malformed", undefined, undefined);
    });
  }

  /** As `commit`, and makes reads after it, in one request. */
  async commitAndRead(...[writes, options, reads]: Parameters<OpeningCommit>): ReturnType<OpeningCommit> {
    this.#assertOpen();
    const wire = this.#wire;
    const body = wire.encodeCommit(writes, options.guard, reads.map(callOf));
    return await this.#sender.sendCommit(body, async (response) =>
      answerOf(response, (bytes) => {
        const [first, ...answers] = partsOf(bytes);
        const counts = wire.decodeCounts(first);
        if (counts.length !== writes.length) throw new CorruptError("remote: the answer is malformed");
        const known = answers.map((answer, index) => {
          const read = reads[index] as ReadCall;
          return [keyOfRead(read), wire.decodeAnswer(read[0], answer)] as const;
        });
        return [counts, new Map(known)] as const;
      }),
    );
  }

  async readOwner(): Promise<OwnerState | undefined> {
    return (await this.#ask("readOwner", [])) as OwnerState | undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sender.close();
  }

  override [READ](method: ReadMethod, args: readonly unknown[]): unknown {
    const keys = args.findIndex((arg) => Array.isArray(arg) && arg.length > this.#maxKeys);
    if (keys >= 0) return this.#askInPieces(method, args, keys);
    // The service answers what a collection is that was never seen. Nothing of it is stored or sealed.
    if (method === "getVersion")
      return this.#ask(method, args).then((state) => storedState(state as HashState));
    if (READS[method].streams !== true) return this.#ask(method, args);
    this.#assertOpen();
    return stream(this.#sender, this.#wire, method, args);
  }

  get #maxKeys(): number {
    return this.capabilities.maxReadKeys ?? Number.POSITIVE_INFINITY;
  }

  /** Asks for some keys at a time, and joins the answers. */
  async #askInPieces(method: ReadMethod, args: readonly unknown[], index: number): Promise<unknown[]> {
    const asked = args[index] as readonly unknown[];
    // An answer has an item for each key, or else what was found, once and in the order of the keys.
    const keys = hasItemPerKey(method) ? asked : [...new Set(asked as readonly string[])].sort(ascending);
    const answers: unknown[] = [];
    for (let start = 0; start < keys.length; start += this.#maxKeys) {
      const piece = keys.slice(start, start + this.#maxKeys);
      answers.push(...((await this.#ask(method, args.with(index, piece))) as readonly unknown[]));
    }
    return answers;
  }

  async #ask(method: WireMethod, args: readonly unknown[]): Promise<unknown> {
    this.#assertOpen();
    return await ask(this.#sender, this.#wire, method, args);
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError("remote: the backend is closed");
  }
}

function ascending(a: string | number, b: string | number): number {
  return a < b ? -1 : 1;
}

function hasItemPerKey(method: ReadMethod): boolean {
  const { answer } = READS[method] as { readonly answer: Rule };
  return answer.type === "list" && answer.item.type === "optional";
}

async function ask(
  sender: RequestSender,
  wire: CallerWire,
  ...[method, args]: [method: WireMethod, args: readonly unknown[]]
): Promise<unknown> {
  return await sender.sendRead(wire.encodeRead(method, args), (response) =>
    answerOf(response, (bytes) => wire.decodeAnswer(method, bytes)),
  );
}

async function* stream(
  sender: RequestSender,
  wire: CallerWire,
  ...[method, args]: [method: WireMethod, args: readonly unknown[]]
): AsyncIterable<unknown> {
  const response = await sender.sendRead(wire.encodeRead(method, args), async (answer) => answer);
  try {
    for await (const content of contentsOf(sender.pieces(response))) {
      const piece = wire.decodeAnswer(method, content) as readonly unknown[];
      // The empty piece ends the answer.
      if (piece.length === 0) return;
      yield* piece;
    }
  } catch (cause) {
    // The data is not an answer of the service, so the stored state is unknown.
    if (cause instanceof CorruptError) throw new BackendError("remote: the answer is malformed", { cause });
    throw cause;
  }
  throw new BackendError("remote: the answer was cut off");
}

/** The URL for calls of an account. */
function callUrl({ url, account = DEFAULT_ACCOUNT }: RemoteBackendOptions): string {
  requireAccountName(account);
  if (account === "." || account === "..") {
    throw new TypeError("open remote backend: the account's name cannot be part of a path");
  }
  const base = parseUrl(url);
  if (base === undefined) {
    throw new TypeError("open remote backend: the URL is not http: or https:, or has more than a path");
  }
  return `${base.replace(/\/+$/, "")}/v1/accounts/${encodeURIComponent(account)}/backend`;
}

/** Normalises a URL. `undefined` when it is malformed or has a user, a query or a fragment. */
function parseUrl(url: string): string | undefined {
  try {
    const { href } = new URL(url);
    return /^https?:\/\/[^/?#@]+\/[^?#]*$/.test(href) ? href : undefined;
  } catch {
    return undefined;
  }
}

function requireToken(token: string): string {
  // Characters that a header can carry.
  if (typeof token !== "string" || !/^[\x21-\x7e]{1,512}$/.test(token)) {
    throw new TypeError("open remote backend: the token is malformed");
  }
  return token;
}

function requireDeadline(deadlineMs: number): number {
  if (!Number.isSafeInteger(deadlineMs) || deadlineMs < 1) {
    throw new RangeError(`open remote backend: deadlineMs is ${deadlineMs}, expected a positive integer`);
  }
  return deadlineMs;
}
