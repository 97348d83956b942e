import { SeededRandom } from "../../src/testing/mod.ts";
import { everyNth } from "../support/dose.ts";
import type { DamagedFiles, Outcome } from "./damaged_files.ts";
import type { Damage, Library } from "./damages.ts";

/** Bytes of a page of a new file. */
const PAGE_BYTES = 8_192;

/** Damages by kind. */
export type Matrix = Readonly<Record<string, readonly Damage[]>>;

/** How many damages of each kind: every `step`-th byte, and a number of random ones. */
export interface MatrixSize {
  readonly step: number;
  readonly random: number;
  readonly pairs: number;
  /** Every so many pages are smashed, and lengths are cut. */
  readonly pages: number;
}

/** The damages of a file: flipped bits, smashed and swapped pages, and each length of whole pages. */
export function matrixOf(files: DamagedFiles, size: MatrixSize, seed: number): Matrix {
  const random = new SeededRandom(seed);
  const { length } = files.raw;
  const all = Array.from({ length: Math.floor(length / PAGE_BYTES) }, (_, page) => page * PAGE_BYTES);
  const pages = everyNth(all, size.pages);
  const flip = (at: number): Damage => ({ kind: "flip", at, mask: 1 << random.below(8) });
  const bytesOf = (page: number): Damage[] => {
    const bytes = Array.from({ length: PAGE_BYTES }, (_, byte) => page + byte);
    return bytes
      .filter(
        (at, byte) => byte % size.step === 0 || (byte < 100 && byte % 7 === 0) || isUsed(files, at, size),
      )
      .map(flip);
  };
  const pairs = all.flatMap((first) =>
    all.filter((second) => second > first).map((second) => ({ first, second })),
  );
  const swaps = pairs.map((pair): Damage => ({ kind: "swap", ...pair, length: PAGE_BYTES }));
  return {
    "bytes of the pages of accounts and devices": files.pagesOf(["account", "device"]).flatMap(bytesOf),
    "random bits": Array.from({ length: size.random }, () => flip(random.below(length))),
    "bits of the schema": Array.from({ length: size.random }, () => flip(random.below(PAGE_BYTES))),
    "pages of zeros": pages.map((at): Damage => ({ kind: "fill", at, length: PAGE_BYTES, byte: 0 })),
    "pages of ones": pages.map((at): Damage => ({ kind: "fill", at, length: PAGE_BYTES, byte: 255 })),
    "swapped pages":
      size.pairs >= swaps.length
        ? swaps
        : Array.from({ length: size.pairs }, () => swaps[random.below(swaps.length)] as Damage),
    // Without a byte, and without a witness, a file is new.
    "files that were cut": pages.flatMap((at): Damage[] => [
      { kind: "cut", length: at + 1 },
      { kind: "cut", length: at + PAGE_BYTES },
    ]),
  };
}

/** Bytes that say something are rare in a page of few rows: every one of a fourth as many counts. */
function isUsed(files: DamagedFiles, at: number, { step }: MatrixSize): boolean {
  return files.raw[at] !== 0 && at % Math.max(1, step >> 2) === 0;
}

/** What must never happen, of one outcome. `undefined` when nothing did. */
export function faultOf(files: DamagedFiles, outcome: Outcome): string | undefined {
  if (outcome.error === "abort") return "the process ended";
  if (outcome.error !== undefined) return undefined;
  if (outcome.identity !== files.identity) return "a new identity";
  if (outcome.senderKey === "absent") return "our own sender key is absent";
  if (outcome.session === "absent" || outcome.sessions === "absent") return "a session is absent";
  return undefined;
}

/** Opens a copy with each damage. @returns The faults, and how many outcomes of each sort there were. */
export async function runMatrix(
  files: DamagedFiles,
  library: Library,
  matrix: Matrix,
): Promise<{ readonly faults: readonly string[]; readonly counts: ReadonlyMap<string, number> }> {
  const faults: string[] = [];
  const counts = new Map<string, number>();
  for (const [kind, damages] of Object.entries(matrix)) {
    for (const [index, outcome] of (await files.open(library, damages)).entries()) {
      const fault = faultOf(files, outcome);
      if (fault !== undefined) faults.push(`${kind}: ${fault} after ${JSON.stringify(damages[index])}`);
      const sort = `${kind}: ${outcome.error ?? (outcome.preKey === "absent" ? "a pre-key is absent" : "opened")}`;
      counts.set(sort, (counts.get(sort) ?? 0) + 1);
    }
  }
  return { faults, counts };
}
