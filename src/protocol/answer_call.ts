import {
  type Backend,
  READS,
  requireGuard,
  requireMoveLast,
  type SetAsideAccount,
  validateWrite,
  type Write,
  type WriteKind,
} from "../backend/mod.ts";
import { joinBytes } from "../bytes/mod.ts";
import { RefusedError } from "../errors/mod.ts";
import { type Clock, nowSeconds, type Pacer, type StartPacer, systemClock } from "../ports/mod.ts";
import { CallSizeError, limitsOfCalls, MAX_CALL_BYTES, MAX_READ_KEYS, MAX_SET_ASIDE } from "./call_limits.ts";
import { frameOf } from "./frames.ts";
import type { BackendCall, Wire, WireMethod, WireReadCall } from "./wire.ts";

/** Items per frame of a streamed answer. */
const ITEMS_PER_FRAME = 500;

/** Writes of a commit that does not wait for a turn of its own. */
const SMALL_COMMIT = 100;

/** Permissions of a caller. */
export interface CallScope {
  /** The only account of the database that the caller may see; all accounts when `undefined`. */
  readonly account: string | undefined;
  /** Whether the caller may delete an account. Defaults to `false`. */
  readonly mayErase?: boolean | undefined;
  /** By which what is set aside expires. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** Maximum size of a call that the host accepts, in bytes. Defaults to that of the protocol. */
  readonly maxBytes?: number | undefined;
  /**
   * Called with the number of items of each list of a call before they are decoded. Throws to refuse them.
   */
  readonly onItems?: ((count: number) => void) | undefined;
}

/** The scope of a call on a host whose other work goes on while a call takes long. */
export interface PacedScope extends CallScope {
  /** Paces the work of the call. By default, nothing pauses. */
  readonly startPacer?: StartPacer | undefined;
}

/**
 * An answer: one body, or frames of bodies. `cut` resolves when the host ends a streamed answer before its
 * reader does.
 */
export type CallAnswer =
  | Uint8Array
  | (AsyncIterable<Uint8Array> & { readonly cut?: Promise<Error> | undefined });

/**
 * Executes a call on a backend, which checks its arguments, writes and guard. Answers in the version of the
 * call. The answer to a call with further reads is a frame for each part. It ends before the first read that
 * fails, or behind many bytes, and the caller makes the rest again.
 *
 * @param scope A caller of one account can neither list nor delete other accounts.
 * @throws {StoreError} The error of the backend.
 * @throws {TypeError | RangeError} When an argument, a write or the guard is invalid. Nothing was written.
 * @throws {CallSizeError} When a read has too many keys.
 */
export async function answerCall(
  backend: Backend,
  call: BackendCall,
  scope: PacedScope,
): Promise<CallAnswer> {
  const answer = await answerFirst(backend, call, scope);
  const { wire, also = [] } = call;
  if (also.length === 0) return answer;
  const answers = [answer as Uint8Array];
  try {
    for (const read of also) {
      if (answers.reduce((sum, { length }) => sum + length, 0) > MAX_CALL_BYTES) break;
      answers.push((await answerRead(backend, { ...read, wire }, scope)) as Uint8Array);
    }
  } catch {
    // The first part was carried out.
  }
  return joinBytes(answers.map(frameOf));
}

async function answerFirst(backend: Backend, call: BackendCall, scope: PacedScope): Promise<CallAnswer> {
  const { wire } = call;
  if (call.kind === "commit") {
    await validateInTurns(call.writes, backend, scope.startPacer?.());
    if (call.guard !== undefined) requireGuard(call.guard);
    await refuseDeletions(backend, call.writes, scope);
    return wire.encodeCounts(await backend.commit(call.writes, { guard: call.guard, checked: true }));
  }
  return await answerRead(backend, call, scope);
}

async function answerRead(
  backend: Backend,
  { method, args, wire }: WireReadCall & { readonly wire: Wire },
  scope: PacedScope,
): Promise<CallAnswer> {
  for (const arg of args) {
    if (Array.isArray(arg) && arg.length > MAX_READ_KEYS)
      throw new CallSizeError(`${method}: more than ${MAX_READ_KEYS} keys`);
  }
  const answer = await read(backend, method, args, scope);
  return isStreamed(method)
    ? frames(wire, method, answer as AsyncIterable<unknown>, scope.startPacer?.())
    : wire.encodeAnswer(method, answer);
}

/**
 * Checks writes as the backend would. Other work runs in between when it takes long, and before the commit,
 * which takes long on the thread of a local database.
 */
async function validateInTurns(
  writes: readonly Write[],
  { capabilities }: Backend,
  pacer: Pacer | undefined,
): Promise<void> {
  for (const [index, write] of writes.entries()) {
    validateWrite(write, capabilities, index);
    if (pacer?.isDue) await pacer.rest();
  }
  requireMoveLast(writes);
  if (writes.length > SMALL_COMMIT) await pacer?.rest();
}

function isStreamed(method: WireMethod): boolean {
  return method in READS && READS[method as keyof typeof READS].streams === true;
}

async function read(
  backend: Backend,
  method: WireMethod,
  args: readonly unknown[],
  { account, maxBytes }: CallScope,
): Promise<unknown> {
  if (method === "capabilities") return limitsOfCalls(backend.capabilities, maxBytes);
  if (method === "listAccounts" && account !== undefined) {
    return (await backend.listAccounts()).filter((listed) => listed.account === account);
  }
  if (method === "listSetAside") {
    const kept = (await backend.listSetAside()).filter(
      (listed) => (account ?? listed.account) === listed.account,
    );
    const half = MAX_SET_ASIDE / 2;
    // Those that end first, which housekeeping looks for, and those that were set aside last.
    return kept.length > MAX_SET_ASIDE ? [...kept.slice(0, half), ...kept.slice(-half)] : kept;
  }
  return await (
    backend[method] as (...args: readonly unknown[]) => Promise<unknown> | AsyncIterable<unknown>
  )(...args);
}

/**
 * Writes after which the account is gone, or its name another account's. What is brought back may be another
 * customer's, who had the name before.
 */
const ERASING: readonly WriteKind[] = ["account.delete", "account.setAside", "account.bringBack"];

/** @throws {RefusedError} When a write deletes, sets aside or brings back what the caller may not. */
async function refuseDeletions(
  backend: Backend,
  writes: readonly Write[],
  { account, mayErase, clock = systemClock }: CallScope,
): Promise<void> {
  const refuse = (forbids: (write: Write) => boolean, reason: string): void => {
    const writeIndex = writes.findIndex(forbids);
    if (writeIndex >= 0) throw new RefusedError(`commit: ${reason}`, { writeIndex });
  };
  if (!mayErase) {
    refuse(({ kind }) => ERASING.includes(kind), "the token does not permit to erase the account");
  }
  if (account === undefined) return;
  // What has expired by the clock here needs no permission.
  refuse(
    (write) => write.kind === "account.expireSetAside" && write.cutoff > nowSeconds(clock),
    "what is set aside has not expired",
  );
  if (!writes.some(({ kind }) => kind === "account.delete")) return;
  const own = [await backend.create(), ...(await backend.listSetAside()).flatMap(idOf(account))];
  refuse(
    (write) => write.kind === "account.delete" && !own.includes(write.accountId),
    "not the caller's account",
  );
}

function idOf(account: string): (kept: SetAsideAccount) => number[] {
  return (kept) => (kept.account === account ? [kept.accountId] : []);
}

async function* frames(
  wire: Wire,
  method: WireMethod,
  items: AsyncIterable<unknown>,
  pacer: Pacer | undefined,
): AsyncIterable<Uint8Array> {
  let piece: unknown[] = [];
  for await (const item of items) {
    piece.push(item);
    if (piece.length < ITEMS_PER_FRAME) continue;
    if (pacer?.isDue) await pacer.rest();
    yield frameOf(wire.encodeAnswer(method, piece));
    piece = [];
  }
  // The empty list marks the end, so that the caller detects a broken connection.
  if (piece.length > 0) yield frameOf(wire.encodeAnswer(method, piece));
  yield frameOf(wire.encodeAnswer(method, []));
}
