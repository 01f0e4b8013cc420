// Follows the checks, or an export, as the archive tells of them.
const box = document.getElementById("checks");
const words = JSON.parse(box.dataset.words);
const number = new Intl.NumberFormat(document.documentElement.lang);
const alive = document.getElementById("alive");
const say = (word, values) => words[word].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
const fields = { antivirus: "antivirusProcessed", checksum: "checksumProcessed", format: "ffidProcessed" };
const bars = [...box.querySelectorAll("progress")];

// A table that somebody works in is not taken away from under their hands: it offers the new one.
const fresh = document.getElementById("over");

const endings = ["Completed", "CompletedWithIssues", "Failed"];

const isChecked = (progress) => {
  const kinds = bars.length > 0 ? bars.map((bar) => bar.dataset.kind) : ["checksum", "format"];
  return progress.state !== "In Progress" && kinds.every((kind) => progress[fields[kind]] >= progress.totalFiles);
};

const source = new EventSource(box.dataset.events);
source.addEventListener("progress", ({ data }) => {
  const progress = JSON.parse(data);
  alive.textContent = words.live;
  for (const bar of bars) {
    const done = progress[fields[bar.dataset.kind]];
    const total = progress.totalFiles;
    bar.max = total;
    bar.value = done;
    document.getElementById(`says-${bar.dataset.kind}`).textContent =
      say("count", { done: number.format(done), total: number.format(total) });
  }
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
source.addEventListener("end", () => source.close());
source.addEventListener("error", () => { alive.textContent = words.lost; });
