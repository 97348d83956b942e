import type { JSX } from "preact";
import { count } from "../words/numbers.ts";
import { Sign } from "./icons.tsx";

interface PagerProps {
  readonly page: number;
  readonly pages: number;
  readonly from: number;
  readonly to: number;
  readonly total: number;
  readonly onPage: (page: number) => void;
}

/** Goes from page to page. */
export function Pager({ page, pages, from, to, total, onPage }: PagerProps): JSX.Element | null {
  if (pages <= 1) return null;
  return (
    <nav class="pager" aria-label="Pages of accounts">
      <button type="button" class="button" disabled={page <= 1} onClick={() => onPage(page - 1)}>
        <Sign name="back" />
        Previous
      </button>
      <span class="pager-place">
        {count(from)}–{count(to)} of {count(total)}
      </span>
      <button type="button" class="button is-next" disabled={page >= pages} onClick={() => onPage(page + 1)}>
        Next
        <Sign name="back" />
      </button>
    </nav>
  );
}
