// A name by which a tab is known again after it is reloaded; no other tab and no other server gets to know it.

const NAME = "stvit-tab";

// A tab has a name once it was given pictures, which a reload asks for again whichever picture is shown then.
export function hasName() {
  return Boolean(sessionStorage.getItem(NAME));
}

export function nameOfTab() {
  let name = sessionStorage.getItem(NAME);
  if (!name) {
    name = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
      "",
    );
    sessionStorage.setItem(NAME, name);
  }
  return name;
}

export function mountTab({ setStateValue }) {
  setStateValue("tab", nameOfTab());
}
