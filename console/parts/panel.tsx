import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";
import type { Failure } from "../api/failure.ts";
import { Sign } from "./icons.tsx";

interface PanelProps {
  readonly title: string;
  /** What is done with the whole panel. */
  readonly actions?: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly isWide?: boolean;
  readonly children: ComponentChildren;
}

/** A titled part of a page. */
export function Panel({ title, actions, note, isWide = false, children }: PanelProps): JSX.Element {
  const id = useId();
  return (
    <section class={isWide ? "panel is-wide" : "panel"} aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{title}</h2>
        {actions}
      </div>
      {note !== undefined && <p class="note">{note}</p>}
      {children}
    </section>
  );
}

/** The place of a page or a panel that has nothing to show: what that means, and what to do. */
export function Placeholder({
  title,
  isPage = false,
  children,
  action,
}: {
  readonly title: string;
  /** Whether it stands for the whole page. */
  readonly isPage?: boolean;
  readonly children?: ComponentChildren;
  readonly action?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="placeholder">
      <Title isPage={isPage} of="placeholder">
        {title}
      </Title>
      {children !== undefined && <div class="placeholder-text">{children}</div>}
      {action}
    </div>
  );
}

interface TitleProps {
  readonly isPage: boolean;
  readonly of: "placeholder" | "failure";
  readonly children: ComponentChildren;
}

/** A title that is the heading of the page, if it stands for the whole page. */
function Title({ isPage, of, children }: TitleProps): JSX.Element {
  const name = `${of}-title`;
  return isPage ? <h1 class={name}>{children}</h1> : <p class={name}>{children}</p>;
}

/** Bars in the places of the lines of a page that is being read. */
export function Loading({
  text,
  lines = 6,
}: {
  readonly text: string;
  readonly lines?: number;
}): JSX.Element {
  return (
    <div class="loading" role="status">
      <h1 class="unseen">{text}</h1>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="loading-line" aria-hidden="true" />
      ))}
    </div>
  );
}

/** What failed, in words, and the way to try again. */
export function FailurePanel({
  failure,
  title,
  isPage = false,
  onRetry,
}: {
  readonly failure: Failure;
  readonly title: string;
  /** Whether it stands for the whole page. */
  readonly isPage?: boolean;
  readonly onRetry?: () => void;
}): JSX.Element {
  return (
    <div class="failure" role="alert">
      <Title isPage={isPage} of="failure">
        <Sign name={failure.kind === "offline" ? "offline" : "warning"} />
        {title}
      </Title>
      <p>{sentence(failure.message)}</p>
      {failure.requestId !== undefined && (
        <p class="note">
          Request <code>{failure.requestId}</code> in the log of the service.
        </p>
      )}
      {onRetry !== undefined && (
        <button type="button" class="button" onClick={onRetry}>
          <Sign name="again" />
          Try again
        </button>
      )}
    </div>
  );
}

/** Messages of the service have neither a capital letter nor a period. */
export function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
