/** A program that a test starts by a command line, as a person does in a terminal. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";

/** Where a command line runs. */
export interface StartOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A started program and what it has printed. It ends with its test. */
export class StartedProgram {
  readonly #process: ChildProcess;
  readonly #exit: Promise<unknown[]>;
  #output = "";
  #look: () => void = () => {};

  /** Starts a command line of a shell, in a process group of its own. */
  constructor(command: string, { cwd, env = process.env }: StartOptions) {
    this.#process = spawn(command, { cwd, env, shell: true, detached: true });
    this.#exit = once(this.#process, "close");
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (text) => {
        this.#output += String(text);
        this.#look();
      });
    }
    onTestFinished(() => this.#signal("SIGKILL"));
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when the output contains each text. @throws {Error} When the program ends before. */
  async prints(...texts: readonly string[]): Promise<void> {
    await this.#sees(() => texts.every((text) => this.#output.includes(text)));
  }

  /** Resolves when a text was printed this many times. @throws {Error} When the program ends before. */
  async repeats(text: string, times: number): Promise<void> {
    await this.#sees(() => this.#output.split(text).length > times);
  }

  /** Resolves with the part of the output that a pattern finds. */
  async finds(pattern: RegExp): Promise<RegExpExecArray> {
    await this.#sees(() => pattern.test(this.#output));
    return pattern.exec(this.#output) as RegExpExecArray;
  }

  async #sees(isSeen: () => boolean): Promise<void> {
    const seen = new Promise<void>((resolveSeen) => {
      this.#look = () => {
        if (isSeen()) resolveSeen();
      };
      this.#look();
    });
    const ended = this.#exit.then(([code]) => {
      throw new Error(`ended with ${code}:\n${this.#output}`);
    });
    await Promise.race([seen, ended]);
  }

  /**
   * Sends a signal, if any, to the program and to what it has started, as Ctrl-C in a terminal does. Resolves
   * with the exit code once all of them have ended.
   */
  async ends(signal?: NodeJS.Signals): Promise<unknown> {
    if (signal !== undefined) this.#signal(signal);
    const [code] = await this.#exit;
    return code;
  }

  #signal(signal: NodeJS.Signals): void {
    const { pid } = this.#process;
    try {
      if (pid !== undefined) process.kill(-pid, signal);
    } catch {
      // All of the group have ended.
    }
  }
}
