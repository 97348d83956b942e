import {
  type Backend,
  type BackendCore,
  type Capabilities,
  createBackend,
  type LidPnMapping,
  requireAccountName,
} from "../../backend/mod.ts";
import { BackendError, ClosedError, CorruptError } from "../../errors/mod.ts";
import { type Clock, type Host, systemHost } from "../../ports/mod.ts";
import { contentsOf, encodeCommit, encodeQuestion, encodeRead, READ_METHODS } from "../../protocol/mod.ts";
import { decodePlainValue, type PlainValue } from "../../records/mod.ts";
import { answerOf, Unanswered } from "./read_answer.ts";
import { RequestSender } from "./request_sender.ts";

/** Default time that one request may take, in milliseconds. */
const DEADLINE_MS = 15_000;

/** Options of `remoteBackend`. */
export interface RemoteBackendOptions {
  /** Where the service is: `https://…`, or `http://…` on this machine. */
  readonly url: string;
  /** Bearer token that the service accepts for this account. */
  readonly token: string;
  /** Name of the account. Defaults to `default`. */
  readonly account?: string | undefined;
  /** How long one request may take, in milliseconds. Defaults to 15,000. */
  readonly deadlineMs?: number | undefined;
  /** Sends the requests, for example a Worker's service binding. Defaults to the host's `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Clock, scheduler and logger. Missing ones default to the host's own. */
  readonly host?: Partial<Host> | undefined;
}

/**
 * Opens one account that a Holdfast service keeps, in its own Durable Object say: each commit and each batched read is one
 * request.
 *
 * What a commit wrote is durable when it resolves. A commit whose answer was lost rejects with `AmbiguousError`: it is not
 * sent again here, but by the commit queue of the open account, under the next owner epoch. Reads are asked again, with
 * pauses. `getAllLidMappings` streams.
 *
 * @throws {TypeError | RangeError} When an option is malformed. The message repeats neither token nor URL.
 * @throws {RefusedError} When the service does not accept the token for this account.
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
  const host = systemHost(options.host);
  const sender = new RequestSender({
    url: callUrl(options),
    token: requireToken(options.token),
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    host,
    deadlineMs: requireDeadline(options.deadlineMs ?? DEADLINE_MS),
  });
  const capabilities = await askCapabilities(sender);
  const clock: Clock = host.clock;
  return createBackend(remoteCore(sender, capabilities), { clock });
}

/** The reads of the contract by their names, each one request. */
type Reads = Omit<BackendCore, "capabilities" | "close" | "commit" | "getAllLidMappings">;

function remoteCore(sender: RequestSender, capabilities: Capabilities): BackendCore {
  let closed = false;
  const assertOpen = (): void => {
    if (closed) throw new ClosedError("remote: the backend is closed");
  };
  const readers = READ_METHODS.map((method) => {
    const read = async (...args: readonly unknown[]): Promise<PlainValue> => {
      assertOpen();
      return await sender.sendRead(encodeRead(method, args), answerOf);
    };
    return [method, read] as const;
  });
  return {
    ...(Object.fromEntries(readers) as unknown as Reads),
    capabilities,
    commit: async (writes, options) => {
      assertOpen();
      return await sender.sendCommit(encodeCommit(writes, options), async (response) =>
        requireCounts(await answerOf(response), writes.length),
      );
    },
    getAllLidMappings: () => {
      assertOpen();
      return mappings(sender);
    },
    close: async () => {
      closed = true;
    },
  };
}

async function* mappings(sender: RequestSender): AsyncIterable<LidPnMapping> {
  const response = await sender.sendRead(encodeQuestion("mappings"), async (answer) => answer);
  try {
    for await (const content of contentsOf(sender.pieces(response))) {
      const piece = decodePlainValue(content);
      if (!Array.isArray(piece)) throw new CorruptError("remote: no list of mappings");
      // The empty piece ends the answer.
      if (piece.length === 0) return;
      yield* piece as unknown as readonly LidPnMapping[];
    }
  } catch (cause) {
    // What arrived is no answer of the service, and says nothing of what is stored.
    if (cause instanceof CorruptError) throw new BackendError("remote: the answer is malformed", { cause });
    throw cause;
  }
  throw new BackendError("remote: the answer was cut off");
}

async function askCapabilities(sender: RequestSender): Promise<Capabilities> {
  return await sender.sendRead(encodeQuestion("capabilities"), async (response) => {
    const answer = (await answerOf(response)) as unknown as Partial<Capabilities> | undefined;
    const { atomicCommit, fencing, durableOnResolve, maxValueBytes, maxParameters } = answer ?? {};
    const flags = [atomicCommit, fencing, durableOnResolve];
    if (flags.some((flag) => typeof flag !== "boolean") || typeof maxValueBytes !== "number") {
      throw new Unanswered("remote: the answer is malformed", undefined, undefined);
    }
    return { atomicCommit, fencing, durableOnResolve, maxValueBytes, maxParameters } as Capabilities;
  });
}

/** @throws {Unanswered} When it is no answer to a commit of so many writes. */
function requireCounts(answer: PlainValue, length: number): number[] {
  const isCounts = Array.isArray(answer) && answer.length === length && answer.every(Number.isSafeInteger);
  if (!isCounts) throw new Unanswered("remote: the answer is malformed", undefined, undefined);
  return answer.map(Number);
}

/** Where the calls of an account go. */
function callUrl({ url, account = "default" }: RemoteBackendOptions): string {
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

/** The URL in its usual form, `undefined` when it has a user, a query or a fragment, or is none. */
function parseUrl(url: string): string | undefined {
  try {
    const { href } = new URL(url);
    return /^https?:\/\/[^/?#@]+\/[^?#]*$/.test(href) ? href : undefined;
  } catch {
    return undefined;
  }
}

function requireToken(token: string): string {
  // What a header can carry.
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
