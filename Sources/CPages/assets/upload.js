// The upload page: what was chosen, how far it is, and what is in the way.
import { listDropped, listJudgment, listPicked } from "./folder.js";
import { Sender, Trouble } from "./sender.js";
import { size } from "./size.js";

const SHOWN = 200;
const part = (id) => document.getElementById(id);
const box = part("upload");
const words = JSON.parse(box.dataset.words);
const isJudgment = box.dataset.judgment === "true";
let token = box.dataset.csrf;
let listing = null;
let sender = null;
let isRunning = false;

const number = new Intl.NumberFormat(document.documentElement.lang);
const say = (word, values = {}) =>
  (words[word] ?? word).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);

function time(seconds) {
  if (seconds < 90) return say("seconds", { n: Math.ceil(seconds) });
  if (seconds < 5400) return say("minutes", { n: Math.ceil(seconds / 60) });
  return say("hours", { n: (seconds / 3600).toFixed(1) });
}

function trouble(text, canRetry) {
  part("trouble").hidden = !text;
  part("trouble").querySelector("p").textContent = text ?? "";
  part("retry").hidden = !canRetry;
}

// MARK: Choosing

function show(found, refusal) {
  part("reading").textContent = "";
  part("listed").hidden = true;
  if (!found) return trouble(say(refusal), false);
  if (found.files.length === 0) return trouble(say("noFiles"), false);
  trouble(null);
  listing = found;
  part("totals").textContent = say("totals", {
    files: number.format(found.files.length), folders: number.format(found.emptyFolders.length), bytes: size(found.bytes),
  });
  const left = part("left-out");
  left.hidden = found.leftOut.length === 0;
  fill(left.querySelector("ul"), found.leftOut, ({ path, why, detail }) => `${path} – ${say(why, { why: detail })}`);
  fill(part("paths"), found.files, ({ path, size: bytes }) => `${path} (${size(bytes)})`);
  part("listed").hidden = false;
  part("start").focus();
  return undefined;
}

function fill(list, items, text) {
  const lines = items.slice(0, SHOWN).map(text);
  if (items.length > SHOWN) lines.push(say("more", { count: number.format(items.length - SHOWN) }));
  list.replaceChildren(...lines.map((line) => {
    const item = document.createElement("li");
    item.textContent = line;
    return item;
  }));
}

part("pick").addEventListener("change", ({ target }) => {
  if (target.files.length === 0) return;
  if (isJudgment) show(listJudgment([...target.files]), "oneFile");
  else show(listPicked([...target.files]), "noFiles");
  // The listing has them; what the field keeps would stay in memory.
  target.value = "";
});

const drop = part("drop");
drop.addEventListener("dragover", (event) => {
  event.preventDefault();
  drop.classList.add("over");
});
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", async (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (isRunning) return;
  if (isJudgment) {
    show(listJudgment([...event.dataTransfer.files]), "oneFile");
    return;
  }
  const tell = (files) => { part("reading").textContent = say("reading", { files: number.format(files) }); };
  show(await listDropped(event.dataTransfer.items, tell), "oneFolder");
});

part("again").addEventListener("click", () => {
  listing = null;
  part("listed").hidden = true;
  part("pick").value = "";
  part("pick").focus();
});

// MARK: Sending

// A warning only as long as leaving would interrupt something.
addEventListener("beforeunload", (event) => { if (isRunning) event.preventDefault(); });

const rate = { bytes: 0, at: 0, value: 0 };

function draw() {
  const { files, bytes } = { files: listing.files.length, bytes: listing.bytes };
  const line = (done, doneBytes) => say("count", {
    done: number.format(done), files: number.format(files), bytes: size(doneBytes), allBytes: size(bytes),
  });
  const share = (done, doneBytes) => (bytes > 0 ? (done / files + doneBytes / bytes) / 2 : done / files);
  part("hash-bar").value = share(sender.hashedFiles, sender.hashedBytes);
  part("hash-says").textContent = line(sender.hashedFiles, sender.hashedBytes);
  part("send-bar").value = share(sender.sentFiles, sender.sentBytes);
  part("send-says").textContent = line(sender.sentFiles, sender.sentBytes);
}

function drawRate() {
  const now = performance.now();
  const seconds = (now - rate.at) / 1000;
  if (seconds < 2) return;
  const fresh = Math.max(0, sender.sentBytes - rate.bytes) / seconds;
  rate.value = rate.value === 0 ? fresh : rate.value * 0.7 + fresh * 0.3;
  Object.assign(rate, { bytes: sender.sentBytes, at: now });
  if (rate.value > 0) {
    part("rate").textContent = say("rate", {
      rate: size(Math.round(rate.value)), left: time((listing.bytes - sender.sentBytes) / rate.value),
    });
  }
}

async function run() {
  if (isRunning || !listing) return;
  isRunning = true;
  trouble(null);
  part("listed").hidden = true;
  drop.hidden = true;
  part("running").hidden = false;
  const offline = (seconds) => trouble(seconds === null ? null : say("offline", { seconds }), false);
  sender = new Sender(`/pages/consignments/${box.dataset.id}`, listing, part("top")?.checked ?? false, () => token, offline);
  Object.assign(rate, { bytes: 0, at: performance.now(), value: 0 });
  const timer = setInterval(() => {
    draw();
    drawRate();
  }, 250);
  try {
    await sender.run();
    draw();
    isRunning = false;
    if (sender.missing) throw new Trouble("missing", { count: number.format(sender.missing) });
    part("rate").textContent = say("done");
    location.assign(box.dataset.next);
  } catch (error) {
    isRunning = false;
    const text = error instanceof Trouble ? say(error.word, error.values) : say("refused", { why: error.message });
    if (["missing", "changed"].includes(error.word)) {
      drop.hidden = false;
      part("running").hidden = true;
      trouble(text, false);
    } else {
      trouble(text, true);
    }
  } finally {
    clearInterval(timer);
  }
}

part("start").addEventListener("click", run);
part("retry").addEventListener("click", async () => {
  // After a new sign-in the page has a new token.
  try {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    token = page.getElementById("upload")?.dataset.csrf ?? token;
  } catch {
    // The archive is away; going on tells so.
  }
  run();
});

box.hidden = false;
