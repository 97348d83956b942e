import { requireObject } from "../errors/mod.ts";
import type { Clock } from "./clock.ts";
import type { Host } from "./host.ts";
import type { Logger } from "./logger.ts";
import { Notifier } from "./notifier.ts";
import type { Pacer } from "./pacer.ts";
import type { Random } from "./random.ts";
import type { ScheduledTask, Scheduler } from "./scheduler.ts";
import { warningLogger } from "./warning_logger.ts";

/** `getRandomValues` fills at most this many bytes per call (Web Cryptography API, QuotaExceededError). */
const MAX_RANDOM_BYTES_PER_CALL = 65_536;

/** `setTimeout` counts in a signed 32-bit number of milliseconds; longer waits take several timers. */
const MAX_TIMEOUT_MS = 2_147_483_647;

/** The host's wall clock. */
export const systemClock: Clock = {
  nowMs(): number {
    return Date.now();
  },
};

/** The host's cryptographically strong randomness. */
export const systemRandom: Random = {
  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let offset = 0; offset < count; offset += MAX_RANDOM_BYTES_PER_CALL) {
      crypto.getRandomValues(bytes.subarray(offset, offset + MAX_RANDOM_BYTES_PER_CALL));
    }
    return bytes;
  },
};

/** Hashes `bytes` with the Web Cryptography API. Returns 32 or 64 bytes, owned by the caller. */
export async function digest(algorithm: "SHA-256" | "SHA-512", bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(algorithm, bytes as Uint8Array<ArrayBuffer>));
}

/** How long one piece of work may hold the event loop, in milliseconds. */
const TURN_MS = 10;

/**
 * Lets the long works of a process take turns of 10 ms. Not for Workers: there a timer belongs to one
 * request, and no other request may wait for it.
 */
export class Turns {
  /** Works that rest at the same time go on one after the other, each in a turn of its own. */
  #line: Promise<void> = Promise.resolve();

  /** Starts the pacer of one work. */
  start(): Pacer {
    let startedAtMs = Date.now();
    return {
      get isDue(): boolean {
        return Date.now() - startedAtMs >= TURN_MS;
      },
      rest: async () => {
        // Timers wait at least a millisecond. Immediates do not, where a host has them.
        const { setImmediate = setTimeout } = globalThis as { setImmediate?: (run: () => void) => unknown };
        this.#line = this.#line.then(() => new Promise<void>((resolve) => void setImmediate(resolve)));
        await this.#line;
        startedAtMs = Date.now();
      },
    };
  }
}

/** Due times within this time keep the process alive. By default no saver waits longer. */
const AWAITED_MS = 60_000;

interface TimerEntry {
  readonly task: ScheduledTask;
  timer: ReturnType<typeof setTimeout> | undefined;
  running: boolean;
  dueAtMs: number | undefined;
}

/**
 * A `Scheduler` over the host's timers. Due times live in memory only. A due time within a minute keeps the
 * process alive, so that dirty state is saved; a later one does not. The rejection of a task is ignored:
 * tasks report their own errors.
 */
export class TimerScheduler implements Scheduler {
  readonly #clock: Clock;
  readonly #tasks = new Map<string, TimerEntry>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  register(name: string, task: ScheduledTask): () => void {
    if (this.#tasks.has(name)) throw new TypeError(`register task: name ${JSON.stringify(name)} is taken`);
    const entry: TimerEntry = { task, timer: undefined, running: false, dueAtMs: undefined };
    this.#tasks.set(name, entry);
    return () => {
      if (this.#tasks.get(name) !== entry) return;
      this.cancel(name);
      this.#tasks.delete(name);
    };
  }

  schedule(name: string, dueAtMs: number): void {
    const entry = this.#tasks.get(name);
    if (entry === undefined)
      throw new TypeError(`schedule task: name ${JSON.stringify(name)} is not registered`);
    entry.dueAtMs = dueAtMs;
    if (!entry.running) this.#arm(entry);
  }

  cancel(name: string): void {
    const entry = this.#tasks.get(name);
    if (entry === undefined) return;
    entry.dueAtMs = undefined;
    clearTimeout(entry.timer);
  }

  #arm(entry: TimerEntry): void {
    clearTimeout(entry.timer);
    if (entry.dueAtMs === undefined) return;
    const delayMs = Math.min(Math.max(0, entry.dueAtMs - this.#clock.nowMs()), MAX_TIMEOUT_MS);
    entry.timer = setTimeout(() => {
      if (entry.dueAtMs !== undefined && entry.dueAtMs > this.#clock.nowMs()) this.#arm(entry);
      else void this.#run(entry);
    }, delayMs);
    if (delayMs > AWAITED_MS) (entry.timer as { unref?: () => void }).unref?.();
  }

  async #run(entry: TimerEntry): Promise<void> {
    entry.dueAtMs = undefined;
    entry.running = true;
    try {
      await entry.task();
    } catch {
      // Tasks report their own errors: see the contract of `Scheduler`.
    } finally {
      entry.running = false;
      this.#arm(entry);
    }
  }
}

/** A logger that prints warnings and errors on the console. See `warningLogger`. */
export function consoleWarnings(clock: Clock = systemClock): Logger {
  return warningLogger(clock, (line) => console.warn(line));
}

/**
 * The web-standard defaults: wall clock, timers, `crypto.getRandomValues`, and a logger that prints warnings
 * and errors on the console, at most one line a minute for each message and code.
 */
export function systemHost(overrides: Partial<Host> = {}): Host {
  requireObject("host", overrides);
  const clock = overrides.clock ?? systemClock;
  return {
    clock,
    scheduler: overrides.scheduler ?? new TimerScheduler(clock),
    random: overrides.random ?? systemRandom,
    logger: overrides.logger ?? consoleWarnings(clock),
    createNotifier: overrides.createNotifier ?? ((): Notifier => new Notifier()),
  };
}
