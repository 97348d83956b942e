import { encodeUtf8 } from "../bytes/mod.ts";
import type { Clock } from "../ports/mod.ts";

/** Bytes that wait for the reader of one stream. Beyond them it is cut. */
const MAX_WAITING_BYTES: number = 256 * 1_024;

/** Bytes that may wait while there is room for more. */
const ROOM_BYTES: number = 64 * 1_024;

/** How long events may wait for the reader, in milliseconds. */
const READER_STALL_MS = 30_000;

/** The media type of server-sent events. */
export const EVENTS_TYPE = "text/event-stream; charset=utf-8";

/** A line that is no event: it keeps the connection, and shows that the reader is there. */
const HEARTBEAT = ": \n\n";

/** Options of an `EventStream`. */
export interface EventStreamOptions {
  readonly clock: Clock;
  /** Called once, when the stream has ended, was cut, or its reader has left. */
  readonly onEnd: () => void;
}

/**
 * A stream of server-sent events. It holds a bounded number of bytes for its reader, for a bounded time: a
 * reader that is slower is cut, and asks anew.
 */
export class EventStream {
  /** The body of the answer. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** When the first of the events that wait began to. */
  #waitingSinceMs = 0;
  #events = 0;
  #isOver = false;
  #cut: (error: Error) => void = () => {};
  #wake: () => void = () => {};
  /** Called when bytes were taken, or the stream is over. */
  #freed: () => void = () => {};

  constructor({ clock, onEnd }: EventStreamOptions) {
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#cut = (error) => controller.error(error);
      },
      pull: async (controller) => {
        await this.#arrival();
        if (this.#waiting.length === 0) {
          if (this.#isOver) controller.close();
          return;
        }
        for (const bytes of this.#take()) controller.enqueue(bytes);
      },
      cancel: async () => this.#finish(),
    });
  }

  /** Whether it has ended, was cut, or its reader has left. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends an event. Its id is its number in this stream. */
  send(event: string, data: unknown): void {
    this.#events += 1;
    // JSON has no line breaks outside of its texts, where they are escaped.
    this.#push(`id: ${this.#events}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Resolves when little waits for the reader, or the stream is over. For one sender at a time. */
  async room(): Promise<void> {
    while (this.#waitingBytes > ROOM_BYTES && !this.#isOver)
      await new Promise<void>((resolve) => {
        this.#freed = resolve;
      });
  }

  /** Sends a line that is no event. */
  beat(): void {
    this.#push(HEARTBEAT);
  }

  /** Cuts a reader that has not read for too long. */
  cutIfStalled(): void {
    const isStalled =
      this.#waiting.length > 0 && this.#clock.nowMs() - this.#waitingSinceMs >= READER_STALL_MS;
    if (isStalled) this.cut(new Error("read events: the reader is too slow"));
  }

  /** Ends it after what waits. */
  end(): void {
    this.#finish();
  }

  /** Ends it at once, with an error for its reader. */
  cut(reason: Error): void {
    if (this.#isOver) return;
    this.#take();
    this.#cut(reason);
    this.#finish();
  }

  #push(text: string): void {
    if (this.#isOver) return;
    const bytes = encodeUtf8(text);
    if (this.#waiting.length === 0) this.#waitingSinceMs = this.#clock.nowMs();
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.cut(new Error("read events: the reader is too slow"));
    this.#wake();
  }

  #take(): Uint8Array[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#freed();
    return taken;
  }

  async #arrival(): Promise<void> {
    while (this.#waiting.length === 0 && !this.#isOver)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wake();
    this.#freed();
    this.#onEnd();
  }
}
