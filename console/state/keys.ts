import { type Signal, signal } from "@preact/signals";
import { shownLive } from "./live.ts";
import { go } from "./route.ts";
import { session } from "./session.ts";

const KEY = "holdfast.keys";

/** Whether single keys do something. A person who speaks to the computer may not want that. */
export const areKeysOn: Signal<boolean> = signal(localStorage.getItem(KEY) !== "off");

/** Switches single keys on or off, and remembers it. */
export function switchKeys(isOn: boolean): void {
  areKeysOn.value = isOn;
  localStorage.setItem(KEY, isOn ? "on" : "off");
}

/** Follows the keys of the help page. A key that is typed into a field, or with another key, is not ours. */
export function followKeys(): void {
  addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || !areKeysOn.peek()) return;
    if (session.peek().phase !== "open" || document.querySelector("dialog[open]") !== null) return;
    if (target instanceof Element && target.closest("input, select, textarea") !== null) return;
    const does = KEYS[key];
    if (does === undefined) return;
    event.preventDefault();
    does();
  });
}

const KEYS: Readonly<Record<string, () => void>> = {
  "/": () => document.querySelector<HTMLElement>("#search")?.focus(),
  a: () => go("#/accounts"),
  t: () => go("#/tokens"),
  "?": () => go("#/help"),
  p() {
    const live = shownLive.peek();
    if (live?.state.peek().kind === "paused") live.start();
    else live?.pause();
  },
};
