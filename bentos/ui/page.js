// The page's state lives in its address, so that every search can be shared; a picture cannot be
// part of an address and stays in memory.
import { ask, explain } from "/ui/service.js";
import { card, clear, element, say } from "/ui/cards.js";

const PAGE = 10;
const by = (id) => document.getElementById(id);
const FIELDS = { query: "q", type: "type", status: "status", genres: "genres", studios: "studio",
  "year-from": "from", "year-to": "to", episodes: "episodes", score: "score", ranker: "ranker" };
const state = { picture: null, like: [], unlike: [], names: {}, shown: 0, asked: 0, hits: [] };

function filters() {
  const leaves = [];
  const list = (field, id) => {
    const values = by(id).value.split(",").map((v) => v.trim()).filter(Boolean);
    if (values.length) leaves.push({ field, all: values });
  };
  const number = (field, bound, id) => {
    if (by(id).value) leaves.push({ field, [bound]: Number(by(id).value) });
  };
  for (const field of ["type", "status"]) if (by(field).value) leaves.push({ field, any: [by(field).value] });
  list("genres", "genres");
  list("studios", "studios");
  number("year", "gte", "year-from");
  number("year", "lte", "year-to");
  number("episodes", "lte", "episodes");
  number("score", "gte", "score");
  return leaves.length ? { and: leaves } : undefined;
}

function request(offset) {
  const common = { limit: PAGE, offset, explain: true, filters: filters(),
    ranker: by("ranker").value || undefined, fold_franchise: by("fold").checked };
  const words = by("query").value.trim();
  const understand = by("words").checked ? undefined : ["titles", "expansion", "examples"];
  if (state.like.length) {
    const search = { ...common, positive: state.like, negative: state.unlike, ranker: undefined };
    return { path: "similarity/batch", body: { searches: [search] } };
  }
  if (state.picture && words) {
    return { path: "search/multimodal", body: { ...common, query: words, understand,
      picture: state.picture.data, weight: Number(by("weight").value) } };
  }
  if (state.picture) return { path: "search/image", body: { ...common, picture: state.picture.data } };
  return words ? { path: "search", body: { ...common, query: words, understand } } : null;
}

async function run(offset = 0) {
  const asked = request(offset);
  const turn = ++state.asked;
  say(by("message"), "");
  if (!asked) { show({ hits: [] }, 0); say(by("status-line"), ""); return; }
  say(by("status-line"), "Searching …");
  const started = performance.now();
  try {
    const answer = await ask(asked);
    if (turn === state.asked) show(answer, offset, performance.now() - started);
  } catch (error) {
    if (turn !== state.asked) return;
    say(by("message"), explain(error));
    say(by("status-line"), "");
  }
}

function show(answer, offset, milliseconds) {
  if (!offset) { clear(by("results")); state.hits = []; }
  for (const hit of answer.hits) {
    state.names[hit.id] = hit.record.title;
    by("results").append(card(by("card"), hit, { like: () => like(hit), unlike: () => unlike(hit) }));
  }
  state.hits.push(...answer.hits);
  state.shown = offset + answer.hits.length;
  by("more").hidden = answer.hits.length < PAGE;
  say(by("understood"), understood(answer.interpretation));
  if (milliseconds === undefined) return;
  const none = answer.match === "none" && state.hits.length ? " Nothing fits well; these come nearest." : "";
  const found = state.hits.length ? `${state.shown} shown` : "Nothing found; try fewer filters or other words";
  say(by("status-line"), `${found}, ${Math.round(milliseconds)} ms.${none}`);
}

function understood(reading) {
  if (!reading) return "";
  const said = reading.filters.map((f) => `“${f.phrase}” read as a filter`);
  const more = Object.keys(reading.expanded).map((label) => `also looking for ${label}`);
  return [...said, ...more].join("; ");
}

function like(hit) { state.like = [...new Set([...state.like, hit.id])].slice(-9); examples(); go(); }

function unlike(hit) {
  // Without an example of what is wanted, the other best answers stand for it (Rocchio 1971).
  if (!state.like.length) state.like = state.hits.map((h) => h.id).filter((id) => id !== hit.id).slice(0, 3);
  state.like = state.like.filter((id) => id !== hit.id);
  state.unlike = [...new Set([...state.unlike, hit.id])].slice(-9);
  examples();
  go();
}

function examples() {
  clear(by("examples"));
  for (const kind of ["like", "unlike"]) {
    for (const id of state[kind]) {
      const name = state.names[id] ?? id;
      const chip = element("button", `${kind === "like" ? "Like" : "Not like"} ${name} ✕`);
      chip.type = "button";
      chip.setAttribute("aria-label", `${kind === "like" ? "Like" : "Not like"} ${name}: remove`);
      chip.addEventListener("click", () => {
        state[kind] = state[kind].filter((other) => other !== id);
        if (!state.like.length) state.unlike = [];
        examples();
        go();
      });
      const item = element("li");
      item.append(chip);
      by("examples").append(item);
    }
  }
}

function go() { writeAddress(); run(); }

function writeAddress() {
  const params = new URLSearchParams();
  for (const [id, name] of Object.entries(FIELDS)) if (by(id).value) params.set(name, by(id).value);
  if (by("fold").checked) params.set("fold", "1");
  if (!by("words").checked) params.set("words", "0");
  if (state.like.length) params.set("like", state.like.join(","));
  if (state.unlike.length) params.set("unlike", state.unlike.join(","));
  const address = params.size ? `?${params}` : location.pathname;
  if (address !== location.search) history.pushState(null, "", address);
}

function readAddress() {
  const params = new URLSearchParams(location.search);
  for (const [id, name] of Object.entries(FIELDS)) by(id).value = params.get(name) ?? "";
  by("fold").checked = params.has("fold");
  by("words").checked = params.get("words") !== "0";
  for (const kind of ["like", "unlike"]) state[kind] = (params.get(kind) ?? "").split(",").filter(Boolean);
  by("filters").open ||= [...params.keys()].some((name) => !["q", "like", "unlike"].includes(name));
  examples();
  run();
}

function take(file) {
  if (!file) return;
  const reader = new FileReader();
  reader.addEventListener("load", () => {
    state.picture = { data: reader.result };
    by("preview").src = reader.result;
    by("picture").hidden = false;
    state.like = [];
    state.unlike = [];
    examples();
    run();
  });
  reader.readAsDataURL(file);
}

function dropPicture() {
  state.picture = null;
  by("picture").hidden = true;
  by("file").value = "";
  run();
}

function move(step) {
  const cards = [...document.querySelectorAll(".card")];
  const place = cards.indexOf(document.activeElement.closest(".card"));
  cards[Math.min(Math.max(place + step, 0), cards.length - 1)]?.focus();
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") { by("query").value = ""; by("query").focus(); return; }
  if (event.target.closest("input, select, textarea")) return;
  const steps = { j: 1, k: -1 };
  if (event.key === "/") { event.preventDefault(); by("query").focus(); }
  else if (event.key in steps) move(steps[event.key]);
}

async function rankers() {
  for (const ranker of await ask({ path: "rankers" })) {
    if (!ranker.available) continue;
    const option = element("option", ranker.name);
    option.title = ranker.description;
    by("ranker").append(option);
  }
}

by("search").addEventListener("submit", (event) => {
  event.preventDefault();
  state.like = [];
  state.unlike = [];
  examples();
  go();
});
by("filters").addEventListener("change", go);
by("weight").addEventListener("input", () => {
  say(by("weight-said"), `${Math.round(by("weight").value * 100)} % picture`);
});
by("weight").addEventListener("change", () => run());
by("file").addEventListener("change", () => take(by("file").files[0]));
by("drop-picture").addEventListener("click", dropPicture);
by("more").addEventListener("click", () => run(state.shown));
document.addEventListener("keydown", pressed);
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("dragging", kind === "dragover");
    if (kind === "drop") take(event.dataTransfer.files[0]);
  });
}
addEventListener("popstate", readAddress);
rankers().catch((error) => say(by("message"), explain(error))).finally(readAddress);
