// How things are shown, until Python says otherwise; a page of its own keeps them while it is open.
export const settings = {
  incoming: false,
  scale: "uniform",
  shared: false,
  opacity: 0.75,
  boundaries: true,
  outlines: false,
};

// Settings for which nothing is computed.
export const APPEARANCE = ["opacity", "boundaries", "outlines"];
