// A Node that is already up: scripts that end by themselves are run one after another in it, in folders of their own.
//
// Reads jobs as lines of JSON, {folder, argv}: argv[0] is run in `folder`. Answers each with {code, last, stdout, stderr}. A script
// that exits, is left waiting, or throws while something is under way ends this process as it would its own, after the answer.
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const { createRequire } = require("module");

let printed = { stdout: "", stderr: "" };
let answered = true;
let pending = false;
let rest = "";
let idle = 0;

function answer(code, last = false) {
  if (answered) return;
  answered = true;
  fs.writeSync(1, JSON.stringify({ code, last, ...printed }) + "\n");
}

function line() {
  const piece = Buffer.alloc(65536);
  while (!rest.includes("\n")) {
    const size = fs.readSync(0, piece);
    if (size === 0) return "";
    rest += piece.toString("utf8", 0, size);
  }
  const end = rest.indexOf("\n");
  const found = rest.slice(0, end);
  rest = rest.slice(end + 1);
  return found;
}

function failed(error) {
  printed.stderr += (error && error.stack) || String(error);
  if (process.getActiveResourcesInfo().length > idle) process.exit(1);
  pending = false;
  answer(1);
}

function next() {
  const read = line();
  if (!read) return;
  const job = JSON.parse(read);
  printed = { stdout: "", stderr: "" };
  answered = false;
  process.exitCode = undefined;
  process.chdir(job.folder);
  const script = path.join(job.folder, job.argv[0]);
  process.argv = [process.execPath, script, ...job.argv.slice(1)];
  setImmediate(() => { idle = process.getActiveResourcesInfo().length; begin(script); });
}

function begin(script) {
  if (!script.endsWith(".mjs")) return createRequire(script)(script);
  pending = true;
  import(pathToFileURL(script)).then(() => { pending = false; }, failed);
}

for (const name of ["stdout", "stderr"]) {
  process[name].write = (text) => { printed[name] += text; return true; };
}
process.on("uncaughtException", failed);
process.on("unhandledRejection", failed);
process.on("exit", (code) => answer(code, true));
process.on("beforeExit", () => {
  if (pending) process.exit(13);
  answer(process.exitCode ?? 0);
  next();
});
next();
