import type { ComponentChildren, JSX } from "preact";
import type { KnownHealth } from "../api/source.ts";

function Icon({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

/** A shape for each health, so that none is told by its color alone. */
const SHAPES: Readonly<Record<KnownHealth, JSX.Element>> = {
  ok: <path d="M3.5 8.5 6.5 11.5 12.5 4.5" />,
  late: <path d="M8 4.2V8l2.6 1.8M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Z" />,
  held: <path d="M5.8 4v8M10.2 4v8" />,
  fenced: <path d="M4.2 7.2h7.6v5.6H4.2zM5.8 7V5.2a2.2 2.2 0 0 1 4.4 0V7" />,
  limited: <path d="M3 3h10v10H3zM3 6h10M8 11.5v-3M6.7 9.6 8 8.3l1.3 1.3" />,
  failing: <path d="M8 2.6 14 13H2zM8 6.6v2.8M8 11.2v.4" />,
  damaged: <path d="M3 3.5h10v9H3zM8.8 3.5 7 7l2.4 1.6L7.6 12.5" />,
  elsewhere: <path d="M6 4.5H3.5v8h8V10M9 3.5h3.5V7M12.2 3.8 7.5 8.5" />,
  unused: <path d="M8 13A5 5 0 1 0 8 3a5 5 0 0 0 0 10Z" stroke-dasharray="2.2 1.9" />,
  deleting: <path d="M3.5 4.8h9M6.3 4.6V3.2h3.4v1.4M4.8 4.8l.6 8h5.2l.6-8M7 7.2v3.4M9 7.2v3.4" />,
  unknown: <path d="M4 8h.1M8 8h.1M12 8h.1" />,
};

/** The shape of a health. */
export function HealthIcon({ health }: { readonly health: KnownHealth }): JSX.Element {
  return <Icon>{SHAPES[health]}</Icon>;
}

const SIGNS = {
  search: <path d="M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.8 10.8 14 14" />,
  pause: <path d="M5.8 4v8M10.2 4v8" />,
  play: <path d="M5 3.4 12.2 8 5 12.6z" />,
  again: <path d="M13 8A5 5 0 1 1 11.4 4.3M13 2.4V5h-2.6" />,
  up: <path d="M4.5 9.5 8 6l3.5 3.5" />,
  down: <path d="M4.5 6.5 8 10l3.5-3.5" />,
  back: <path d="M9.5 4 5.5 8l4 4" />,
  close: <path d="M4.5 4.5l7 7M11.5 4.5l-7 7" />,
  copy: <path d="M5.5 5.5h7v7h-7zM10.5 5.4V3.5h-7v7h1.9" />,
  done: <path d="M3.5 8.5 6.5 11.5 12.5 4.5" />,
  warning: <path d="M8 2.6 14 13H2zM8 6.6v2.8M8 11.2v.4" />,
  offline: (
    <path d="M2.5 6.2a8 8 0 0 1 11 0M4.7 8.6a4.8 4.8 0 0 1 6.6 0M6.8 11a1.7 1.7 0 0 1 2.4 0M3 13 13 3" />
  ),
} as const;

/** A sign beside the text of a button. */
export function Sign({ name }: { readonly name: keyof typeof SIGNS }): JSX.Element {
  return <Icon>{SIGNS[name]}</Icon>;
}

/** The mark of the console. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false">
      <rect class="mark-ground" x="1" y="1" width="22" height="22" rx="6" />
      <path class="mark-line" d="M7.5 6.5v11M16.5 6.5v11M7.5 12h9" />
    </svg>
  );
}
