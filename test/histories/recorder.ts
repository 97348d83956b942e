import type { Backend, CommitOptions, OwnerGuard, OwnerState, Write } from "../../src/backend/mod.ts";
import { AmbiguousError, FencedError } from "../../src/errors/mod.ts";
import { type AccountOp, type CommitOutcome, type KeyWrite, type Owner, SERVICE } from "./account_model.ts";
import type { Operation } from "./check_history.ts";

/** The key of the one field of the device that commands and commits of devices set. */
export const PLATFORM = "platform";

/** Records what clients ask, and what they are answered, in the order in which it happens. */
export class Recorder {
  readonly history: Operation<AccountOp>[] = [];
  readonly #ownTokens = new Set<string>();
  #moments = 0;

  /**
   * Records an operation. What fails without an outcome was not carried out, and is left out.
   *
   * @param opOf What was done, by the answer; `undefined` for nothing.
   */
  async record<Answer>(
    client: string,
    send: () => Promise<Answer>,
    opOf: (answer: Answer | Error) => AccountOp | undefined,
  ): Promise<Answer> {
    this.#moments += 1;
    const calledAt = this.#moments;
    let answer: Answer | Error;
    try {
      answer = await send();
    } catch (error) {
      answer = error as Error;
    }
    this.#moments += 1;
    const op = opOf(answer);
    const answeredAt = op === undefined || isUnknown(op) ? undefined : this.#moments;
    if (op !== undefined) this.history.push({ client, op, calledAt, answeredAt });
    if (answer instanceof Error) throw answer;
    return answer;
  }

  /** Whether a client has drawn an owner's token. */
  isOwn(token: string): boolean {
    return this.#ownTokens.has(token);
  }

  /** The backend of a client. Its commits, `readOwner`, `load` and reads of sessions are recorded. */
  around(client: string, backend: Backend): RecordedBackend {
    return {
      capabilities: backend.capabilities,
      close: () => backend.close(),
      readOwner: () =>
        this.record(
          client,
          () => backend.readOwner(),
          (answer) =>
            answer instanceof Error ? undefined : { kind: "owner", answer: this.#ownerOf(answer) },
        ),
      load: () =>
        this.record(
          client,
          () => backend.load(),
          (answer) =>
            answer instanceof Error
              ? undefined
              : { kind: "read", keys: [PLATFORM], values: [numberOf(answer?.platform)] },
        ),
      read: (keys) =>
        this.record(
          client,
          () => backend.loadSessionRows(keys),
          (rows) =>
            rows instanceof Error
              ? undefined
              : { kind: "read", keys, values: rows.map((row) => row && recordedValue(row.record)) },
        ),
      commit: (writes, options) => this.#commit(client, backend, writes, options),
    };
  }

  #commit(
    client: string,
    backend: Backend,
    ...[writes, options]: [writes: readonly Write[], options: CommitOptions | undefined]
  ): Promise<number[]> {
    const guard = options?.guard && this.#guardOf(options.guard);
    return this.record(
      client,
      () => backend.commit(writes, options),
      (answer) => {
        const outcome = outcomeOf(answer, writes);
        return outcome && { kind: "commit", writes: writes.map(keyWriteOf), guard, outcome };
      },
    );
  }

  #guardOf({ owner, minEpoch, maxEpoch, next }: OwnerGuard): OwnerGuard {
    // A commit that takes the ownership has drawn its token. One that is sent again keeps what it has seen.
    if (next !== undefined && next.owner !== owner) this.#ownTokens.add(next.owner);
    return {
      owner: owner === undefined ? undefined : this.#nameOf(owner),
      ...{ minEpoch, maxEpoch },
      next: next && this.#ownerOf(next),
    };
  }

  #ownerOf(stored: OwnerState | undefined): Owner | undefined {
    return stored && { owner: this.#nameOf(stored.owner), epoch: stored.epoch };
  }

  /** A token that no client has sent is one of the service. */
  #nameOf(token: string): string {
    return this.#ownTokens.has(token) ? token : SERVICE;
  }
}

/** What clients use of a backend. */
export interface RecordedBackend
  extends Pick<Backend, "capabilities" | "close" | "commit" | "load" | "readOwner"> {
  /** Reads several sessions at once. */
  read(keys: readonly string[]): Promise<unknown>;
}

/** The write of a value of a session, or of its removal. */
export function sessionWrite(address: string, value: number | undefined): Write {
  if (value === undefined) return { kind: "session.delete", address };
  return { kind: "session.put", address, record: new TextEncoder().encode(String(value)) };
}

function isUnknown(op: AccountOp): boolean {
  return op.kind === "command"
    ? op.outcome === "unknown"
    : op.kind === "commit" && op.outcome.kind === "unknown";
}

function outcomeOf(answer: readonly number[] | Error, writes: readonly Write[]): CommitOutcome | undefined {
  if (answer instanceof AmbiguousError) return { kind: "unknown" };
  if (answer instanceof FencedError) return { kind: "fenced" };
  if (answer instanceof Error) return undefined;
  const isCounted = (index: number): boolean => writes[index]?.kind !== "device.save";
  return { kind: "done", rows: answer.map((rows, index) => (isCounted(index) ? rows : undefined)) };
}

function keyWriteOf(write: Write): KeyWrite {
  switch (write.kind) {
    case "session.put":
      return { key: write.address, value: recordedValue(write.record) };
    case "session.delete":
      return { key: write.address, value: undefined };
    case "device.save":
      return { key: PLATFORM, value: numberOf(write.device.platform) };
    default:
      throw new Error(`record: no model of ${write.kind}`);
  }
}

function recordedValue(record: Uint8Array): number {
  return Number(new TextDecoder().decode(record));
}

/** The value that a text has; `undefined` for what a new device has. */
export function numberOf(text: string | undefined): number | undefined {
  return /^\d+$/.test(text ?? "") ? Number(text) : undefined;
}
