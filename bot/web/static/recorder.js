// Recording a voice message: tap, speak, listen, send. Where the browser can't record, the phone's own recorder opens.

const LONGEST = 60; // seconds
const KINDS = ["audio/mp4;codecs=mp4a.40.2", "audio/ogg;codecs=opus", "audio/webm;codecs=opus"]; // the most widely played first

const $ = (id) => document.getElementById(id);
const [panel, state, player, cancel, done] = ["recorder", "recorder-state", "recorder-play", "recorder-cancel", "recorder-done"].map($);

let recording = null; // { recorder, chunks, began, seconds, timer, blob }

// `send(blob, seconds)` takes what was recorded, `note(words)` tells what went wrong, `fallback()` opens a file chooser.
export function recorder({ send, note, fallback }) {
  async function start() {
    if (recording) return;
    if (!window.MediaRecorder || !navigator.mediaDevices) return fallback();
    recording = {}; // a second tap while the browser asks for the microphone starts nothing
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      begin(stream);
    } catch (error) {
      recording = null;
      if (error.name === "NotAllowedError") return note("没有麦克风权限。请在手机设置里允许，或者打字说。");
      fallback();
    }
  }

  function begin(stream) {
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    const recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 32_000 });
    const chunks = [];
    recording = { recorder, chunks, began: performance.now(), timer: setInterval(tick, 200) };
    recorder.ondataavailable = (event) => chunks.push(event.data);
    recorder.onstop = () => {
      stream.getTracks().forEach((track) => track.stop());
      if (recording?.recorder === recorder) review();
    };
    recorder.start();
    player.hidden = true;
    done.textContent = "说完了";
    panel.classList.add("live");
    panel.hidden = false;
    tick();
    done.focus();
  }

  const elapsed = () => Math.floor((performance.now() - recording.began) / 1000);

  function tick() {
    const seconds = Math.min(elapsed(), LONGEST);
    state.textContent = `正在录音 ${seconds} 秒，最长 ${LONGEST} 秒`;
    if (seconds >= LONGEST) stop();
  }

  function stop() {
    clearInterval(recording.timer);
    recording.seconds = Math.min(Math.max(elapsed(), 1), LONGEST);
    if (recording.recorder.state !== "inactive") recording.recorder.stop();
  }

  function review() {
    recording.blob = new Blob(recording.chunks, { type: recording.recorder.mimeType });
    player.src = URL.createObjectURL(recording.blob);
    player.hidden = false;
    panel.classList.remove("live");
    state.textContent = `录了 ${recording.seconds} 秒。可以先听一遍。`;
    done.textContent = "发送";
    done.focus();
  }

  function close() {
    const { recorder, timer } = recording;
    recording = null;
    clearInterval(timer);
    if (recorder.state !== "inactive") recorder.stop();
    if (player.src) URL.revokeObjectURL(player.src);
    player.removeAttribute("src");
    panel.hidden = true;
  }

  done.onclick = () => {
    if (!recording.blob) return stop();
    send(recording.blob, recording.seconds);
    close();
  };
  cancel.onclick = close;
  return start;
}
