// What a folder that was chosen or dropped holds: files, empty folders, and what is left out and why.

const isSystem = (name) => name === ".DS_Store" || ["thumbs.db", "desktop.ini"].includes(name.toLowerCase());
// A browser gives names as text: where bytes did not fit it has put a mark, and the name would arrive changed.
const isChanged = (path) => path.includes("\ufffd") || !path.isWellFormed();

export class Listing {
  name = "";
  files = [];
  emptyFolders = [];
  leftOut = [];
  bytes = 0;

  add(path, file) {
    const why = isSystem(path.split("/").pop()) ? "system" : isChanged(path) ? "badName" : null;
    if (why) {
      this.leftOut.push({ path, why });
      return;
    }
    this.files.push({ path, file, size: file.size, modified: file.lastModified });
    this.bytes += file.size;
  }

  // A folder whose only files are left out is empty, too.
  finish() {
    const filled = new Set();
    for (const { path } of this.files) {
      for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
        const folder = path.slice(0, end);
        if (filled.has(folder)) break;
        filled.add(folder);
      }
    }
    const empty = new Set(this.emptyFolders);
    for (const { path } of this.leftOut) {
      const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      if (folder && !filled.has(folder) && !isChanged(folder)) empty.add(folder);
    }
    // One that holds an empty one is there by that.
    this.emptyFolders = [...empty].filter((folder) => !filled.has(folder));
    this.files.sort((a, b) => (a.path < b.path ? -1 : 1));
    return this;
  }
}

// Files of an input with webkitdirectory.
export function listPicked(files) {
  const listing = new Listing();
  for (const file of files) listing.add(file.webkitRelativePath || file.name, file);
  const first = files[0]?.webkitRelativePath ?? "";
  listing.name = first.includes("/") ? first.split("/")[0] : "";
  return listing.finish();
}

const children = (reader) => new Promise((done, failed) => { reader.readEntries(done, failed); });
const fileOf = (entry) => new Promise((done, failed) => { entry.file(done, failed); });

// One dropped folder, with its empty folders. Null when it is anything else.
export async function listDropped(items, tell) {
  const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length !== 1 || !entries[0].isDirectory) return null;
  const listing = new Listing();
  listing.name = entries[0].name;
  const waiting = [entries[0]];
  while (waiting.length > 0) {
    const folder = waiting.pop();
    const path = folder.fullPath.slice(1);
    const reader = folder.createReader();
    let count = 0;
    try {
      for (;;) {
        const some = await children(reader);
        if (some.length === 0) break;
        count += some.length;
        for (const entry of some) {
          if (entry.isDirectory) {
            waiting.push(entry);
            continue;
          }
          try {
            listing.add(entry.fullPath.slice(1), await fileOf(entry));
          } catch (error) {
            listing.leftOut.push({ path: entry.fullPath.slice(1), why: "unreadable", detail: error.message });
          }
        }
        tell(listing.files.length);
      }
    } catch (error) {
      listing.leftOut.push({ path, why: "unreadable", detail: error.message });
    }
    if (count === 0) {
      if (isChanged(path)) listing.leftOut.push({ path, why: "badName" });
      else listing.emptyFolders.push(path);
    }
  }
  return listing.finish();
}

// One judgment. Null when it is not one file ending in .docx.
export function listJudgment(files) {
  if (files.length !== 1 || !files[0].name.endsWith(".docx")) return null;
  const listing = new Listing();
  listing.add(files[0].name, files[0]);
  return listing.finish();
}
