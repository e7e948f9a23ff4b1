// The live page: what the viewer does, and what the server says.

import { Line } from "/static/line.js";
import { Pane, clock } from "/static/pane.js";
import { Pictures, camera, watch } from "/static/eyes.js";
import { Voice } from "/static/voice.js";

const $ = id => document.getElementById(id);
const known = JSON.parse($("live").dataset.known);
const video = $("video"), pictures = new Pictures($("picture")), voice = new Voice($("speak"));
const panes = [...document.querySelectorAll(".pane")].map(element => new Pane(element, go));
const line = new Line(hear, buffer => pictures.take(buffer), gone);

let kind = "file", player = true, run = 0, begun = 0, heard = 0, wanted = 0, eye = null, ended = 0, held = false, told = "";
let address = "", fresh = true, mode = "comment", looked = 0, range = {};

function tell(text, bad = false) {
  $("notice").textContent = text; $("notice").hidden = !text; $("notice").classList.toggle("bad", bad);
  $("notice").setAttribute("role", bad ? "alert" : "status");
}

// Where playback is, whatever plays.
const second = () => kind === "camera" ? eye?.second() ?? 0 : player ? video.currentTime : pictures.second;
const playing = () => player ? !video.paused && !video.seeking && !video.ended && video.readyState >= 3 : !held;

function at() {
  if (run && mode === "comment" && kind === "file" && player)
    // Past the end: the last interval may end a little after the last picture.
    line.say({ type: "at", at: video.ended ? video.duration + 10 : video.currentTime, playing: playing(), rate: video.playbackRate });
}

function begin(from) {
  run = 0; begun = heard = from; ended = 0; held = false; busy(-Infinity);
  $("pause").textContent = "Pause";
  if (mode === "chat") return line.say({ type: "start", source: "file", mode, ...range });
  line.say({ type: "start", source: kind, at: from, query: $("query").value.trim() || $("query").defaultValue, player,
    ...(kind === "address" ? { address } : {}) });
}

const picked = name => new FormData($("setup")).get(name);

async function start() {
  mode = picked("mode"); kind = mode === "chat" ? "file" : picked("kind");
  range = { at: Number($("from").value) || 0, until: Number($("until").value) || 0 };
  stop();
  const file = $("file").files[0];
  if (kind === "file" && !file) throw new Error("Choose a file first.");
  if (kind === "file" && file.size > known.uploadBytes)
    throw new Error(`The file is larger than ${Math.floor(known.uploadBytes / 2 ** 20)} MB, which is what is taken here.`);
  address = $("address").value.trim();
  if (kind === "address" && !address) throw new Error("Give an address first.");
  if (!line.open) { tell("Taking a seat …"); await line.sit(); }
  panes.forEach(pane => pane.clear());
  $("now").textContent = "";
  if (kind === "file") await chosen(file);
  else player = kind === "camera";
  if (kind === "camera") await camera(video);
  history.replaceState(null, "", kind === "address" ? `?url=${encodeURIComponent(address)}${location.hash}` : location.pathname + location.hash);
  tell("Starting …");
  fresh = true;
  begin(kind === "camera" || mode === "chat" ? 0 : wanted);
}

async function chosen(file) {
  const progress = $("progress");
  progress.hidden = false; progress.value = 0;
  tell("Sending the file …");
  try {
    await line.send(file, share => { progress.value = share; if (share === 1) tell("Looking at the file …"); });
  } finally { progress.hidden = true; }
  video.src = URL.createObjectURL(file);
  player = await new Promise(resolve => { video.onloadedmetadata = () => resolve(video.videoWidth > 0); video.onerror = () => resolve(false); });
  video.onerror = null;
}

function stop() {
  run = 0;
  eye?.end(); eye = null;
  video.srcObject?.getTracks().forEach(track => track.stop());
  video.pause(); video.srcObject = null;
  if (video.src) { URL.revokeObjectURL(video.src); video.removeAttribute("src"); video.load(); }
  pictures.clear(); voice.hush();
}

async function ready(message) {
  run = message.run; begun = heard = message.at;
  $("setup").hidden = true; $("watch").hidden = false;
  if (!fresh) return at();
  fresh = false;
  $("watch").dataset.mode = mode;
  $("watch").setAttribute("aria-label", mode === "chat" ? "Questions about the video" : "Live commentary");
  $("about").textContent = mode === "chat" ? "Ask about the video" : "Ask about what was seen";
  $("asked").placeholder = mode === "chat" ? "What happens in it?" : "What happened just now?";
  panes.forEach(pane => pane.list.setAttribute("aria-live", mode === "chat" ? "polite" : "off"));
  if (mode === "chat") return seeing(message);
  $("newquery").value = $("query").value;
  video.hidden = !player; $("picture").hidden = player; video.controls = kind !== "camera";
  $("pause").hidden = player || message.live;
  tell(kind === "file" && !player ? "The browser cannot play this file, so you see the pictures that the model sees." : "");
  if (kind === "camera") eye = watch(video, 2 * known.fps, (jpeg, when) => line.show(jpeg, when));
  if (kind === "file" && player) video.currentTime = message.at;
  if (player) await video.play().catch(() => { video.muted = true; return video.play().catch(() => tell("Press play.")); });
  at();
}

// The models look at the whole video; until they have, nothing can be asked.
function seeing(message) {
  looked = 0; video.hidden = !player; $("picture").hidden = true; video.controls = true; $("pause").hidden = true;
  busy(-Infinity); busy(panes.length);
  if (player) video.currentTime = message.at;
  tell(`Looking at ${message.name} …`);
}

function seen() {
  busy(-1);
  if (++looked < panes.length) return;
  tell(player ? "The whole video was seen. Ask about it." : "The whole video was seen, though the browser cannot play it. Ask about it.");
  $("asked").focus();
}

function hear(message) {
  if (message.type === "refused") { told = message.text; return; }
  if (message.run !== undefined && message.type !== "ready" && message.run !== run) return;
  if (message.type === "ready") ready(message);
  else if (message.type === "said") said(message);
  else if (message.type === "looked") seen();
  else if (message.type === "answer") { if (mode === "chat" && !$("notice").classList.contains("bad")) tell(""); panes[message.model].answer(message); busy(-1); }
  else if (message.type === "query") tell(`From now on: ${message.text}`);
  else if (message.type === "notice") tell(message.text);
  else if (message.type === "error") { tell(message.text, true); busy(-Infinity); }
  else if (message.type === "ended" && ++ended === panes.length && !$("notice").classList.contains("bad")) tell("It is over. You may still ask.");
}

function said(message) {
  panes[message.model].add(message);
  heard = Math.max(heard, message.end);
  if (message.text.trim() && message.model === spoken()) {
    $("now").textContent = message.text;
    voice.say(message.text);
  }
  moved();
}

const spoken = () => Number($("voice")?.value ?? 0);

function moved() {
  const now = second();
  panes.forEach((pane, number) => {
    const here = pane.mark(Math.max(now, 0));
    if (here && number === spoken() && player && kind === "file" && now < heard - 1.5) $("now").textContent = here.text;
  });
}

function gone() {
  stop();
  $("setup").hidden = false;
  tell(told || "The connection ended. Start again.", true);
  told = "";
  $("start").disabled = false;
  busy(-Infinity);
}

// The page's own player went somewhere: back into what was said, or to where the models have to begin anew.
function sought() {
  const now = video.currentTime;
  if (mode === "comment" && kind === "file" && player && !$("watch").hidden && (!run || now > heard + 3.5 || now < begun - 0.5)) begin(now);
  else at();
}

function go(to) {
  if (kind === "file" && player) { video.currentTime = Math.max(0, Math.min(to, video.duration || to)); }
  else tell(`That was at ${clock(to)}; only a file that this browser plays can be gone back in.`);
}

let open = 0;
function busy(more) { open = Math.max(0, open + more); $("question").querySelector("button").disabled = open > 0; }

$("setup").addEventListener("submit", event => {
  event.preventDefault();
  $("start").disabled = true;
  start().catch(error => tell(error.message, true)).finally(() => { $("start").disabled = false; });
});
$("setup").addEventListener("change", () => {
  const chat = picked("mode") === "chat", chosenKind = chat ? "file" : picked("kind");
  $("kinds").hidden = $("asfor").hidden = chat; $("range").hidden = !chat;
  document.querySelectorAll(".kind").forEach(part => { part.hidden = part.dataset.kind !== chosenKind; });
  const file = $("file").files[0];
  $("chosen").textContent = file ? `${file.name} (${(file.size / 2 ** 20).toFixed(1)} MB)` : "Choose a video, or drop it here";
});
for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]])
  $("drop").addEventListener(name, event => {
    event.preventDefault();
    $("drop").classList.toggle("over", over);
    if (name === "drop" && event.dataTransfer.files.length) {
      $("file").files = event.dataTransfer.files;
      $("file").dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
$("question").addEventListener("submit", event => {
  event.preventDefault();
  const text = $("asked").value.trim();
  if (!text) return;
  line.say({ type: "ask", text });
  if (mode === "chat") tell("Thinking …");
  $("asked").value = "";
  busy(panes.length);
});
$("requery").addEventListener("submit", event => {
  event.preventDefault();
  const text = $("newquery").value.trim();
  if (text) { line.say({ type: "query", text }); $("query").value = text; }
});
$("pause").addEventListener("click", () => {
  held = !held;
  $("pause").textContent = held ? "Go on" : "Pause";
  line.say({ type: "at", at: pictures.second, playing: !held, rate: 1 });
});
$("again").addEventListener("click", () => {
  line.leave(); stop();
  $("watch").hidden = true; $("setup").hidden = false; tell(""); $("start").focus();
});
$("link").addEventListener("click", async () => {
  history.replaceState(null, "", `${location.pathname}${location.search}#t=${second().toFixed(1)}`);
  const what = kind === "address" ? "" : " It leads to this second of the same file, once that is chosen.";
  await navigator.clipboard?.writeText(location.href).then(() => tell(`The link is copied.${what}`),
    () => tell(`The link is in the address bar.${what}`)) ?? tell(`The link is in the address bar.${what}`);
});
for (const name of ["play", "playing", "pause", "waiting", "ratechange", "timeupdate", "ended"]) video.addEventListener(name, () => { at(); moved(); });
video.addEventListener("seeked", () => { sought(); moved(); });
setInterval(() => { if (!$("watch").hidden && !(kind === "file" && player)) moved(); }, 500);
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || $("watch").hidden || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (event.key === "/") { event.preventDefault(); $("asked").focus(); }
  else if (event.key === "k") { if (!player) $("pause").click(); else if (video.paused) video.play(); else video.pause(); }
  else if (event.key === "j") go(second() - 5);
  else if (event.key === "l") go(second() + 5);
});

// A link to a moment: #t=12.3 of the file that is chosen, or of ?url=, which is not opened before the viewer says so.
function moment() {
  const found = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  wanted = found ? Number(found[1]) : 0;
  $("begins").textContent = `It begins at ${clock(wanted)}, as the link says.`;
  $("begins").hidden = !wanted;
  if (found && !$("watch").hidden) go(wanted);
}
window.addEventListener("hashchange", moment);
moment();
const given = new URLSearchParams(location.search).get("url"), choice = document.querySelector("[name=kind][value=address]");
if (given && choice) { choice.checked = true; $("address").value = given; }
else if (given) tell("The link names an address, and addresses are not opened here. Choose the file instead.", true);
$("setup").dispatchEvent(new Event("change"));
