// Reports where the picture in the same frame is clicked, in its pixels; what is dragged or zoomed stays Plotly's.

const FRAME = "[class*=st-key-picture_]";
const AT_ONCE = 50; // milliseconds between two events of one click: the keyboard's comes from Plotly, too

export default function mountPictureClicks({ parentElement, setTriggerValue }) {
  const frame = (parentElement.getRootNode().host ?? parentElement).closest(FRAME);
  let last = -Infinity;
  frame.onclick = (event) => {
    if (!event.target.matches(".nsewdrag") || event.timeStamp - last < AT_ONCE) return;
    last = event.timeStamp;
    const { xaxis, yaxis } = frame.querySelector(".js-plotly-plot").layout;
    const area = event.target.getBoundingClientRect();
    const across = placed((event.clientX - area.left) / area.width, xaxis.range);
    const down = placed((area.bottom - event.clientY) / area.height, yaxis.range);
    setTriggerValue("clicked", { down, across });
  };
}

const placed = (share, [start, end]) => start + share * (end - start);
