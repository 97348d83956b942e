import type { JSX } from "preact";
import { nowMs } from "../state/clock.ts";
import { dateTime, fromNow } from "../words/numbers.ts";

/** A clock time in words, such as `12 s ago`, with the exact time behind it. */
export function Ago({ atMs }: { readonly atMs: number | undefined }): JSX.Element {
  if (atMs === undefined) return <Nothing />;
  return (
    <time dateTime={new Date(atMs).toISOString()} title={dateTime(atMs)}>
      {fromNow(atMs, nowMs.value)}
    </time>
  );
}

/** A clock time with its date. */
export function At({ atMs }: { readonly atMs: number | undefined }): JSX.Element {
  if (atMs === undefined) return <Nothing />;
  return <time dateTime={new Date(atMs).toISOString()}>{dateTime(atMs)}</time>;
}

/** The place of a value that there is none of, or that is not known. */
export function Nothing({ text = "none" }: { readonly text?: string }): JSX.Element {
  return (
    <>
      <span class="nothing" aria-hidden="true">
        –
      </span>
      <span class="unseen">{text}</span>
    </>
  );
}
