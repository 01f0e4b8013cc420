// Replaces or adds a file: says how far it is, and lets the archive prove that the file has arrived as it was.
function prepare(form) {
  const words = JSON.parse(form.dataset.words);
  const says = form.querySelector("[role=status]");
  const button = form.querySelector("button");
  const say = (word, values = {}) => {
    says.textContent = words[word].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
  };
  const share = (done, all) => Math.floor((100 * done) / Math.max(1, all));

  const hash = (file) => new Promise((done, failed) => {
    const worker = new Worker("/assets/hash-worker.js", { type: "module" });
    let read = 0;
    worker.onmessage = ({ data }) => {
      if (data.read) {
        read += data.read;
        say("hashing", { share: share(read, file.size) });
        return;
      }
      worker.terminate();
      if (data.digest) done(data.digest);
      else failed(new Error("unreadable"));
    };
    worker.onerror = () => failed(new Error("unreadable"));
    worker.postMessage({ id: file.name, file });
  });

  const send = (data) => new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "text/html");
    request.upload.onprogress = ({ loaded, total }) => say("sending", { share: share(loaded, total) });
    request.upload.onload = () => say("taking");
    request.onload = () => done(request);
    request.onerror = () => failed(new Error("offline"));
    request.send(data);
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [file] = form.elements.namedItem("file").files;
    if (!file || button.disabled) return;
    button.disabled = true;
    try {
      say("hashing", { share: 0 });
      form.elements.namedItem("sha256").value = await hash(file);
      form.elements.namedItem("modified").value = file.lastModified;
      // As it is: forms escape some characters of names, and some names look escaped.
      const name = form.elements.namedItem("name");
      if (name) name.value = file.name;
      say("sending", { share: 0 });
      const answer = await send(new FormData(form));
      if (answer.status < 400) {
        location.assign(answer.responseURL);
        return;
      }
      const page = new DOMParser().parseFromString(answer.responseText, "text/html");
      document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
      document.title = page.title;
      for (const one of document.querySelectorAll("form.replace")) prepare(one);
      document.querySelector("h1").scrollIntoView();
    } catch (error) {
      say(error.message in words ? error.message : "offline");
      button.disabled = false;
    }
  });
}

for (const form of document.querySelectorAll("form.replace")) prepare(form);
