import { LimitError } from "../errors/mod.ts";
import type { Clock, Scheduler } from "../ports/mod.ts";
import { EventStream } from "./event_stream.ts";

/** Streams that are open at the same time. */
const MAX_STREAMS = 32;

/** Pause between two looks at what has changed, in milliseconds: at most two updates a second. */
export const TICK_MS = 500;

/** Pause between two heartbeats, in milliseconds. */
const HEARTBEAT_MS = 15_000;

/** Name of the task. */
const TASK = "console.streams";

/** Options of `EventStreams`. */
export interface EventStreamsOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Called every half second while there are streams, once at a time. It must not throw. */
  readonly onTick?: (() => Promise<void>) | undefined;
}

/** What a stream is opened with. */
export interface OpenedFor {
  /** Whether its reader may still read. Asked with every heartbeat, and after a token was revoked. */
  readonly isAllowed: () => Promise<boolean>;
  readonly onEnd?: (() => void) | undefined;
}

interface Member extends OpenedFor {
  readonly stream: EventStream;
  beatAtMs: number;
}

/** The streams of a console: their number, heartbeats, slow readers, and readers that may read no longer. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #members = new Set<Member>();
  readonly #unregister: () => void;
  #isStopped = false;
  #isUpdating = false;

  constructor(options: EventStreamsOptions) {
    this.#options = options;
    this.#unregister = options.scheduler.register(TASK, () => this.#tick());
  }

  /** Number of open streams. */
  get size(): number {
    return this.#members.size;
  }

  /** Opens a stream. @throws {LimitError} When too many are open, or the service ends. */
  open({ isAllowed, onEnd }: OpenedFor): EventStream {
    if (this.#isStopped) throw new LimitError("open stream: the service ends");
    if (this.#members.size >= MAX_STREAMS)
      throw new LimitError(`open stream: ${MAX_STREAMS} streams are open, close a page of the console`);
    const { clock } = this.#options;
    const stream = new EventStream({
      clock,
      onEnd: () => {
        this.#members.delete(member);
        onEnd?.();
      },
    });
    const member: Member = { stream, isAllowed, beatAtMs: clock.nowMs() + HEARTBEAT_MS };
    this.#members.add(member);
    if (this.#members.size === 1) this.#scheduleTick();
    // The headers of the answer leave with its first bytes.
    stream.beat();
    return stream;
  }

  /** Ends the streams whose reader may read no longer. */
  async recheck(): Promise<void> {
    await Promise.all([...this.#members].map((member) => this.#check(member)));
  }

  /** Ends every stream, and opens no other. */
  stop(): void {
    this.#isStopped = true;
    this.#unregister();
    for (const { stream } of this.#members) stream.end();
  }

  async #tick(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    // Not awaited: a database that does not answer must not hold the heartbeats.
    void this.#update();
    for (const member of this.#members) {
      member.stream.cutIfStalled();
      if (member.beatAtMs > nowMs) continue;
      member.beatAtMs = nowMs + HEARTBEAT_MS;
      member.stream.beat();
      void this.#check(member);
    }
    if (this.#members.size > 0) this.#scheduleTick();
  }

  async #update(): Promise<void> {
    if (this.#isUpdating) return;
    this.#isUpdating = true;
    try {
      await this.#options.onTick?.();
    } finally {
      this.#isUpdating = false;
    }
  }

  #scheduleTick(): void {
    if (!this.#isStopped) this.#options.scheduler.schedule(TASK, this.#options.clock.nowMs() + TICK_MS);
  }

  async #check({ isAllowed, stream }: Member): Promise<void> {
    // A database that cannot be asked says nothing about the token.
    if (!(await isAllowed().catch(() => true))) stream.end();
  }
}
