/**
 * The process of both sides over one state. It prints lines of JSON (`ExchangeReport`), and kills itself with
 * SIGKILL in the moment when the frame of message `killAt` has left. The parent is the server: it keeps
 * frames that were not read, and hands them to the next process.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import type { Frame, SideName } from "./frame.ts";
import { printLine } from "./print_line.ts";
import { type Reading, Side } from "./side.ts";
import { openState, type StateName } from "./side_state.ts";

/** What a process is to do. */
export interface ExchangeOrder {
  readonly state: StateName;
  readonly folder: string;
  /** Numbers of the messages that each side sends. */
  readonly send: Readonly<Record<SideName, readonly number[]>>;
  /** Frames that left an earlier process and were not read. */
  readonly waiting: readonly Frame[];
  /** How many messages leave before the process is killed; absent for one that runs to the end. */
  readonly killAt?: number | undefined;
}

type ExchangeEvent =
  | { readonly event: "left"; readonly frame: Frame }
  | { readonly event: Reading; readonly author: SideName; readonly number: number }
  | { readonly event: "done" };

/** A line of the process's output. `written` counts the files or rows of this process so far. */
export type ExchangeReport = ExchangeEvent & { readonly written: number };

/** Messages that a side sends at once. */
const BURST = 8;

/** How often a message is sent that has not left. */
const MAX_TRIES = 5;

// libsignal-node logs whole sessions, including private keys. Standard output is for reports.
for (const method of ["log", "info", "warn", "error"] as const) console[method] = () => {};

class Exchange {
  readonly #order: ExchangeOrder;
  readonly #alice: Side;
  readonly #bob: Side;
  /** What was written before the conversation. */
  #before = 0;
  #left = 0;
  #readings: Promise<void>[] = [];

  private constructor(order: ExchangeOrder, alice: Side, bob: Side) {
    this.#order = order;
    this.#alice = alice;
    this.#bob = bob;
  }

  static async run(order: ExchangeOrder): Promise<void> {
    const alice = new Side("alice", await openState(order.state, order.folder, "alice"));
    const bob = new Side("bob", await openState(order.state, order.folder, "bob"));
    const exchange = new Exchange(order, alice, bob);
    if (order.killAt !== undefined) await exchange.#meet();
    else await exchange.#meetAgain();
    await exchange.#converse();
    await alice.state.close();
    await bob.state.close();
    exchange.#report({ event: "done" });
  }

  /** Sets the session up, and uses it in both directions. Nothing of it is counted. */
  async #meet(): Promise<void> {
    await this.#alice.greet(this.#bob);
    for (const [author, reader] of [
      [this.#alice, this.#bob],
      [this.#bob, this.#alice],
    ] as const) {
      const frames: Frame[] = [];
      await author.send(reader, 0, (frame) => frames.push(frame));
      for (const frame of frames) {
        await reader.receive(frame, (reading) => {
          if (reading !== "read") throw new Error("exchange: the first message is unreadable");
        });
      }
    }
    this.#before = this.#written();
  }

  /** Sets a session up where the kill has torn its file, as `assertSessions` of a socket does before it sends. */
  async #meetAgain(): Promise<void> {
    if (!(await this.#alice.knows(this.#bob))) await this.#alice.greet(this.#bob);
    if (!(await this.#bob.knows(this.#alice))) await this.#bob.greet(this.#alice);
  }

  /** Both sides send at once, in bursts, and receive while they send. */
  async #converse(): Promise<void> {
    const { send, waiting } = this.#order;
    for (const frame of waiting) this.#deliver(frame);
    for (let at = 0; at < Math.max(send.alice.length, send.bob.length); at += BURST) {
      await Promise.all([
        ...send.alice.slice(at, at + BURST).map((number) => this.#send(this.#alice, this.#bob, number)),
        ...send.bob.slice(at, at + BURST).map((number) => this.#send(this.#bob, this.#alice, number)),
      ]);
      await this.#allRead();
    }
    await this.#allRead();
  }

  async #allRead(): Promise<void> {
    await Promise.all(this.#readings);
    this.#readings = [];
  }

  /**
   * Over files a send can fail, because a message that is read at the same time lets it see no session. It is sent
   * again, as a bot would.
   */
  async #send(author: Side, reader: Side, number: number): Promise<void> {
    let hasLeft = false;
    const leave = (frame: Frame): void => {
      hasLeft = true;
      this.#report({ event: "left", frame });
      this.#left += 1;
      if (this.#left === this.#order.killAt) process.kill(process.pid, "SIGKILL");
      this.#deliver(frame);
    };
    for (let tries = 1; ; tries += 1) {
      try {
        return await author.send(reader, number, leave);
      } catch (error) {
        if (hasLeft || this.#order.state !== "files" || tries === MAX_TRIES) throw error;
        await this.#meetAgain();
      }
    }
  }

  #deliver(frame: Frame): void {
    const { author, number } = frame;
    const reader = author === "alice" ? this.#bob : this.#alice;
    this.#readings.push(reader.receive(frame, (event) => this.#report({ event, author, number })));
  }

  #written(): number {
    return this.#alice.state.written() + this.#bob.state.written();
  }

  #report(event: ExchangeEvent): void {
    const report: ExchangeReport = { ...event, written: this.#written() - this.#before };
    printLine(JSON.stringify(report));
  }
}

// The order is the first line of the input, which ends with the parent.
const lines = createInterface({ input: process.stdin });
lines.once("line", (line) => {
  Exchange.run(JSON.parse(line) as ExchangeOrder).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
      process.exit(1);
    },
  );
});
lines.once("close", () => process.exit(1));
