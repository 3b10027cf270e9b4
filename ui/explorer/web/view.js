// The explorer's elements, built once for a scene, and what is painted into them for an anchor.

import { MEAN, association, globalAttention, localAttention, phantomMass, tokenAttention } from "./attention.js";
import { element, setText } from "./dom.js";
import { makeFigures, writeFigures } from "./figures.js";
import { fitPanel, makePanel, paintPanel, readPanel, setPanelMessage, measurePanel } from "./panel.js";
import { formatWeight, pixelTable } from "./scale.js";
import { fitStage, makeStage, placeMark } from "./stage.js";
import { rowSummary } from "./summary.js";

const SOURCES = { super: tokenAttention, global: globalAttention, local: localAttention };
const TALL = 1.5; // height over width from which the picture and its panels share one row
const WIDE = 2; // width over height from which the picture has a row of its own
const HINT = "Hover or drag to move the anchor, click to pin it.";
const KEYS =
  "Keys: arrows move it, 1–9 pick a block, Shift + 1–4 a stage, comma and full stop walk through depth, P plays.";

export function makeView(scene) {
  const { colours, names, alt, picture } = scene.header;
  const source = URL.createObjectURL(new Blob([scene.arrays.picture], { type: picture.type }));
  const stage = makeStage({ grey: false });
  stage.root.classList.add("picker");
  for (const [key, value] of Object.entries({
    tabindex: "0",
    role: "application",
    "aria-roledescription": "anchor picker",
  }))
    stage.root.setAttribute(key, value);
  stage.root.setAttribute("aria-label", `${alt || "Picture"}. ${HINT} ${KEYS}`);
  const panels = Object.entries(names).map(([kind, name]) => makePanel(kind, name, colours[kind]));
  const figures = makeFigures(colours);
  const place = element("p", { class: "note" });
  const heading = element("h3", {}, element("span", { class: "dot anchor-dot", "aria-hidden": "true" }), "Anchor");
  const chooser = element("section", { class: "panel chooser", "aria-label": "Picture" }, heading, place, stage.root);
  const numbers = element(
    "section",
    { class: "numbers", "aria-label": "Figures for the anchor" },
    figures.root,
    element(
      "p",
      { class: "hint" },
      element("span", { text: HINT }),
      " ",
      element("span", { class: "keys", text: KEYS }),
    ),
  );
  for (const each of [stage, ...panels.map((panel) => panel.stage)]) each.ground.src = source;
  const side = element("div", { class: "side" }, chooser, numbers);
  const body = element("div", { class: "body" }, side, ...panels.map((panel) => panel.root));
  body.style.setProperty("--ratio", picture.width / picture.height);
  body.classList.toggle("tall", picture.height > TALL * picture.width);
  body.classList.toggle("wide", picture.width > WIDE * picture.height);
  body.style.setProperty("--anchor", colours.anchor);
  body.style.setProperty("--gradient", gradient(scene.arrays.colour_map));
  return { body, stage, panels, figures, place, picture, table: pixelTable(scene.arrays.colour_map), source };
}

// Lays everything out for another block.
export function fitView(view, block) {
  fitStage(view.stage, view.picture, block);
  for (const panel of view.panels) fitPanel(panel, view.picture, block);
}

// Computes and paints all panels for an anchor ({ row, column }).
export function paintView(view, block, anchor, settings) {
  const token = anchor.row * block.width + anchor.column;
  const summaries = {};
  for (const panel of view.panels) computePanel(panel, block, token, settings, summaries);
  const together = Math.max(...view.panels.filter((panel) => SOURCES[panel.kind]).map((panel) => panel.top));
  for (const panel of view.panels) {
    const shared = settings.shared && SOURCES[panel.kind] && settings.scale !== "rank";
    paintPanel(panel, settings.scale, shared ? together : panel.top, view.table);
    placeMark(panel.stage, "anchor", anchor);
  }
  placeMark(view.stage, "anchor", anchor);
  writeFigures(view.figures, summaries, block, settings.incoming);
  return summaries;
}

function computePanel(panel, block, token, settings, summaries) {
  const compute = SOURCES[panel.kind];
  let known = false; // whether there are figures to give
  if (!compute) {
    association(block, token, panel.values);
  } else if (compute(block, token, headOf(block, settings), settings.incoming, panel.values)) {
    known = true;
  } else {
    panel.values.fill(0);
  }
  measurePanel(panel, settings.scale);
  if (known) summaries[panel.kind] = rowSummary(panel.values, block, token);
}

// Says what each panel shows; called when block or settings change, not for each anchor.
export function describeView(view, block, settings) {
  const direction = settings.incoming ? "incoming" : "outgoing";
  const head = headOf(block, settings) === MEAN ? "mean over heads" : `head ${settings.head + 1}`;
  const notes = {
    super: `${direction}, ${head}${block.identity ? " · cell 1: same as global" : ""}`,
    global: `${direction}, ${head}`,
    local: `${direction}, ${head}, windows of ${block.window}\u00a0×\u00a0${block.window}`,
  };
  for (const panel of view.panels) {
    const missing = panel.kind === "global" && settings.incoming && !block.logNormaliser;
    setPanelMessage(
      panel,
      missing
        ? `Incoming global attention needs the normalisers of all rows, which are left out for ${block.N.toLocaleString("en")} tokens`
        : null,
    );
    if (notes[panel.kind]) setText(panel.note, notes[panel.kind]);
    panel.stage.root.setAttribute(
      "aria-label",
      `${panel.title}, ${notes[panel.kind] ?? "of the anchor"}, as a heat map`,
    );
  }
  setText(view.figures.caption, `Anchor's ${settings.incoming ? "column" : "row"}, ${direction}, ${head}`);
}

// Writes what belongs to the anchor alone.
export function describeAnchor(view, block, anchor, pinned) {
  setText(
    view.place,
    `row ${anchor.row}, column ${anchor.column} of ${block.height} × ${block.width}${pinned ? "" : " · click to pin"}`,
  );
  const panel = view.panels.find(({ kind }) => kind === "association");
  const token = anchor.row * block.width + anchor.column;
  setText(
    panel.note,
    block.identity
      ? "cell 1: each token is its own"
      : `heaviest ${formatWeight(panel.top)}, phantoms took ${phantomMass(block, token).toFixed(2)}`,
  );
}

// The pinned anchor in words, for people who listen.
export function sayAnchor({ row, column }, { entropy, tokens }) {
  return `Row ${row}, column ${column}. Super token attention: entropy ${entropy.toFixed(2)} nats, ${tokens} tokens hold 90 %.`;
}

// Reads one token's value in every panel.
export function readView(view, position, block) {
  for (const panel of view.panels) {
    readPanel(panel, position, block.width, SOURCES[panel.kind] ? "attention weight" : "association");
  }
}

export function headOf(block, settings) {
  return settings.head < block.heads ? settings.head : MEAN;
}

// One line on the block.
export function captionOf({ title, height, width, rows, columns, identity, heads, N }) {
  const groups = identity ? "no super tokens (cell 1)" : `${rows} × ${columns} super tokens`;
  const dense = (heads * N * N * 4) / 2 ** 20;
  const size = dense >= 10 ? Math.round(dense).toLocaleString("en") : dense.toFixed(1);
  const parts = [
    `${height} × ${width} tokens`,
    groups,
    `${heads} ${heads === 1 ? "head" : "heads"}`,
    `${size} MiB if it were dense`,
  ];
  return `${title[0].toUpperCase()}${title.slice(1)} · ${parts.join(" · ")}`;
}

function gradient(colourMap) {
  const stops = [];
  for (let level = 0; level < 256; level += 15)
    stops.push(`rgb(${colourMap.slice(3 * level, 3 * level + 3).join(" ")})`);
  return `linear-gradient(to right, ${stops.join(",")})`;
}
