import { signal } from "@preact/signals";

/** What a screen reader says next. */
export const announcement = signal("");

/** What stands above the page until it is dismissed. */
export const notice = signal<Notice | undefined>(undefined);

/** An outcome in words. */
export interface Notice {
  readonly tone: "done" | "failed";
  readonly text: string;
}

/** Lets a screen reader say a text, when it has come to rest. */
export function announce(text: string): void {
  // The same text is said again only after another one.
  announcement.value = announcement.value === text ? `${text}\u00a0` : text;
}

/** Shows an outcome, and lets a screen reader say it. */
export function tell(shown: Notice): void {
  notice.value = shown;
}
