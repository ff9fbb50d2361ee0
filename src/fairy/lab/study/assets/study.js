"use strict";
/* The rater's page: asks the server where the rater is, shows that, sends the answers. */

const RETRY_MS = 2000;
const CAPTIONS = { pairs: ["Source", "A", "B"], single: ["Source", "Edited"] };
const SECTIONS = ["loading", "trouble", "welcome", "judge", "done"];
const $ = (id) => document.getElementById(id);

let state = null;
let player = null;
let current = 0; // the question that the digits answer
let begun = 0; // when this page was shown, in milliseconds
let sending = false;

/* A JSON answer of the server. Throws TypeError where there is no server, Error with the server's own words otherwise. */
async function ask(path, said) {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said) };
  const response = await fetch(path, said === undefined ? {} : post);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error || `The server says ${response.status}. Please try again.`);
  return answer;
}

function show(section) {
  for (const id of SECTIONS) $(id).hidden = id !== section;
  $("progress").hidden = section !== "judge" && section !== "done";
}

async function load(position) {
  try {
    state = await ask(position === undefined ? "/api/state" : `/api/state?position=${position}`);
  } catch {
    show("trouble");
    setTimeout(() => $("trouble").hidden || load(position), RETRY_MS);
    return;
  }
  player?.pause();
  $("title").textContent = document.title = state.title;
  for (const part of document.querySelectorAll("[data-form]")) part.hidden = part.dataset.form !== state.form;
  ({ welcome: showWelcome, judge: showTask, done: showDone })[state.phase]();
  window.scrollTo(0, 0);
}

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function showWelcome() {
  const parts = state.questions.flatMap(({ title, help }) => [
    element("dt", { textContent: title }),
    element("dd", { textContent: help }),
  ]);
  $("explained").replaceChildren(...parts);
  $("unknown-link").hidden = location.hash !== "#unknown-link";
  $("name").value = new URLSearchParams(location.search).get("name") || "";
  show("welcome");
}

function showProgress() {
  $("count").textContent =
    state.phase === "judge" ? `${state.position + 1} of ${state.total}` : `${state.answered} of ${state.total} done`;
  $("bar").value = state.total ? state.answered / state.total : 1;
}

function showDone() {
  showProgress();
  const none = state.total === 0;
  $("thanks").textContent = none ? "Nothing to judge at the moment" : "Thank you!";
  const more = state.open ? ` There are ${state.open} more that nobody has judged often enough.` : "";
  $("summary").textContent = none
    ? "Everything has found its raters. Thank you for coming."
    : `All ${state.total} pages are answered, and your answers are kept.${more || " You can close this page."}`;
  $("more").hidden = !state.open;
  $("review").hidden = none;
  show("done");
}

/* ---- one task ---- */

function showTask() {
  showProgress();
  $("instruction").textContent = state.instruction;
  $("link").textContent = $("link").href = location.origin + state.link;
  $("back").disabled = state.position === 0;
  $("next").textContent = state.answered + 1 >= state.total ? "Finish" : "Next";
  $("last-key").textContent = state.choices.length;
  say("");
  showVideos();
  showQuestions();
  show("judge");
  begun = performance.now();
  $("instruction").focus({ preventScroll: true });
}

function showVideos() {
  const names = [state.source, ...state.results];
  const figures = names.map((name, index) => {
    const video = element("video", { muted: true, playsInline: true, preload: "auto" });
    video.poster = `/media/${name}.jpg`;
    video.src = `/media/${name}.mp4`;
    video.tabIndex = -1;
    video.addEventListener("error", () => ($("media-error").hidden = false));
    video.addEventListener("click", () => player.toggle());
    const caption = element("figcaption", { textContent: CAPTIONS[state.form][index] });
    video.setAttribute("aria-label", caption.textContent);
    return element("figure", { className: index ? "result" : "source" }, video, caption);
  });
  $("media-error").hidden = true;
  $("videos").dataset.columns = names.length;
  $("videos").style.setProperty("--columns", names.length);
  $("videos").replaceChildren(...figures);
  player = new SyncedPlayer([...$("videos").querySelectorAll("video")], showTime, showPlaying);
  player.setRate($("slow").getAttribute("aria-pressed") === "true" ? 0.5 : 1);
  player.play();
}

function showTime(seconds, duration) {
  $("seek").max = duration || 1;
  $("seek").value = seconds;
  $("clock").textContent = duration ? `${seconds.toFixed(1)} / ${duration.toFixed(1)} s` : "loading …";
}

function showPlaying(playing) {
  $("play").textContent = playing ? "Pause" : "Play";
}

function showQuestions() {
  const answers = { ...state.answers, ...draft() };
  $("questions").replaceChildren(...state.questions.map((question, index) => fieldset(question, index, answers)));
  const open = state.questions.findIndex(({ key }) => !answers[key]);
  setCurrent(open < 0 ? 0 : open);
}

function fieldset({ key, title, help }, index, answers) {
  const choices = state.choices.flatMap((choice, place) => {
    const id = `${key}-${choice.key}`;
    const input = element("input", { type: "radio", name: key, value: choice.key, id });
    input.checked = answers[key] === choice.key;
    const digit = element("kbd", { textContent: place + 1, ariaHidden: "true" });
    return [input, element("label", { htmlFor: id }, digit, choice.label)];
  });
  const asked = element("div", { className: "asked", id: `${key}-title` });
  asked.append(element("b", { textContent: title }), element("span", { textContent: help }));
  const set = element("fieldset", {}, asked, element("div", { className: "choices" }, ...choices));
  set.setAttribute("role", "radiogroup");
  set.setAttribute("aria-labelledby", asked.id);
  set.addEventListener("focusin", () => setCurrent(index));
  return set;
}

function setCurrent(index) {
  current = index;
  [...$("questions").children].forEach((set, place) => set.classList.toggle("current", place === index));
}

function given() {
  return Object.fromEntries(new FormData($("answers")));
}

/* Answers that are not sent yet outlive a reload of the page. */
function draft() {
  const kept = JSON.parse(localStorage.getItem(state.link) || "{}");
  return kept.position === state.position ? kept.answers : {};
}

function keepDraft() {
  localStorage.setItem(state.link, JSON.stringify({ position: state.position, answers: given() }));
}

/* Each answer is sent as it is given, so that another device goes on from there. Next tells when the page is done. */
function sendDraft() {
  const draft = { position: state.position, answers: given() };
  ask("/api/draft", draft).catch(() => {}); // Next sends all of them again, and says what is wrong
}

function say(text) {
  $("message").textContent = text;
}

async function send() {
  const answers = given();
  const missing = state.questions.findIndex(({ key }) => !answers[key]);
  if (missing >= 0) {
    const count = state.questions.length - Object.keys(answers).length;
    say(count === 1 ? "One question is still open." : `${count} questions are still open.`);
    setCurrent(missing);
    $("questions").children[missing].scrollIntoView({ block: "nearest" });
    return;
  }
  if (sending) return;
  sending = $("next").disabled = true;
  const vote = { position: state.position, answers, seconds: (performance.now() - begun) / 1000 };
  const sent = await deliver(vote);
  sending = $("next").disabled = false;
  if (!sent) return;
  localStorage.removeItem(state.link);
  await load();
}

/* Send until it has arrived; whether the server took it. To send a vote twice does no harm. */
async function deliver(vote) {
  for (;;) {
    try {
      await ask("/api/answers", vote);
      return true;
    } catch (error) {
      if (!(error instanceof TypeError)) {
        say(error.message);
        return false;
      }
      say("No connection to the server. Your answers are kept here and will be sent as soon as it is back.");
      await new Promise((done) => setTimeout(done, RETRY_MS));
    }
  }
}

/* ---- what the rater does ---- */

function answerCurrent(place) {
  const inputs = $("questions").children[current].querySelectorAll("input");
  if (!inputs[place]) return;
  inputs[place].checked = true;
  keepDraft();
  sendDraft();
  say("");
  if (current + 1 < state.questions.length) setCurrent(current + 1);
}

function onKey(event) {
  const { key, target } = event;
  if ($("judge").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  const onControl = target.closest("button, a, summary");
  if (/^[1-9]$/.test(key)) answerCurrent(Number(key) - 1);
  else if (key === "Enter" && !onControl) send();
  else if (key === " " && !onControl && !(target.type === "radio" && !target.checked)) player.toggle();
  else if (key === "Backspace" && state.position > 0 && !sending) load(state.position - 1);
  else return;
  event.preventDefault();
}

async function press(button, path, said) {
  button.disabled = true;
  try {
    await ask(path, said);
  } catch {
    show("trouble");
  }
  button.disabled = false;
  await load();
}

document.addEventListener("keydown", onKey);
$("begin").addEventListener("submit", (event) => {
  event.preventDefault();
  press(event.target.querySelector("button"), "/api/join", { name: $("name").value });
});
$("answers").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
$("answers").addEventListener("change", () => {
  keepDraft();
  sendDraft();
  say("");
});
$("more").addEventListener("click", (event) => press(event.target, "/api/more", {}));
$("back").addEventListener("click", () => sending || load(state.position - 1));
$("review").addEventListener("click", () => load(state.total - 1));
$("retry").addEventListener("click", () => load());
$("reload").addEventListener("click", () => load(state.position));
$("play").addEventListener("click", () => player.toggle());
$("slow").addEventListener("click", ({ target }) => {
  const slow = target.getAttribute("aria-pressed") !== "true";
  target.setAttribute("aria-pressed", slow);
  player.setRate(slow ? 0.5 : 1);
});
$("seek").addEventListener("input", ({ target }) => player.seek(Number(target.value)));
load();
