import { describe, expect, test } from "vitest";
import { DOSED_TIMEOUT_MS, dose } from "../../test/support/dose.ts";
import { LogModel } from "../../test/support/message_log/log_model.ts";
import { type Account, openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import type { Backend, Write } from "../backend/mod.ts";
import { AmbiguousError, BusyError, ClosedError } from "../errors/mod.ts";
import { FakeClock, fakeHost, ManualScheduler, SeededRandom } from "../testing/mod.ts";
import { type LogKind, type MessageLog, messageLog } from "./mod.ts";

/** Runs of `STEPS` steps. */
const SEEDS = dose({ short: 15, long: 1_000 });
const STEPS = 150;

const KIND: LogKind = "message";
/** So few that most ids repeat, and so many that hardly one is in more than the 8 segments of a look-up. */
const IDS = Array.from({ length: 50 }, (_, index) => `I${index}`);
const CHATS = ["1@lid", "2@lid", "3@lid"] as const;
const PAYLOAD_BYTES = [10, 10, 10, 20_000, 70_000] as const;
const LIFETIMES_S = [3_000, 12_000, 86_400] as const;
/** Within a flush, a flush, two of them, a pause, an hour. */
const WAITS_MS = [100, 1_000, 4_500, 9_000, 20_000, 3_700_000] as const;

/** Default time until an entry is durable, and the longest pause of the engine after a failure. */
const WITHIN_MS = 4_500;
const MAX_RETRY_MS = 30_000;

/** How often a step is chosen, of 100. */
const WEIGHTS = {
  add: 40,
  wait: 16,
  makeDurable: 5,
  flush: 4,
  forget: 5,
  expire: 3,
  look: 20,
  misbehave: 3,
  close: 2,
  kill: 2,
} as const;
type Step = keyof typeof WEIGHTS;
const CHOICES = (Object.keys(WEIGHTS) as Step[]).flatMap((step) => Array<Step>(WEIGHTS[step]).fill(step));

/** One database that is slow and fails at times, and the process that has the account open. */
class World {
  readonly clock = new FakeClock();
  readonly #database = new MemoryDatabase();
  readonly #random: SeededRandom;
  #session = 0;
  /** Whether a third of the calls fails. */
  isFailing = false;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  readonly count = { failures: 0, lostAnswers: 0, removals: 0 };
  scheduler = new ManualScheduler(this.clock);
  account!: Account;
  log!: MessageLog;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get nowS(): number {
    return Math.floor(this.clock.nowMs() / 1_000);
  }

  /** Starts a process. One that ran before gets no answers any more, and its timers never fire. */
  async open(): Promise<void> {
    this.#session += 1;
    this.isFailing = false;
    this.#failedAtMs = Number.NEGATIVE_INFINITY;
    this.scheduler = new ManualScheduler(this.clock);
    const { clock, scheduler } = this;
    const host = { ...fakeHost(), clock, scheduler, random: new SeededRandom(this.#session) };
    const backend = this.#unreliable(memoryBackend({ database: this.#database, clock }));
    this.account = await openAccount({ backend, host, housekeeping: false });
    this.log = await messageLog(this.account);
  }

  /** Whether the timers alone have made durable what was added at this time. */
  isSaved(addedAtMs: number): boolean {
    const sinceMs = Math.max(addedAtMs, this.#failedAtMs + MAX_RETRY_MS);
    return this.clock.nowMs() >= sinceMs + WITHIN_MS;
  }

  /** Lets everything go on that needs no further turn of the event loop. */
  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  #unreliable(backend: Backend): Backend {
    const session = this.#session;
    return new Proxy(backend, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const call = (...args: unknown[]): unknown => value.apply(target, args);
        const isCommit = name === "commit";
        if (!isCommit && !String(name).includes("MessageSegment")) return call;
        return async (...args: unknown[]) => {
          await this.#wait(session);
          const isFailing = this.isFailing && this.#random.oneIn(3);
          if (isFailing) this.#fail(isCommit);
          if (isFailing && !(isCommit && this.#random.oneIn(2))) throw new BusyError("busy");
          const answer = await call(...args);
          if (isCommit && (args[0] as readonly Write[]).some(isRemoval)) this.count.removals += 1;
          await this.#wait(session);
          if (!isFailing) return answer;
          this.count.lostAnswers += 1;
          throw new AmbiguousError("answer lost");
        };
      },
    });
  }

  #fail(isCommit: boolean): void {
    this.count.failures += 1;
    if (isCommit) this.#failedAtMs = this.clock.nowMs();
  }

  /** Waits, now and then for so long that segments come and go, and without end in a process that has ended. */
  async #wait(session: number): Promise<void> {
    if (this.#random.oneIn(2)) await this.turns(this.#random.below(this.#random.oneIn(6) ? 40 : 4));
    if (session !== this.#session) await new Promise<never>(() => {});
  }
}

function isRemoval({ kind }: Write): boolean {
  return kind === "messageSegment.delete";
}

/**
 * Random calls of one log over an unreliable database, many of them at the same time. Each look-up finds what
 * the model says, once and in order.
 *
 * It does not cover `maxBytes`, `onExpire` and damaged rows.
 */
class RandomRun {
  readonly #random: SeededRandom;
  readonly #model = new LogModel();
  readonly world: World;
  /** Calls that have not ended. */
  readonly #calls = new Set<Promise<void>>();
  readonly history: string[] = [];
  /** The first unexpected error or wrong answer. */
  #broken: unknown;
  readonly count = { looks: 0, forgotten: 0, closed: 0, killed: 0 };

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.world = new World(this.#random);
  }

  async run(steps: number): Promise<void> {
    await this.world.open();
    for (let step = 0; step < steps; step += 1) {
      const name = this.#random.pick(CHOICES);
      await this.#steps[name]();
      if (this.#broken !== undefined) throw this.#broken;
    }
    this.world.isFailing = false;
    for (const end of [() => Promise.all(this.#calls), this.#steps.close]) {
      await end();
      await this.#lookAt(IDS);
      await Promise.all(this.#calls);
      if (this.#broken !== undefined) throw this.#broken;
    }
    await this.world.account.close();
  }

  readonly #steps: { readonly [Name in Step]: () => Promise<void> | void } = {
    add: () => {
      for (let count = this.#random.pick([1, 1, 3, 5]); count > 0; count -= 1) this.#add();
    },
    wait: async () => {
      const ms = this.#random.pick(WAITS_MS);
      this.#note(`wait ${ms}`);
      await this.world.scheduler.advance(ms);
    },
    makeDurable: () => this.#save("makeDurable", () => this.world.log.makeDurable(KIND)),
    flush: () => this.#save("flush", () => this.world.account.flush()),
    forget: () => {
      const chat = this.#random.pick(CHATS);
      const end = this.#model.forget(chat);
      const onEnd = (isForgotten: boolean): void => {
        this.#note(`${isForgotten ? "forgot" : "did not forget"} ${chat}`);
        if (isForgotten) this.count.forgotten += 1;
        end(isForgotten);
      };
      return this.#call(`forget ${chat}`, () => this.world.log.forgetChat(KIND, chat), onEnd);
    },
    expire: () => this.#call("expire", () => this.world.log.expire()),
    look: () => {
      const ids = Array.from({ length: 4 }, () => this.#random.pick(IDS));
      return this.#lookAt([...ids, ...this.#model.lastIds(4)]);
    },
    misbehave: () => {
      this.world.isFailing = this.#random.oneIn(2);
      this.#note(this.world.isFailing ? "the database fails at times" : "the database works");
    },
    close: async () => {
      this.#note("close");
      this.world.isFailing = false;
      await this.world.account.close();
      this.count.closed += 1;
      await this.#reopen(() => true);
    },
    kill: async () => {
      this.#note("kill");
      this.count.killed += 1;
      await this.#reopen((addedAtMs) => this.world.isSaved(addedAtMs));
    },
  };

  #add(): void {
    const { world } = this;
    const id = this.#random.pick(IDS);
    const chat = this.#random.pick(CHATS);
    const payload = new Uint8Array(this.#random.pick(PAYLOAD_BYTES));
    const expiresAt = world.nowS + this.#random.pick(LIFETIMES_S);
    const { number } = this.#model.add({ id, chat, addedAtMs: world.clock.nowMs(), expiresAt });
    this.#note(`add ${number}: ${id} of ${chat}, ${payload.length} B, until ${expiresAt}`);
    world.log.add(KIND, { chat, sender: `${number}`, id, payload, expiresAt });
  }

  async #save(name: string, save: () => Promise<unknown>): Promise<void> {
    const onSaved = this.#model.save();
    await this.#call(name, save, (isDone) => isDone && onSaved());
  }

  async #lookAt(ids: readonly string[]): Promise<void> {
    const { log } = this.world;
    const look = async (id: string): Promise<void> => {
      const check = this.#model.look(id);
      const found = await log.find(KIND, id);
      this.count.looks += 1;
      this.#broken ??= check(found, this.world.nowS);
    };
    await this.#call("look", () => Promise.all(ids.map(look)));
  }

  /** Starts a call, and waits for it at times. */
  async #call(name: string, call: () => Promise<unknown>, onEnd?: (isDone: boolean) => void): Promise<void> {
    const running = call()
      .then(
        () => onEnd?.(true),
        (error: unknown) => {
          onEnd?.(false);
          const isExpected = [BusyError, AmbiguousError, ClosedError].some((one) => error instanceof one);
          if (!isExpected) this.#broken ??= error;
        },
      )
      .finally(() => this.#calls.delete(running));
    this.#calls.add(running);
    const isAwaited = this.#random.oneIn(2);
    this.#note(isAwaited ? name : `${name}, not awaited`);
    if (isAwaited) await running;
  }

  async #reopen(isSaved: (addedAtMs: number) => boolean): Promise<void> {
    this.#model.end(isSaved);
    this.#calls.clear();
    await this.world.open();
  }

  #note(what: string): void {
    this.history.push(what);
  }
}

async function runSeed(seed: number): Promise<RandomRun> {
  const run = new RandomRun(seed);
  try {
    await run.run(STEPS);
    return run;
  } catch (error) {
    const last = run.history.slice(-30).join("\n  ");
    throw new Error(`seed ${seed}: ${error}, after\n  ${last}`, { cause: error });
  }
}

describe("MessageLog under random calls and failures", () => {
  test(
    `finds what it must, once and in order, in ${SEEDS} runs of ${STEPS} steps`,
    async () => {
      const total = {
        looks: 0,
        forgotten: 0,
        closed: 0,
        killed: 0,
        failures: 0,
        lostAnswers: 0,
        removals: 0,
      };
      for (let seed = 1; seed <= SEEDS; seed += 1) {
        const { count, world } = await runSeed(seed);
        const all = { ...count, ...world.count };
        for (const what of Object.keys(total) as (keyof typeof total)[]) total[what] += all[what];
      }
      // The runs must exercise everything.
      expect(total.looks).toBeGreaterThan(SEEDS * 100);
      expect(total.forgotten).toBeGreaterThan(SEEDS * 2);
      expect(total.closed).toBeGreaterThan(SEEDS);
      expect(total.killed).toBeGreaterThan(SEEDS);
      expect(total.failures).toBeGreaterThan(SEEDS);
      expect(total.lostAnswers).toBeGreaterThan(SEEDS / 4);
      expect(total.removals).toBeGreaterThan(SEEDS);
    },
    DOSED_TIMEOUT_MS,
  );
});
