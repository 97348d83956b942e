import { readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitepress";
import { inlineFigures } from "./inline_figures.mjs";
import { repositoryLinks } from "./repository_links.mjs";

/** The first heading of a page of docs. @param {string} path */
function titleOf(path) {
  return /^# (.+)$/m.exec(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"))?.[1] ?? path;
}

/** @param {string} path of a page below docs */
function entry(path) {
  return { text: titleOf(path), link: `/${path.replace(/\.md$/, "")}` };
}

/** All pages of a folder of docs that are not listed by name. @param {string} folder */
function pagesOf(folder) {
  return readdirSync(new URL(`../../${folder}`, import.meta.url))
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .map((name) => entry(`${folder}/${name}`))
    .sort((a, b) => a.text.localeCompare(b.text));
}

export default defineConfig({
  title: "Holdfast",
  description: "The state layer of WhatsApp Web clients in TypeScript",
  lang: "en",
  srcDir: "..",
  outDir: "../../site",
  cacheDir: "../../node_modules/.cache/vitepress",
  // Pages of this folder are at the root of the site; guides and design keep their folders.
  rewrites: {
    "site/:page.md": ":page.md",
    "design/README.md": "design/index.md",
  },
  cleanUrls: false,
  lastUpdated: false,
  // Built beside the site, by deno doc.
  ignoreDeadLinks: [/^\/api\//, /^\/llms(-full)?\.txt$/],
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config(md) {
      md.use(repositoryLinks);
      md.use(inlineFigures);
    },
  },
  themeConfig: {
    nav: [
      { text: "Start", link: "/start" },
      { text: "Guides", link: "/guide/baileys" },
      { text: "Operating", link: "/operating" },
      { text: "Design", link: "/design/" },
      { text: "API", link: "/api/", target: "_self" },
    ],
    sidebar: [
      {
        text: "Begin",
        items: [
          { text: "Start", link: "/start" },
          { text: "Crash safety in pictures", link: "/crash_safety" },
          { text: "Operating 1, 100 and 5,000 bots", link: "/operating" },
          { text: "Threat model", link: "/threat_model" },
          { text: "Comparison", link: "/comparison" },
        ],
      },
      { text: "Guides", items: pagesOf("guide") },
      {
        text: "Design",
        collapsed: true,
        items: [{ text: "Overview", link: "/design/" }, ...pagesOf("design")],
      },
      { text: "Reference", items: [{ text: "API", link: "/api/", target: "_self" }, entry("glossary.md")] },
    ],
    search: { provider: "local" },
    outline: { level: [2, 3] },
    socialLinks: [{ icon: "github", link: "https://github.com/holdfast/store" }],
    docFooter: { prev: false, next: false },
  },
});
