import { requireObject } from "../errors/mod.ts";
import type { Clock } from "./clock.ts";
import type { Host } from "./host.ts";
import type { Logger } from "./logger.ts";
import { NamedTasks } from "./named_tasks.ts";
import { Notifier } from "./notifier.ts";
import type { Pacer } from "./pacer.ts";
import { QueueScheduler } from "./queue_scheduler.ts";
import type { Random } from "./random.ts";
import type { ScheduledTask, Scheduler } from "./scheduler.ts";
import { AWAITED_MS, TimerQueue } from "./timer_queue.ts";
import { warningLogger } from "./warning_logger.ts";
import { isWorkerd } from "./workerd.ts";

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

/** AES-256-GCM under one key, by the Web Cryptography API. Tags have 16 bytes and stand behind the ciphertext. */
export interface AesGcm {
  /** @param nonce 12 bytes. No two values may have the same one. */
  seal(nonce: Uint8Array, value: Uint8Array, associated: Uint8Array): Promise<Uint8Array>;
  /** `undefined` when the value was changed, or sealed under another key, nonce or associated data. */
  open(nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Promise<Uint8Array | undefined>;
}

/** @param key 32 bytes. */
export async function aesGcm(key: Uint8Array): Promise<AesGcm> {
  const { subtle } = crypto;
  const imported = await subtle.importKey("raw", owned(key), "AES-GCM", false, ["encrypt", "decrypt"]);
  const parameters = (nonce: Uint8Array, associated: Uint8Array) =>
    ({ name: "AES-GCM", iv: owned(nonce), additionalData: owned(associated) }) as const;
  return {
    seal: async (nonce, value, associated) =>
      new Uint8Array(await subtle.encrypt(parameters(nonce, associated), imported, owned(value))),
    open: async (nonce, sealed, associated) => {
      try {
        return new Uint8Array(await subtle.decrypt(parameters(nonce, associated), imported, owned(sealed)));
      } catch {
        // The platform says nothing about the reason.
        return undefined;
      }
    },
  };
}

/** The type that Web Cryptography takes. Nothing here shares memory. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

/** Resolves when what is ready in the present turn of the event loop has run. */
export function endOfTurn(): Promise<void> {
  // Timers wait at least a millisecond. Immediates do not, where a host has them.
  const { setImmediate = setTimeout } = globalThis as { setImmediate?: (run: () => void) => unknown };
  return new Promise((resolve) => void setImmediate(resolve));
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
        this.#line = this.#line.then(endOfTurn);
        await this.#line;
        startedAtMs = Date.now();
      },
    };
  }
}

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
export class TimerScheduler extends NamedTasks<TimerEntry> {
  readonly #clock: Clock;

  constructor(clock: Clock = systemClock) {
    super();
    this.#clock = clock;
  }

  protected override taskOf(task: ScheduledTask): TimerEntry {
    return { task, timer: undefined, running: false, dueAtMs: undefined };
  }

  protected override plan(entry: TimerEntry, dueAtMs: number | undefined): void {
    entry.dueAtMs = dueAtMs;
    if (!entry.running) this.#arm(entry);
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

/** All due times of the process's accounts. */
const processTimers: TimerQueue = /* @__PURE__ */ new TimerQueue(systemClock, (run, delayMs, isAwaited) => {
  const timer = setTimeout(run, Math.min(Math.max(0, delayMs), MAX_TIMEOUT_MS));
  if (!isAwaited) (timer as { unref?: () => void }).unref?.();
  return () => clearTimeout(timer);
});

/**
 * As `TimerScheduler`, over the host's clock and one timer of the host for all of them, however many accounts
 * a process opens. Not for Workers: there a timer belongs to one request.
 */
export function processScheduler(): Scheduler {
  return new QueueScheduler(processTimers);
}

/** The scheduler of an account whose host has none. */
export function defaultScheduler(clock: Clock): Scheduler {
  return clock === systemClock && !isWorkerd() ? processScheduler() : new TimerScheduler(clock);
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
