/** The tables of docs/design/reach.md. */

import { type Measured, measure } from "./measure.ts";
import { AWAKE_MONTH, inObject, inTurso } from "./prices.ts";
import { SHAPES, type Shape } from "./shapes.ts";

const DAYS_PER_MONTH = 30;

const count = (value: number): string => value.toLocaleString("en-US");

/** Rounded to what the simulation can tell, so that a change of a row or two changes no page. */
function rounded(value: number): string {
  if (value < 100) return count(Math.round(value / 5) * 5);
  return count(Math.round(value / 50) * 50);
}

function kilobytes(bytes: number): string {
  return `${count(Math.round(bytes / 50_000) * 50)} kB`;
}

function dollars(value: number): string {
  if (value < 0.005) return "< $0.01";
  return value < 10 ? `$${value.toFixed(2)}` : `$${count(Math.round(value))}`;
}

/** Costs of a number of bots for a month. */
function monthOf(bots: number, { perDay }: Shape, measured: Measured): { object: string; turso: string } {
  const times = (bots * perDay * DAYS_PER_MONTH) / 1_000;
  const billed = { commits: measured.commits * times, rows: measured.rows * times };
  return { object: dollars(inObject(billed)), turso: dollars(inTurso(billed)) };
}

/** Both tables as Markdown. */
export async function reachTables(): Promise<string> {
  const writes = ["| shape | commits | rows | bytes of values |", "|---|---|---|---|"];
  const costs = [
    "| shape | messages a day | 1 bot, objects | 5,000 bots, objects | 1 bot, Turso | 5,000 bots, Turso |",
    "|---|---|---|---|---|---|",
  ];
  for (const shape of SHAPES) {
    const measured = await measure(shape);
    const [one, many] = [monthOf(1, shape, measured), monthOf(5_000, shape, measured)];
    writes.push(
      `| ${shape.name}: ${shape.what} | ${rounded(measured.commits)} | ${rounded(measured.rows)} | ${kilobytes(measured.bytes)} |`,
    );
    costs.push(
      `| ${shape.name} | ${count(shape.perDay)} | ${one.object} | ${many.object} | ${one.turso} | ${many.turso} |`,
    );
  }
  const awake = `A bot inside its object keeps it awake: ${dollars(AWAKE_MONTH)} a month more for each bot.`;
  return [...writes, "", ...costs, "", awake].join("\n");
}
