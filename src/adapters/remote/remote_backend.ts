import {
  type Backend,
  type BackendSource,
  type Capabilities,
  createBackend,
  type LidPnMapping,
  requireAccountName,
} from "../../backend/mod.ts";
import { BackendError, ClosedError, CorruptError } from "../../errors/mod.ts";
import { type Clock, type Host, systemHost } from "../../ports/mod.ts";
import { contentsOf, encodeCommit, encodeQuestion, encodeRead, READ_METHODS } from "../../protocol/mod.ts";
import { decodePlainValue, type PlainValue } from "../../records/mod.ts";
import { bytesOf, RequestSender } from "./request_sender.ts";

/** How long one request may take unless told otherwise, in milliseconds. */
const DEADLINE_MS = 15_000;

/** Options of `remoteBackend`. */
export interface RemoteBackendOptions {
  /** Where the service is: `https://…`, or `http://…` on this machine. */
  readonly url: string;
  /** Bearer token that the service accepts for this account. */
  readonly token: string;
  /** Name of the account, `default` unless given. */
  readonly account?: string | undefined;
  /** How long one request may take, in milliseconds; 15,000 unless given. */
  readonly deadlineMs?: number | undefined;
  /** Sends the requests: the host's own `fetch` unless given, or a Worker's service binding. */
  readonly fetch?: typeof fetch | undefined;
  /** Clock, scheduler and logger; the host's own for what is not given. */
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
  return createBackend(remoteSource(sender, capabilities), { clock });
}

/** The reads of the contract by their names, each one request. */
type Reads = Omit<BackendSource, "capabilities" | "close" | "commit" | "getAllLidMappings">;

function remoteSource(sender: RequestSender, capabilities: Capabilities): BackendSource {
  let closed = false;
  const assertOpen = (): void => {
    if (closed) throw new ClosedError("remote: the backend is closed");
  };
  const readers = READ_METHODS.map((method) => {
    const read = async (...args: readonly unknown[]): Promise<PlainValue> => {
      assertOpen();
      return decodePlainValue(await sender.sendRead(encodeRead(method, args), bytesOf));
    };
    return [method, read] as const;
  });
  return {
    ...(Object.fromEntries(readers) as unknown as Reads),
    capabilities,
    commit: async (writes, options) => {
      assertOpen();
      const answer = decodePlainValue(await sender.sendCommit(encodeCommit(writes, options)));
      return requireCounts(answer, writes.length);
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
  for await (const content of contentsOf(sender.pieces(response))) {
    const piece = decodePlainValue(content) as unknown as readonly LidPnMapping[];
    // The empty piece ends the answer.
    if (piece.length === 0) return;
    yield* piece;
  }
  throw new BackendError("remote: the answer was cut off");
}

async function askCapabilities(sender: RequestSender): Promise<Capabilities> {
  const answer = decodePlainValue(await sender.sendRead(encodeQuestion("capabilities"), bytesOf));
  const { atomicCommit, fencing, durableOnResolve, maxValueBytes, maxParameters } =
    answer as unknown as Capabilities;
  if (typeof atomicCommit !== "boolean" || typeof maxValueBytes !== "number") {
    throw new CorruptError("remote: the service does not say what it can do");
  }
  return { atomicCommit, fencing, durableOnResolve, maxValueBytes, maxParameters };
}

function requireCounts(answer: PlainValue, length: number): number[] {
  if (!Array.isArray(answer) || answer.length !== length) {
    throw new CorruptError("remote: the answer to a commit is malformed");
  }
  return answer.map(Number);
}

/** Where the calls of an account go. */
function callUrl({ url, account = "default" }: RemoteBackendOptions): string {
  requireAccountName(account);
  const base = parseUrl(url);
  if (base === undefined) throw new TypeError("open remote backend: the URL is not http: or https:");
  return `${base.href.replace(/\/+$/, "")}/v1/accounts/${encodeURIComponent(account)}/backend`;
}

function parseUrl(url: string): URL | undefined {
  try {
    const parsed = new URL(url);
    const isPlain = parsed.search === "" && (parsed.protocol === "https:" || parsed.protocol === "http:");
    return isPlain ? parsed : undefined;
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
