"use strict";
/* Plays videos of one scene in step. When the longest has ended all begin anew; a shorter one waits on its last frame. */

const DRIFT = 0.08; // seconds that two videos may be apart

class SyncedPlayer {
  /* onTick(seconds, duration) is called while they play, onState(playing) when that changes. */
  constructor(videos, onTick = () => {}, onState = () => {}) {
    this.videos = videos;
    this.onTick = onTick;
    this.onState = onState;
    this.playing = false;
    this.rate = 1;
    for (const video of videos) {
      video.muted = true;
      video.addEventListener("ended", () => this.ended(video));
      video.addEventListener("loadedmetadata", () => this.tell());
    }
  }

  get leader() {
    const length = (video) => (Number.isFinite(video.duration) ? video.duration : 0);
    return this.videos.reduce((best, video) => (length(video) > length(best) ? video : best));
  }

  async play() {
    this.playing = true;
    this.onState(true);
    this.align();
    await Promise.allSettled(this.videos.filter((video) => this.pending(video)).map((video) => video.play()));
    // A browser may refuse to play unasked: then the button must not claim that it plays.
    if (this.playing && this.leader.readyState && this.leader.paused && !this.leader.ended) this.pause();
    requestAnimationFrame(() => this.tick());
  }

  pause() {
    this.playing = false;
    for (const video of this.videos) video.pause();
    this.align();
    this.onState(false);
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  seek(seconds) {
    for (const video of this.videos) this.move(video, seconds);
    this.tell();
    if (this.playing) this.play();
  }

  setRate(rate) {
    this.rate = rate;
    for (const video of this.videos) video.playbackRate = rate;
  }

  /* Whether a video has something to show yet at the leader's time. */
  pending(video) {
    return !(video.duration && this.leader.currentTime >= video.duration);
  }

  align() {
    const { leader } = this;
    for (const video of this.videos) {
      const away = Math.abs(video.currentTime - Math.min(leader.currentTime, video.duration || 0));
      if (video !== leader && away > DRIFT && !video.seeking) this.move(video, leader.currentTime);
    }
  }

  move(video, seconds) {
    if (video.readyState) video.currentTime = Math.min(seconds, video.duration || 0);
    video.playbackRate = this.rate;
  }

  ended(video) {
    if (video !== this.leader || !this.playing) return;
    for (const each of this.videos) this.move(each, 0);
    this.play();
  }

  tick() {
    if (!this.playing) return;
    if (!this.leader.seeking) this.align();
    this.tell();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), 40);
  }

  tell() {
    this.onTick(this.leader.currentTime, this.leader.duration || 0);
  }
}
