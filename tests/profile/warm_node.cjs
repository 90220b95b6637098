// A Node that is already up: scripts are run one after another in it, in folders of their own.
//
// Reads jobs as lines of JSON, {folder, argv}: argv[0] is run in `folder` and has ended when nothing is left to be waited for.
// Answers each with {code, last, stdout, stderr}. A script that exits or is left waiting ends this process as it would its own,
// after the answer; what one that has thrown still has under way is let run for a while.
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const { createRequire } = require("module");

const WHILE = 300;
let job = { answered: true };
let rest = "";

function answer(code, last = false) {
  if (job.answered) return;
  job.answered = true;
  fs.writeSync(1, JSON.stringify({ code, last, stdout: job.stdout, stderr: job.stderr }) + "\n");
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
  job.stderr += (error && error.stack) || String(error);
  job.failed = true;
  job.pending = false;
  setTimeout((own) => own === job && process.exit(1), WHILE, job).unref();
}

function next() {
  const read = line();
  if (!read) return;
  const order = JSON.parse(read);
  job = { answered: false, failed: false, pending: false, stdout: "", stderr: "" };
  process.exitCode = undefined;
  process.chdir(order.folder);
  const script = path.join(fs.realpathSync(order.folder), order.argv[0]);
  process.argv = [process.execPath, script, ...order.argv.slice(1)];
  setImmediate(begin, script);
}

function begin(script) {
  if (!script.endsWith(".mjs")) return createRequire(script)(script);
  const own = job;
  job.pending = true;
  import(pathToFileURL(script)).then(() => { own.pending = false; }, failed);
}

for (const name of ["stdout", "stderr"]) {
  process[name].write = (text) => { job[name] += text; return true; };
}
process.on("uncaughtException", failed);
process.on("unhandledRejection", failed);
process.on("exit", (code) => answer(job.failed ? 1 : code, true));
process.on("beforeExit", () => {
  if (job.pending) process.exit(13);
  answer(job.failed ? 1 : process.exitCode ?? 0);
  next();
});
next();
