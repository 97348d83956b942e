/**
 * Why: `npm run docs` builds the documentation site into `site`, offline: the pages of docs by VitePress, which
 * fails at a dead link, the reference of every subpath by `deno doc`, and the same pages as text for language
 * models (llms.txt). `npm run docs -- --no-api` leaves the reference out, `npm run docs:preview` serves the
 * pages while they are written.
 */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "vitepress";
import { run } from "./lib/run.mjs";

const SITE = "site";

/** What llms.txt says of a page: its first paragraph, in one line. @param {string} text */
function summaryOf(text) {
  const body = text.replace(/^---\n[\s\S]*?\n---\n/, "").replace(/^# .+\n+/m, "");
  const paragraph = body.split(/\n\n/).find((part) => /^[A-Za-z*`[]/.test(part)) ?? "";
  const plain = paragraph
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1")
    .replaceAll(/\s+/g, " ")
    .trim();
  return /^.*?[.:](?= |$)/.exec(plain)?.[0].replace(/:$/, ".") ?? plain;
}

/** @param {string} text */
function titleOf(text) {
  return /^# (.+)$/m.exec(text)?.[1] ?? "";
}

/** Pages of a folder of docs, as paths below docs. @param {string} folder */
function pagesOf(folder) {
  return readdirSync(join("docs", folder))
    .filter((name) => name.endsWith(".md") && name !== "index.md")
    .map((name) => `${folder}/${name}`);
}

/** Where a page of docs is in the site. @param {string} page */
function placeOf(page) {
  return page.replace(/^site\//, "").replace("design/README.md", "design/index.md");
}

function writeTexts() {
  const sections = {
    Begin: pagesOf("site"),
    Guides: pagesOf("guide"),
    Optional: [...pagesOf("design"), "glossary.md"],
  };
  const readme = readFileSync("README.md", "utf8");
  const index = [`# ${titleOf(readme)}`, "", `> ${summaryOf(readme).replaceAll("*", "")}`];
  let full = "";
  for (const [name, pages] of Object.entries(sections)) {
    index.push("", `## ${name}`, "");
    for (const page of pages) {
      const text = readFileSync(join("docs", page), "utf8");
      const place = placeOf(page);
      index.push(`- [${titleOf(text)}](/${place}): ${summaryOf(text)}`);
      full += `<!-- /${place} -->\n\n${text.trim()}\n\n`;
      const copy = join(SITE, place);
      mkdirSync(dirname(copy), { recursive: true });
      copyFileSync(join("docs", page), copy);
    }
  }
  writeFileSync(join(SITE, "llms.txt"), `${index.join("\n")}\n`);
  writeFileSync(join(SITE, "llms-full.txt"), full);
}

async function writeReference() {
  const doors = readdirSync("src/exports")
    .filter(
      (name) => name.endsWith(".ts") && !/_test\.ts$|^(?:cloudflare|baileys_object_\w+)\.ts$/.test(name),
    )
    .map((name) => `src/exports/${name}`);
  const { code, output } = await run("deno", [
    ...["doc", "--no-remote", "--html", "--name=Holdfast", `--output=${SITE}/api`],
    ...["mod.ts", ...doors],
  ]);
  if (code !== 0) throw new Error(output);
}

rmSync(SITE, { recursive: true, force: true });
await build("docs/site");
writeTexts();
if (!process.argv.includes("--no-api")) await writeReference();
console.log(`${SITE}: ${readdirSync(SITE, { recursive: true }).length} files`);
