/* Sections play in step while they are on the screen; a click shows an edit large beside its source. */

const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

function prepare(section) {
  const videos = [...section.querySelectorAll("video")];
  const button = section.querySelector(".play");
  const show = (playing) => (button.textContent = playing ? "Pause" : "Play");
  const player = new SyncedPlayer(videos, undefined, show);
  let wanted = !calm;
  for (const video of videos) {
    video.removeAttribute("controls");
    video.loop = false; // the player begins all of them anew together
    if (!video.closest(".source")) makeButton(video, () => compare(section, video));
  }
  show(wanted);
  button.hidden = false;
  button.addEventListener("click", () => {
    wanted = !player.playing;
    player.toggle();
  });
  const observer = new IntersectionObserver(([entry]) => {
    if (entry.isIntersecting && wanted) player.play();
    else if (!entry.isIntersecting && player.playing) player.pause();
  });
  observer.observe(section);
}

function makeButton(video, act) {
  video.tabIndex = 0;
  video.setAttribute("role", "button");
  video.addEventListener("click", act);
  video.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    act();
  });
}

function compare(section, video) {
  const dialog = document.querySelector("dialog");
  const source = section.querySelector(".source video");
  const copies = (source ? [source, video] : [video]).map((each) => {
    const copy = document.createElement("video");
    Object.assign(copy, { muted: true, playsInline: true, poster: each.poster, src: each.src });
    copy.setAttribute("aria-label", each.getAttribute("aria-label"));
    return copy;
  });
  dialog.querySelector("h2").textContent = video.getAttribute("aria-label");
  dialog.querySelector(".pair").replaceChildren(...copies);
  const player = new SyncedPlayer(copies);
  for (const copy of copies) copy.addEventListener("click", () => player.toggle());
  dialog.onclose = () => {
    player.pause();
    dialog.querySelector(".pair").replaceChildren();
  };
  dialog.showModal();
  player.play();
}

document.body.classList.add("ready");
document.querySelectorAll("section").forEach(prepare);
