// Pictures that are pasted, or dropped anywhere on the page, go to the upload area as if they had been chosen there.

const INPUT = '.st-key-upload input[type="file"]';
const ZONE = '[data-testid="stFileUploaderDropzone"]';

let listening = false;

export function takeFiles() {
  if (listening) return;
  listening = true;
  document.addEventListener("paste", (event) => take(event, event.clipboardData));
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files") || isZone(event.target)) return;
    event.preventDefault();
    document.body.style.outline = "4px dashed #0072b2";
    document.body.style.outlineOffset = "-6px";
  });
  for (const name of ["dragleave", "drop", "dragend"]) document.addEventListener(name, clearOutline);
  document.addEventListener("drop", (event) => {
    if (!isZone(event.target)) take(event, event.dataTransfer);
  });
}

function take(event, transfer) {
  const files = [...(transfer?.files ?? [])];
  const input = document.querySelector(INPUT);
  if (!files.length || !input) return;
  event.preventDefault();
  const chosen = new DataTransfer();
  for (const file of files) chosen.items.add(file);
  input.files = chosen.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function isZone(target) {
  return target instanceof Element && target.closest(ZONE) !== null;
}

function clearOutline() {
  document.body.style.outline = "";
}
