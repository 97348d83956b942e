import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { time } from "../words/numbers.ts";

interface PlotProps {
  /** What is plotted, and what the newest values say: what a screen reader says in the place of the plot. */
  readonly label: string;
  /** What a value is called. */
  readonly name: string;
  readonly atMs: readonly number[];
  readonly values: readonly number[];
  readonly kind: "line" | "bars";
  /** The text of a value. */
  readonly format: (value: number) => string;
}

const HEIGHT = 168;

/** Values over time. The page beside it has the numbers as text. */
export function Plot({ label, name, atMs, values, kind, format }: PlotProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const data = useRef<uPlot.AlignedData>([[], []]);
  data.current = [atMs.map((ms) => ms / 1_000), [...values]];
  useEffect(() => plot.current?.setData(data.current), [atMs, values]);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(element, name, kind, format), data.current, element);
    };
    draw();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", draw);
    const sizes = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    );
    sizes.observe(element);
    return () => {
      sizes.disconnect();
      dark.removeEventListener("change", draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [name, kind, format]);
  return <div ref={frame} class="plot" role="img" aria-label={label} />;
}

function optionsOf(
  element: HTMLElement,
  label: string,
  kind: PlotProps["kind"],
  format: PlotProps["format"],
): uPlot.Options {
  const styles = getComputedStyle(element);
  const color = (name: string): string => styles.getPropertyValue(name).trim();
  const font = `12px ${styles.fontFamily}`;
  const axis = {
    stroke: color("--ink-soft"),
    font,
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
  };
  const bars = uPlot.paths.bars?.({ size: [0.7, 12], align: 0 });
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [8, 4, 0, 0],
    cursor: { y: false, points: { size: 7 } },
    legend: { show: true, live: true },
    scales: { y: { range: (_, _min, max) => [0, Math.max(max * 1.1, 1)] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        gap: 8,
        size: 34,
        values: (_, splits) => splits.map((s) => time(s * 1_000).slice(0, 5)),
      },
      {
        ...axis,
        size: 64,
        values: (_, splits) => splits.map((value) => (value === 0 ? "0" : format(value))),
      },
    ],
    series: [
      { label: "At", value: (_, s) => (s === null ? "–" : time(s * 1_000)) },
      {
        label,
        stroke: color("--accent"),
        width: kind === "line" ? 1.5 : 0,
        fill: color(kind === "line" ? "--accent-wash" : "--accent"),
        points: { show: false },
        value: (_, value) => (value === null ? "–" : format(value)),
        ...(kind === "bars" && bars !== undefined ? { paths: bars } : {}),
      },
    ],
  };
}
