import { signal } from "@preact/signals";

/** How often times in words are written anew. */
const TICK_MS = 5_000;

let aheadMs = 0;

/** The clock of the service, in milliseconds, for times in words. */
export const nowMs = signal(Date.now());

/** Takes over the clock of the service, by which all times of the pages are. */
export function setServiceClock(serviceMs: number): void {
  aheadMs = serviceMs - Date.now();
  tick();
}

/** The clock of the service now. */
export function serviceNowMs(): number {
  return Date.now() + aheadMs;
}

function tick(): void {
  nowMs.value = serviceNowMs();
}

/** Lets the clock of the pages run. */
export function startClock(): void {
  setInterval(() => {
    if (!document.hidden) tick();
  }, TICK_MS);
  document.addEventListener("visibilitychange", tick);
}
