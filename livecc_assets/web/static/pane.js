// One model's words: a line an interval, the gauge over them, and the subtitles of them.

export const clock = seconds => {
  const whole = Math.floor(seconds), two = n => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:` : ""}${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
};

export class Pane {
  /** `go(second)` is called where a line's time is pressed. */
  constructor(element, go) {
    this.go = go; this.list = element.querySelector(".lines"); this.pace = element.querySelector(".pace");
    this.gauge = [...element.querySelectorAll("[data-of]")];
    this.link = element.querySelector(".subtitles"); this.name = element.querySelector("h2").textContent;
    this.link.addEventListener("click", () => this.offer());
    this.clear();
  }

  clear() {
    this.said = new Map();  // first second of an interval to what was said in it
    this.list.replaceChildren();
    this.link.hidden = true;
    this.measure({ skipped: 0 });
    this.pace.value = 0;
  }

  add(message) {
    this.measure(message);
    const before = this.said.get(message.start);
    before?.line?.remove();
    const one = { start: message.start, end: message.end, text: message.text, cue: message.cue, line: null };
    this.said.set(message.start, one);
    if (!message.text.trim()) return;
    one.line = this.line(message.start, message.text);
    this.place(one.line, message.start);
    this.link.hidden = false;
  }

  answer(message) {
    const line = this.line(message.at, "");
    const question = document.createElement("b"), answer = document.createElement("span"), took = document.createElement("small");
    question.textContent = message.question; answer.textContent = message.text || "(no answer)";
    took.textContent = `answered in ${message.latency.toFixed(2)} s${message.stopped === "length" ? ", and cut there" : ""}`;
    line.lastChild.append(question, answer, took);
    line.classList.add("asked");
    this.place(line, message.at);
  }

  /** The words of the interval that was last over at this second are marked; what comes later is pale. */
  mark(second) {
    let here = null;
    for (const one of this.said.values()) {
      if (!one.line) continue;
      one.line.classList.toggle("ahead", one.start > second + 0.05);
      if (one.start <= second + 0.05 && (!here || one.start > here.start)) here = one;
    }
    for (const line of this.list.querySelectorAll(".here")) if (line !== here?.line) line.classList.remove("here");
    here?.line.classList.add("here");
    return here;
  }

  line(at, text) {
    const line = document.createElement("li"), time = document.createElement("button"), words = document.createElement("span");
    time.type = "button"; time.textContent = clock(at); time.title = `Go to ${at.toFixed(1)} s`;
    time.addEventListener("click", () => this.go(at));
    words.textContent = text;
    line.dataset.at = at;
    line.append(time, words);
    return line;
  }

  place(line, at) {
    const low = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 60;
    const after = [...this.list.children].find(other => Number(other.dataset.at) > at);
    this.list.insertBefore(line, after ?? null);
    if (low) this.list.scrollTop = this.list.scrollHeight;
  }

  measure(message) {
    for (const place of this.gauge) {
      const value = message[place.dataset.of];
      const whole = place.dataset.of === "skipped", factor = place.dataset.of === "real_time_factor";
      if (value === undefined || value === null) { if (!whole) place.textContent = "–"; continue; }
      place.textContent = whole ? String(value) : factor ? value.toFixed(2) : `${value.toFixed(2)} s`;
    }
    if (typeof message.real_time_factor === "number") this.pace.value = message.real_time_factor;
  }

  offer() {
    const cues = [...this.said.values()].sort((a, b) => a.start - b.start).map(one => one.cue).join("");
    URL.revokeObjectURL(this.link.href);
    this.link.href = URL.createObjectURL(new Blob([`WEBVTT\n\n${cues}`], { type: "text/vtt" }));
    this.link.download = `${this.name.replace(/[^\w.-]+/g, "-")}.vtt`;
  }
}
