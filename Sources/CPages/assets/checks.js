// Follows the checks, or an export, as the archive tells of them.
import { size } from "./size.js";

// Milliseconds until the archive is asked again after the connection was lost: longer each time.
const FIRST_PAUSE = 2000;
const LONGEST_PAUSE = 30000;

const box = document.getElementById("checks");
const words = JSON.parse(box.dataset.words);
const number = new Intl.NumberFormat(document.documentElement.lang);
const alive = document.getElementById("alive");
const say = (word, values) => words[word].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
const fields = { antivirus: "antivirusProcessed", checksum: "checksumProcessed", format: "ffidProcessed" };
const bars = [...box.querySelectorAll("progress[data-kind]")];
const written = document.getElementById("bar-export");

// A table that somebody works in is not taken away from under their hands: it offers the new one.
const fresh = document.getElementById("over");

const endings = ["Completed", "CompletedWithIssues", "Failed"];

// Whether there is an antivirus check is known only when the checks have begun.
const isMade = (kind, progress) => kind !== "antivirus" || !progress.withoutAntivirus;

const isChecked = (progress) => {
  const shown = bars.length > 0 ? bars.map((bar) => bar.dataset.kind) : ["checksum", "format"];
  const kinds = shown.filter((kind) => isMade(kind, progress));
  return progress.state !== "In Progress" && kinds.every((kind) => progress[fields[kind]] >= progress.totalFiles);
};

function showChecks(progress) {
  for (const bar of bars) {
    const done = progress[fields[bar.dataset.kind]];
    const total = progress.totalFiles;
    bar.closest(".check").hidden = !isMade(bar.dataset.kind, progress);
    bar.max = total;
    bar.value = done;
    document.getElementById(`says-${bar.dataset.kind}`).textContent =
      say("count", { done: number.format(done), total: number.format(total) });
  }
}

// Until it is known how much there is, there is no number to show.
function showExport({ exportFiles: done, exportFilesTotal: total, exportBytes: bytes, exportBytesTotal: allBytes }) {
  document.getElementById("known").hidden = total === undefined;
  if (total === undefined) return;
  const share = (part, all) => (all > 0 ? part / all : 1);
  written.max = 1;
  written.value = allBytes > 0 ? (share(done, total) + share(bytes, allBytes)) / 2 : share(done, total);
  document.getElementById("says-export").textContent = say("count", {
    done: number.format(done), total: number.format(total), bytes: size(bytes), allBytes: size(allBytes),
  });
}

let pause = FIRST_PAUSE;

function listen() {
  const source = new EventSource(box.dataset.events);
  // Whatever ended it: the work goes on, and so does this page.
  const lost = (word) => {
    source.close();
    alive.textContent = words[word];
    setTimeout(listen, pause);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  };
  source.addEventListener("progress", ({ data }) => {
    const progress = JSON.parse(data);
    pause = FIRST_PAUSE;
    alive.textContent = words.live;
    showChecks(progress);
    if (written) showExport(progress);
    const isOver = box.dataset.wait === "checks" ? isChecked(progress) : endings.includes(progress.statuses.Export);
    if (!isOver) return;
    source.close();
    if (fresh) {
      alive.textContent = words.over;
      fresh.hidden = false;
    } else {
      location.reload();
    }
  });
  source.addEventListener("end", ({ data }) => lost(JSON.parse(data).reason === "signedOut" ? "signedOut" : "lost"));
  source.addEventListener("error", () => lost("lost"));
}

listen();
