// Follows the checks, or an export, as the archive tells of them.
const box = document.getElementById("checks");
const words = JSON.parse(box.dataset.words);
const number = new Intl.NumberFormat(document.documentElement.lang);
const alive = document.getElementById("alive");
const say = (word, values) => words[word].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
const fields = { antivirus: "antivirusProcessed", checksum: "checksumProcessed", format: "ffidProcessed" };
const bars = [...box.querySelectorAll("progress")];

const source = new EventSource(box.dataset.events);
source.addEventListener("progress", ({ data }) => {
  const progress = JSON.parse(data);
  alive.textContent = words.live;
  let isOver = bars.length > 0;
  for (const bar of bars) {
    const done = progress[fields[bar.dataset.kind]];
    const total = progress.totalFiles;
    bar.max = total;
    bar.value = done;
    document.getElementById(`says-${bar.dataset.kind}`).textContent =
      say("count", { done: number.format(done), total: number.format(total) });
    if (done < total) isOver = false;
  }
  if (bars.length === 0) isOver = progress.statuses.Export !== "InProgress";
  if (isOver) {
    source.close();
    location.reload();
  }
});
source.addEventListener("end", () => source.close());
source.addEventListener("error", () => { alive.textContent = words.lost; });
