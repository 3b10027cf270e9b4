// How the panels are laid out for the shape of a picture; the style sheet does the rest.

const TALL = 1.5; // height over width from which the picture and its maps share one row
const WIDE = 2; // width over height from which the picture has a row of its own

export function arrange(body, { height, width }) {
  body.style.setProperty("--ratio", width / height);
  body.classList.toggle("tall", height > TALL * width);
  body.classList.toggle("wide", width > WIDE * height);
}
