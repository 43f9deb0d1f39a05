// The phone page. Lines come in by one event stream that resumes where it was; what the person sends waits in a
// queue in the browser until the server has it, under a key that makes sending it twice harmless.

import { recorder } from "./recorder.js";

const settings = document.body.dataset;
const $ = (id) => document.getElementById(id);
const [log, statusLine, text, offers, file] = ["log", "status", "text", "offers", "file"].map($);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(12)); // randomUUID is missing where the page is not https
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Where several phones share a browser, each request says which of them it comes from; its session is in a cookie.
function ofPhone(url) {
  if (!settings.phone) return url;
  return `${url}${url.includes("?") ? "&" : "?"}phone=${settings.phone}`;
}

// ---- The log ----

const lines = new Map(); // seq -> { line, node }
const pending = new Map(); // key -> node of what the server has not confirmed
let lastSeq = 0;
let lastDay = "";
let caughtUp = false;
let awaiting = false; // an answer to what was just sent: it is shown, however far up the person has read

function show(line) {
  lastSeq = Math.max(lastSeq, line.seq);
  if (line.edits) return change(line);
  if (lines.has(line.seq)) return;
  const follow = line.mine || awaiting || isAtEnd();
  removePending(line.key);
  document.querySelector(".hint")?.remove();
  if (!line.mine) {
    awaiting = false;
    setBusy(false);
    retire(line);
    if (caughtUp && parent !== window) parent.postMessage("news", location.origin); // to the page of several phones
  }
  const day = line.at.slice(0, 10);
  if (day !== lastDay) {
    lastDay = day;
    place(make("p", { className: "day" }, `${Number(day.slice(5, 7))}月${Number(day.slice(8))}日`));
  }
  const node = messageNode(line.mine, contentOf(line), line.at.slice(11, 16));
  if (caughtUp) node.classList.add("fresh");
  lines.set(line.seq, { line, node });
  showButtons(line, node);
  place(node);
  if (follow) toEnd();
}

function change(edit) {
  const known = lines.get(edit.edits);
  if (!known) return;
  const { line, node } = known;
  const follow = isAtEnd();
  if (edit.text !== null && edit.text !== line.text) {
    line.text = edit.text;
    line.links = edit.links;
    node.querySelector(".bubble").replaceChildren(...contentOf(line));
  }
  line.buttons = edit.buttons;
  line.wants = edit.wants;
  showButtons(line, node);
  setBusy(false);
  pressHeld(line);
  if (follow) toEnd();
}

function messageNode(mine, content, meta) {
  const who = make("span", { className: "unseen" }, mine ? "我：" : "村报：");
  return make(
    "article",
    { className: mine ? "message mine" : "message", tabIndex: -1 },
    who,
    make("div", { className: "bubble" }, ...content),
    make("span", { className: "meta" }, meta),
    make("div", { className: "choices", role: "group", "aria-label": "可选的回答" }),
  );
}

function contentOf(line) {
  const content = [];
  if (line.file) content.push(fileNode(line.file, line.mine));
  if (line.text) content.push(make("p", {}, ...linked(line.text, line.links)));
  return content;
}

function fileNode(kept, mine) {
  const url = ofPhone(kept.url);
  if (kept.kind === "image" && (mine || !kept.name)) {
    const image = make("img", { src: url, alt: mine ? "我发的照片" : "照片", onload: () => isAtEnd(400) && toEnd() });
    image.onerror = () => (image.alt = "照片现在打不开，点这里看原因");
    return make("a", { href: url, target: "_blank", rel: "noopener" }, image);
  }
  if (kept.kind === "audio") return make("audio", { src: url, controls: true, preload: "none" });
  if (kept.kind === "erased") return make("p", {}, "（语音已删除）");
  return make("a", { href: url, download: kept.name || "文件" }, kept.name || "文件");
}

// Only links that the bot itself wrote can be tapped: whatever else looks like one was typed by somebody.
function linked(words, links) {
  return links.reduce(
    (parts, link) => parts.flatMap((part) => (typeof part === "string" ? around(part, link) : part)),
    [words],
  );
}

function around(words, link) {
  const [first, ...others] = words.split(link);
  return [first, ...others.flatMap((part) => [make("a", { href: link, target: "_blank", rel: "noopener" }, link), part])];
}

function showButtons(line, node) {
  const group = node.querySelector(".choices");
  const focused = group.contains(document.activeElement) ? document.activeElement.dataset.says : null;
  group.replaceChildren(
    ...line.buttons.map((row) => make("div", { className: "row" }, ...row.map((one) => buttonNode(line, one)))),
  );
  if (focused === null) return;
  const again = [...group.querySelectorAll("button")].find((button) => button.dataset.says === focused);
  (again || node).focus({ preventScroll: true });
}

// A question that is asked again, or the next one of the same talk, takes the place of the one before.
function retire(next) {
  const talk = talkOf(next);
  if (!talk) return;
  for (const { line, node } of lines.values()) {
    if (talkOf(line) !== talk) continue;
    line.buttons = [];
    showButtons(line, node);
  }
}

function talkOf(line) {
  const says = line.buttons.flat()[0]?.says || "/";
  return says.startsWith("/") ? "" : says.split(":")[0];
}

function buttonNode(line, one) {
  const button = make("button", { type: "button", className: `choice ${one.look}` }, one.label);
  if (one.label.startsWith("☑")) button.classList.add("ticked");
  button.dataset.says = one.says;
  button.onclick = () => {
    if (button.closest(".choices").getAttribute("aria-busy") !== "true") press(line, one.says);
    else if (one.says !== line.pressed) line.held = [...(line.held || []), one.says];
  };
  return button;
}

function press(line, says) {
  line.pressed = says;
  lines.get(line.seq).node.querySelector(".choices").setAttribute("aria-busy", "true");
  send({ choice: says, pressed: String(line.seq) });
}

// Whoever ticks quickly need not wait for each tick: the next goes out when the question shows the last.
function pressHeld(line) {
  const says = line.held?.shift();
  if (says === undefined) return;
  if (line.buttons.flat().some((one) => one.says === says)) press(line, says);
  else line.held = [];
}

function setBusy(busy) {
  for (const group of log.querySelectorAll('[aria-busy="true"]')) group.setAttribute("aria-busy", String(busy));
}

function place(node) {
  const firstPending = pending.values().next().value;
  log.insertBefore(node, firstPending || null);
}

function addPending(key, content) {
  document.querySelector(".hint")?.remove();
  const node = messageNode(true, content, "发送中…");
  node.classList.add("pending");
  pending.set(key, node);
  log.append(node);
  toEnd();
}

function removePending(key) {
  pending.get(key)?.remove();
  pending.delete(key);
}

// `way` is a button with what can be done instead.
function note(words, way = "") {
  place(make("p", { className: "note", role: "alert" }, words, way));
  toEnd();
}

const isAtEnd = (slack = 120) => log.scrollHeight - log.scrollTop - log.clientHeight < slack;
const toEnd = () => (log.scrollTop = log.scrollHeight);

// Whoever reads the newest goes on reading it when a keyboard, an offer or a change of tab resizes the log.
let following = true;
log.onscroll = () => (following = isAtEnd());
new ResizeObserver(() => following && toEnd()).observe(log);

function showOffers() {
  const last = [...lines.values()].filter((one) => !one.line.mine).pop();
  const wants = last ? last.line.wants : "";
  const wasAtEnd = isAtEnd();
  $("offer-photo").hidden = wants !== "photos";
  $("offer-place").hidden = wants !== "photos" && wants !== "place";
  $("offer-voice").hidden = wants !== "voice";
  offers.hidden = $("offer-photo").hidden && $("offer-place").hidden && $("offer-voice").hidden;
  text.inputMode = wants === "contact" ? "tel" : "text";
  if (wasAtEnd) toEnd();
}

// ---- The stream ----

const SILENCE = 40_000; // ms: the server is heard every 15 s, so this is a connection that died without a word
let stream = null;
let heardAt = Date.now();
let lost = null; // timer that tells of a lost connection; null while it stands

function listen() {
  stream?.close();
  heardAt = Date.now();
  stream = new EventSource(ofPhone(`/events?after=${lastSeq}`));
  stream.onopen = () => {
    heard();
    flush();
  };
  stream.addEventListener("beat", () => {
    heard();
    if (!caughtUp) settle();
  });
  stream.addEventListener("line", (event) => {
    heard();
    show(JSON.parse(event.data));
    showOffers();
  });
  stream.onerror = () => {
    lost ??= setTimeout(() => tell("连接中断，正在重连…"), 1500);
    if (stream.readyState === EventSource.CLOSED) setTimeout(ask, 3000);
  };
}

function heard() {
  heardAt = Date.now();
  connected();
}

function connected() {
  clearTimeout(lost);
  if (lost !== null) tell("");
  lost = null;
}

// A refused stream does not say why: without a session there is no use in trying again.
async function ask() {
  const stop = new AbortController();
  try {
    const answer = await fetch(ofPhone(`/events?after=${lastSeq}`), { signal: stop.signal });
    if (answer.status === 401) return close((await answer.json()).error);
  } catch {
    // still away: listening again tells when that is over
  } finally {
    stop.abort();
  }
  listen();
}

// What was missed has been shown: from here on a screen reader reads out what comes.
function settle() {
  caughtUp = true;
  log.setAttribute("aria-live", "polite");
  toEnd();
  if (!lines.size && !pending.size) {
    log.append(make("p", { className: "hint" }, "写一句话就开始，例如：你好。也可以点右上角的「菜单」。"));
  }
}

// Signed out: what was said here is not for whoever holds the phone next, nor is it theirs to send.
function close(words) {
  stream?.close();
  lines.clear();
  pending.clear();
  log.replaceChildren();
  offers.hidden = true;
  keep([]);
  tell(words);
}

function tell(words) {
  statusLine.textContent = words;
}

// ---- Sending ----

const QUEUE = `cunbao.queue${settings.phone ? location.pathname : ""}`;
let flushing = false;
let again = null;
let patience = 1;

const queue = () => JSON.parse(localStorage.getItem(QUEUE) || "[]");
const keep = (items) => localStorage.setItem(QUEUE, JSON.stringify(items));
const photos = []; // { key, blob, name, seconds }, recordings too: too large for the queue in the browser's storage, so kept while the page is open

function send(what) {
  const item = { key: newKey(), at: Date.now(), ...what };
  awaiting = true;
  keep([...queue(), item]);
  showQueued(item);
  flush();
}

function showQueued(item) {
  if (item.place) addPending(item.key, ["已发送定位"]);
  else if (item.text && !item.text.startsWith("/start ")) addPending(item.key, [make("p", {}, item.text)]);
}

async function flush() {
  if (flushing) return;
  flushing = true;
  clearTimeout(again);
  try {
    for (let item = queue()[0]; item; item = queue()[0]) {
      const { at, ...what } = item;
      const body = JSON.stringify({ ...what, age: at ? (Date.now() - at) / 1000 : 0 });
      if (!(await post("/say", { body, headers: { "Content-Type": "application/json" } }, item.key))) return;
      keep(queue().filter((one) => one.key !== item.key));
    }
    while (photos.length) {
      const form = new FormData();
      form.append("key", photos[0].key);
      if (photos[0].seconds) form.append("seconds", photos[0].seconds);
      form.append("file", photos[0].blob, photos[0].name);
      if (!(await post("/photo", { body: form }, photos[0].key))) return;
      photos.shift();
    }
  } finally {
    flushing = false;
  }
}

// True when the item is done with: taken, or refused for good. False: it stays, and is tried again later.
async function post(url, request, key) {
  const headers = { ...request.headers, "X-Cunbao": "1" };
  let answer;
  try {
    const signal = AbortSignal.timeout?.(url === "/say" ? 30_000 : 300_000); // missing in old browsers, which wait on
    answer = await fetch(ofPhone(url), { method: "POST", ...request, headers, signal });
  } catch {
    clearTimeout(lost);
    lost = 0; // nothing to wait for: it is told at once
    tell("没有网络。消息先存在手机里，连上后自动发出。");
    return later();
  }
  connected();
  const words = answer.ok ? "" : (await answer.json().catch(() => ({}))).error;
  if (answer.ok) {
    patience = 1;
    return true;
  }
  if (answer.status === 401) return void close(words);
  if (answer.status === 429 || answer.status >= 500) return later(Number(answer.headers.get("Retry-After")));
  removePending(key);
  setBusy(false);
  note(words || "这条没有发出去，请重新发一次。");
  return true;
}

function later(seconds) {
  patience = Math.min(patience * 2, 30);
  again = setTimeout(flush, 1000 * (seconds || patience));
  return false;
}

// ---- The composer ----

function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

function submit(event) {
  event.preventDefault();
  const words = text.value.trim();
  if (words) send({ text: words });
  text.value = "";
  grow();
  text.focus();
}

$("composer").onsubmit = submit;
text.oninput = grow;
text.onkeydown = (event) => {
  // Enter while an input method is open chooses a character and must not send.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  submit(event);
};

$("menu").onclick = () => send({ choice: "/help" });
$("leave").onclick = () => send({ choice: "/signout" });
$("photo").onclick = $("offer-photo").onclick = () => file.click();
if (matchMedia("(pointer: fine)").matches) file.accept = "image/*,audio/*,.xlsx,.csv,.docx,.pdf,.md,.txt"; // an office sends its ledger from a desk

$("sound").onchange = () => {
  const [chosen] = $("sound").files;
  if (chosen) sendSound(chosen, 0);
  $("sound").value = "";
};
const chooseSound = () => $("sound").click();
const record = recorder({ send: sendSound, note, fallback: chooseSound });
$("voice").onclick = $("offer-voice").onclick = isSecureContext ? record : noMicrophone;

// Without https a phone gives a page neither microphone nor place.
function noMicrophone() {
  const way = make("button", { type: "button", className: "choice", onclick: chooseSound }, "选录好的录音");
  note("这个网址开头不是 https，手机不让网页录音。请打字说，或用手机自带的录音录好再选来。", way);
}

function sendSound(blob, seconds) {
  if (blob.size > Number(settings.maxUpload)) return note("录音太长了，请分几次说。");
  const key = newKey();
  addPending(key, [make("audio", { src: URL.createObjectURL(blob), controls: true })]);
  photos.push({ key, blob, name: "voice", seconds });
  flush();
}

file.onchange = async () => {
  const chosen = [...file.files];
  file.value = "";
  for (const one of chosen) await upload(one);
};

async function upload(chosen) {
  const blob = await smaller(chosen);
  if (blob.size > Number(settings.maxUpload)) {
    return note(`文件太大，最大 ${Math.floor(settings.maxUpload / 1024 / 1024)} MB。请换个小一点的。`);
  }
  const key = newKey();
  const isImage = blob.type.startsWith("image/");
  addPending(key, [isImage ? make("img", { src: URL.createObjectURL(blob), alt: "正在发送的照片" }) : chosen.name]);
  photos.push({ key, blob, name: chosen.name });
  flush();
}

// A phone's photo is several megabytes; the village's network need not carry what is not kept.
async function smaller(chosen) {
  if (!chosen.type.startsWith("image/") || chosen.size < 1_000_000) return chosen;
  try {
    const image = await createImageBitmap(chosen, { imageOrientation: "from-image" });
    const scale = Math.min(1, 2000 / Math.max(image.width, image.height));
    const canvas = make("canvas", { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return (await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.88))) || chosen;
  } catch {
    return chosen; // a kind this browser can't draw; the server looks at it
  }
}

$("offer-place").onclick = () => {
  const button = $("offer-place");
  if (button.getAttribute("aria-busy") === "true") return;
  if (!isSecureContext) return note("这个网址开头不是 https，手机不让网页定位。请直接写地点，例如：村部往东第三家。");
  if (!navigator.geolocation) return note("这个浏览器不能定位，请直接写地点。");
  const label = button.querySelector("span");
  const words = label.textContent;
  const done = () => {
    button.setAttribute("aria-busy", "false");
    label.textContent = words;
  };
  button.setAttribute("aria-busy", "true");
  label.textContent = "正在定位…";
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      done();
      send({ place: { latitude: coords.latitude, longitude: coords.longitude } });
    },
    (error) => {
      done();
      const denied = error.code === error.PERMISSION_DENIED;
      note(denied ? "没有定位权限。请在手机设置里允许，或者直接写地点。" : "暂时定位不到。请到开阔处再试，或者直接写地点。");
    },
    { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
  );
};

addEventListener("online", listen);
addEventListener("beforeunload", (event) => photos.length && event.preventDefault());
// Unseen, the page hangs up: a browser keeps few connections open, and a phone's battery is somebody's.
document.addEventListener("visibilitychange", () => (document.hidden ? stream.close() : listen()));
setInterval(() => !document.hidden && Date.now() - heardAt > SILENCE && listen(), SILENCE / 4);

log.setAttribute("aria-live", "off"); // the past is not read out
queue().forEach(showQueued);
if (settings.start) {
  send({ text: `/start ${settings.start}` });
  history.replaceState(null, "", "/chat"); // so that reloading does not say it again
}
listen();
