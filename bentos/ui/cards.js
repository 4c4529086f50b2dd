// Result cards; every text goes in as text, never as markup.
export function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function say(where, text) { where.textContent = text; }
export function clear(where) { where.replaceChildren(); }

export function card(template, hit, on) {
  const item = template.content.firstElementChild.cloneNode(true);
  const record = hit.record;
  const put = (selector, text) => { say(item.querySelector(selector), text); };
  put("h2", record.title);
  const names = [record.title_english, record.title_japanese].filter((n) => n && n !== record.title);
  put(".other", names.join(" · "));
  const length = record.episodes ? `${record.episodes} episode${record.episodes > 1 ? "s" : ""}` : null;
  const facts = [record.type, record.year, length, ...record.studios, record.score && `scored ${record.score}`];
  put(".facts", facts.filter(Boolean).join(" · "));
  put(".labels", [...record.genres, ...record.themes].join(", "));
  put(".why", why(hit));
  put(".synopsis", hit.explanation?.sentence ?? record.synopsis ?? "");
  const cover = item.querySelector(".cover");
  const source = record.picture?.sha256 ? `/api/v1/pictures/${record.picture.sha256}` : record.picture?.url;
  if (source) cover.src = source; else cover.removeAttribute("src");
  cover.alt = source ? `Cover of ${record.title}` : "";
  channels(item.querySelector(".channels"), hit);
  for (const action of ["like", "unlike"]) {
    const button = item.querySelector(`.${action}`);
    button.setAttribute("aria-label", `${button.textContent}: ${record.title}`);
    button.addEventListener("click", on[action]);
  }
  return item;
}

function why(hit) {
  const sure = hit.probability == null ? null : `${Math.round(hit.probability * 100)} % sure`;
  return [hit.explanation?.summary, sure].filter(Boolean).join(" · ");
}

function channels(where, hit) {
  for (const channel of hit.channels) {
    const part = element("span", `${channel.name} #${channel.rank}`);
    const meter = element("meter");
    meter.value = channel.share;
    meter.setAttribute("aria-label", `share of ${channel.name}`);
    meter.title = `${Math.round(channel.share * 100)} % of the score`;
    part.append(meter);
    where.append(part);
  }
}
