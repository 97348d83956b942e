import type { Clock, Scheduler } from "../ports/mod.ts";
import type { CallAnswer } from "../protocol/mod.ts";

/** An answer that is produced while it is read. */
export type StreamedAnswer = Exclude<CallAnswer, Uint8Array>;

/** How long the reader of a streamed answer may take for one piece, in milliseconds. */
const READER_STALL_MS = 30_000;

/** Options of `openStream`. */
export interface AnswerStreamOptions {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Name of its task on the scheduler. */
  readonly name: string;
  /** Called once, when the answer has ended, failed, or was cut, and nothing of it runs any more. */
  readonly onEnd: () => void;
}

/** A streamed answer that its host can end before its reader does. */
export interface AnswerStream {
  readonly answer: StreamedAnswer;
  /** Ends the answer: its reader gets the error, also while it does not read. */
  cut(reason: Error): void;
}

/**
 * Makes a streamed answer one that can be cut. It is cut by itself when its reader takes more than 30 seconds
 * for one piece: an answer without a reader would keep its account in use.
 */
export function openStream(source: StreamedAnswer, options: AnswerStreamOptions): AnswerStream {
  const { clock, scheduler, name, onEnd } = options;
  const iterator = source[Symbol.asyncIterator]();
  let [isOver, isRunning] = [false, false];
  let reason: Error | undefined;
  let tell: (error: Error) => void = () => {};
  const cutting = new Promise<Error>((resolve) => {
    tell = resolve;
  });
  const unregister = scheduler.register(name, async () =>
    cut(new Error("read answer: the reader has stalled")),
  );
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    unregister();
    onEnd();
  };
  const cut = (error: Error): void => {
    if (isOver || reason !== undefined) return;
    reason = error;
    tell(error);
    if (!isRunning) void stop().catch(() => {});
  };
  const stop = async (): Promise<void> => {
    try {
      await iterator.return?.();
    } finally {
      end();
    }
  };
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    if (reason !== undefined) throw reason;
    scheduler.cancel(name);
    isRunning = true;
    try {
      const result = await iterator.next();
      if (reason !== undefined) throw reason;
      if (result.done) end();
      else scheduler.schedule(name, clock.nowMs() + READER_STALL_MS);
      return result;
    } catch (error) {
      await stop().catch(() => {});
      throw error;
    } finally {
      isRunning = false;
    }
  };
  const answer: StreamedAnswer = {
    cut: cutting,
    [Symbol.asyncIterator]: (): AsyncIterator<Uint8Array> => ({
      next,
      return: async () => {
        await stop();
        return { done: true, value: undefined };
      },
    }),
  };
  return { answer, cut };
}
