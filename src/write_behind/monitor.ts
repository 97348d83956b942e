import { FencedError } from "../errors/mod.ts";
import type { Host } from "../ports/mod.ts";
import { backOffMs } from "./back_off.ts";
import { EventHub, logError, summarizeError, type WriteBehindEvent } from "./events.ts";
import type { RoundResult } from "./flush_round.ts";
import { HealthRecord } from "./health.ts";
import type { WriteBehindPolicy } from "./options.ts";

/** Updates health, events and the log after each round. */
export class Monitor {
  readonly health: HealthRecord;
  readonly events: EventHub;
  readonly #host: Host;
  readonly #policy: WriteBehindPolicy;

  constructor(host: Host, policy: WriteBehindPolicy, first?: WriteBehindEvent) {
    this.#host = host;
    this.#policy = policy;
    this.health = new HealthRecord(policy.haltAfter);
    this.events = new EventHub(host.logger, first);
  }

  /**
   * @param last Whether the state may be discarded after this round. A failure then does not count for health
   * and is only logged.
   */
  judge(result: RoundResult, last: boolean): void {
    if (result.newlyRefused.length > 0) {
      const items = result.newlyRefused;
      this.#host.logger.log("warn", "write-behind: items were refused", { items: items.length });
      this.events.emit({ kind: "isolated", items });
    }
    if (result.commits > 0) this.#committed(result);
    const { failure } = result;
    if (failure instanceof FencedError) this.#fenced(failure);
    else if (failure !== undefined && !last) this.#failed(failure);
    else if (failure !== undefined)
      logError(this.#host.logger, "write-behind: the last flush failed", failure);
  }

  #committed(result: RoundResult): void {
    const { health } = this;
    const wasHalted = health.halted;
    const failures = health.succeeded(this.#host.clock.nowMs());
    if (failures > 0) this.#host.logger.log("info", "write-behind: saving works again", { failures });
    if (wasHalted) this.events.emit({ kind: "resumed", failures });
    this.events.emit({ kind: "flushed", report: result.reportFor(undefined) });
  }

  #fenced(failure: FencedError): void {
    this.health.fencedBy(failure, this.#host.clock.nowMs());
    const error = summarizeError(failure);
    this.#host.logger.log("error", "write-behind: fenced", { error: error.message });
    this.events.emit({ kind: "fenced", error });
  }

  #failed(failure: Error): void {
    const { health } = this;
    const { clock, random, logger } = this.#host;
    const { firstRetryMs, maxRetryMs } = this.#policy;
    const wasHalted = health.halted;
    const back = { firstDelayMs: firstRetryMs, maxDelayMs: maxRetryMs };
    const retryInMs = backOffMs(health.consecutiveFailures + 1, back, random);
    const retryAtMs = clock.nowMs() + retryInMs;
    health.failed(failure, clock.nowMs(), retryAtMs);
    const { consecutiveFailures } = health;
    const error = summarizeError(failure);
    const fields = { code: error.code, error: error.message, consecutiveFailures };
    logger.log("warn", "write-behind: saving failed", { ...fields, retryInMs });
    this.events.emit({ kind: "failed", error, consecutiveFailures, retryAtMs });
    if (wasHalted || !health.halted) return;
    logger.log("error", "write-behind: halted", fields);
    this.events.emit({ kind: "halted", error, consecutiveFailures });
  }
}
