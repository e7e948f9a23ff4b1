// Pictures: those of the camera on their way to the server, and those that the model sees on their way back.

const widest = 640;

/** The camera in `video`. Rejects in words where there is none. */
export async function camera(video) {
  if (!navigator.mediaDevices?.getUserMedia)
    throw new Error("The browser gives the camera to pages on this machine or over https alone.");
  try {
    return video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: widest }, audio: false });
  } catch (error) {
    throw new Error(error.name === "NotAllowedError" ? "The camera was not allowed. Allow it for this page, and start again."
      : "No camera was found. Connect one, and start again.");
  }
}

/** Hands a JPEG of `video` to `show(buffer, second)` `fps` times a second, counted from now. Returns what ends it. */
export function watch(video, fps, show) {
  const canvas = document.createElement("canvas"), began = performance.now();
  let last = -1;
  const timer = setInterval(() => {
    if (!video.videoWidth) return;
    const scale = Math.min(1, widest / video.videoWidth), at = (performance.now() - began) / 1000;
    canvas.width = Math.round(video.videoWidth * scale); canvas.height = Math.round(video.videoHeight * scale);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    canvas.toBlob(async blob => {
      const data = await blob?.arrayBuffer();
      if (data && at > last) { last = at; show(data, at); }
    }, "image/jpeg", 0.8);
  }, 1000 / fps);
  return { second: () => (performance.now() - began) / 1000, end: () => clearInterval(timer) };
}

/** Shows the server's pictures in `image`, each at its second. */
export class Pictures {
  constructor(image) { this.image = image; this.clear(); }

  clear() { this.second = 0; this.base = null; clearTimeout(this.timer); this.waiting = []; this.image.removeAttribute("src"); }

  take(buffer) {
    const at = new DataView(buffer).getFloat64(0, true);
    this.waiting.push({ at, url: URL.createObjectURL(new Blob([buffer.slice(8)], { type: "image/jpeg" })) });
    if (this.waiting.length === 1) {
      this.base = { at, now: performance.now() };
      this.next();
    }
  }

  next() {
    const one = this.waiting[0];
    if (!one) return;
    const due = this.base.now + (one.at - this.base.at) * 1000 - performance.now();
    this.timer = setTimeout(() => {
      const before = this.image.src;
      this.image.src = one.url; this.second = one.at;
      if (before) URL.revokeObjectURL(before);
      this.waiting.shift();
      this.next();
    }, Math.max(0, due));
  }
}
