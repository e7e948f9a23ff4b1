// The connection to the server: one seat, as long as it is open.

export class Line {
  /** `hear(message)` gets every message, `see(buffer)` every picture, `gone()` is called when the line has ended. */
  constructor(hear, see, gone) {
    this.hear = hear; this.see = see; this.gone = gone; this.viewer = null; this.socket = null;
  }

  get open() { return this.viewer !== null; }

  /** Take a seat. Rejects with the server's words when there is none. */
  sit() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    return new Promise((resolve, reject) => {
      const socket = this.socket = new WebSocket(`${scheme}://${location.host}/live`);
      socket.binaryType = "arraybuffer";
      let refused = "The server cannot be reached. Is it still running?";
      socket.onmessage = event => {
        if (typeof event.data !== "string") return this.see(event.data);
        const message = JSON.parse(event.data);
        if (message.type === "seated") { this.viewer = message.viewer; return resolve(); }
        if (message.type === "refused") refused = message.text;
        if (this.open) this.hear(message);
      };
      socket.onclose = () => {
        if (this.socket !== socket) return;
        const seated = this.open;
        this.viewer = null;
        if (seated) this.gone(); else reject(new Error(refused));
      };
    });
  }

  say(message) { if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message)); }

  /** A picture and its second. Left out while earlier ones still wait for the line. */
  show(jpeg, at) {
    if (this.socket?.readyState !== WebSocket.OPEN || this.socket.bufferedAmount > 500000) return;
    const message = new Uint8Array(8 + jpeg.byteLength);
    new DataView(message.buffer).setFloat64(0, at, true);
    message.set(new Uint8Array(jpeg), 8);
    this.socket.send(message);
  }

  leave() { const socket = this.socket; this.socket = null; this.viewer = null; socket?.close(); }

  /** Send a file. `progress(share)` from 0 to 1. Resolves with its seconds; rejects with the server's words. */
  send(file, progress) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PUT", `/live/${encodeURIComponent(this.viewer)}/video?name=${encodeURIComponent(file.name.slice(0, 200))}`);
      request.responseType = "json";
      request.upload.onprogress = event => progress(event.loaded / file.size);
      request.onload = () => request.status === 200 ? resolve(request.response.seconds)
        : reject(new Error(request.response?.text ?? `The server answers ${request.status}.`));
      request.onerror = () => reject(new Error("The upload broke off. Try again."));
      request.send(file);
    });
  }
}
