import { type Signal, signal } from "@preact/signals";
import type { VerifyEvents } from "../../src/console/model.ts";
import { type Failure, failureOf, isAborted } from "../api/failure.ts";
import type { Source } from "../api/source.ts";
import { Throttle } from "./throttle.ts";

/** The most findings that are kept. More of the same say nothing new. */
const MAX_FINDINGS = 500;

const DRAW_MS = 100;

/** How far a verification is. */
export interface VerifyState {
  readonly phase: "idle" | "running" | "stopped" | "done" | "failed";
  /** Rows so far of each table, the running one last. */
  readonly tables: ReadonlyMap<string, number>;
  readonly findings: readonly VerifyEvents["finding"][];
  /** Findings so far, those that are not kept included. */
  readonly found: number;
  readonly failure?: Failure | undefined;
}

const IDLE: VerifyState = { phase: "idle", tables: new Map(), findings: [], found: 0 };

/** Verifies one account, and shows how far it is. */
export class VerifyRun {
  readonly state: Signal<VerifyState> = signal<VerifyState>(IDLE);
  readonly #source: Source;
  readonly #name: string;
  #running: AbortController | undefined;
  #next: VerifyState = IDLE;
  readonly #draw = new Throttle(() => {
    this.state.value = this.#next;
  }, DRAW_MS);

  constructor(source: Source, name: string) {
    this.#source = source;
    this.#name = name;
  }

  async start(): Promise<void> {
    this.stop();
    const running = new AbortController();
    this.#running = running;
    this.#set({ ...IDLE, phase: "running" });
    try {
      await this.#source.verify(
        this.#name,
        {
          onProgress: ({ table, rows }) =>
            this.#set({ ...this.#next, tables: new Map([...this.#next.tables, [table, rows]]) }),
          onFinding: (finding) =>
            this.#set({
              ...this.#next,
              findings:
                this.#next.findings.length < MAX_FINDINGS
                  ? [...this.#next.findings, finding]
                  : this.#next.findings,
              found: this.#next.found + 1,
            }),
          onDone: ({ findings }) => this.#set({ ...this.#next, phase: "done", found: findings }),
        },
        running.signal,
      );
    } catch (error) {
      if (running.signal.aborted || isAborted(error)) return;
      this.#set({ ...this.#next, phase: "failed", failure: failureOf(error) });
    }
  }

  /** Gives it up; what was found stays. */
  stop(): void {
    if (this.#running === undefined || this.#next.phase !== "running") return;
    this.#running.abort();
    this.#set({ ...this.#next, phase: "stopped" });
  }

  #set(next: VerifyState): void {
    this.#next = next;
    this.#draw.call();
  }
}
