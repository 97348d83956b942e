import type { ComponentChildren, JSX } from "preact";

/** A column of a table: its head, what a row has in it, and whether that is a number. */
export interface Column<T> {
  readonly head: string;
  /** Whether the head is only for screen readers. */
  readonly isHeadUnseen?: boolean;
  readonly isNumber?: boolean;
  readonly cell: (row: T) => ComponentChildren;
}

interface TableProps<T> {
  /** What the table is, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
  /** Whether the cells of a row stand below each other on a narrow screen. */
  readonly isStacked?: boolean;
}

/** A table of a panel. Its first column names the row. It scrolls where it is too wide. */
export function Table<T>({ caption, columns, rows, keyOf, isStacked = false }: TableProps<T>): JSX.Element {
  const [first, ...others] = columns;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard.
    <section class="table-frame" aria-label={caption} tabIndex={0}>
      <table class={isStacked ? "is-stacked" : undefined}>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, isHeadUnseen, isNumber }) => (
              <th key={head} scope="col" class={isNumber ? "number" : undefined}>
                {isHeadUnseen ? <span class="unseen">{head}</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              <th scope="row">{first?.cell(row)}</th>
              {others.map(({ head, isHeadUnseen, cell, isNumber }) => (
                <td
                  key={head}
                  class={isNumber ? "number" : undefined}
                  data-head={isHeadUnseen ? undefined : head}
                >
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Pairs of a name and a value. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [name: string, value: ComponentChildren])[];
}): JSX.Element {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
