// Speaks what is said, by the browser's own voice. What would come too late is left out.

const waiting = 2;

export class Voice {
  constructor(box) {
    this.box = box; this.queued = 0;
    if (!("speechSynthesis" in window)) { box.disabled = true; box.parentElement.title = "This browser has no voice."; }
    box.addEventListener("change", () => { if (!box.checked) this.hush(); });
  }

  say(text) {
    if (!this.box.checked || !text.trim() || this.box.disabled) return;
    if (this.queued >= waiting) this.hush();
    const words = new SpeechSynthesisUtterance(text);
    words.rate = 1.15;
    words.onend = words.onerror = () => { this.queued = Math.max(0, this.queued - 1); };
    this.queued += 1;
    speechSynthesis.speak(words);
  }

  hush() { if ("speechSynthesis" in window) speechSynthesis.cancel(); this.queued = 0; }
}
