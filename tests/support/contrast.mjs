// Counts the elements that hold words, and lists those whose words have a contrast below 4.5 to 1 (WCAG 2.2, 1.4.3).
export const findFaint = (exempt) => {
  const parsed = (colour) => {
    const found = colour.match(/^color\(srgb ([^)]*)\)/);
    if (found) {
      const [red, green, blue, alpha = 1] = found[1].split(/[ /]+/).map(Number);
      return [255 * red, 255 * green, 255 * blue, alpha];
    }
    const [red, green, blue, alpha = 1] = (colour.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    return [red, green, blue, alpha];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const above = (node) => node.parentElement ?? node.getRootNode().host ?? null;
  const ground = (node) => {
    if (!node) return [255, 255, 255, 1];
    const style = getComputedStyle(node);
    return over(parsed(style.backgroundColor), ground(above(node)));
  };
  const opacity = (node) => (node ? Number(getComputedStyle(node).opacity) * opacity(above(node)) : 1);
  const light = (colour) => {
    const [r, g, b] = colour
      .map((part) => part / 255)
      .map((p) => (p <= 0.04045 ? p / 12.92 : ((p + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (node) => {
    const style = getComputedStyle(node);
    const isDrawn = node instanceof SVGElement;
    const [r, g, b, a] = parsed(isDrawn ? style.fill : style.color);
    const below = ground(node);
    const alpha = a * opacity(node) * (isDrawn ? Number(style.fillOpacity) : 1);
    const [one, other] = [light(over([r, g, b, alpha], below)), light(below)];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  const inside = (root) =>
    [...root.querySelectorAll("*")].flatMap((each) => [each, ...(each.shadowRoot ? inside(each.shadowRoot) : [])]);
  const isWritten = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  const isSeen = (node) => {
    const box = node.getBoundingClientRect();
    return node.checkVisibility({ visibilityProperty: true }) && opacity(node) > 0 && box.width > 1 && box.height > 1;
  };
  const words = inside(document.querySelector(".stApp")).filter(
    (node) => !/^(style|script|noscript)$/i.test(node.tagName) && isWritten(node) && isSeen(node),
  );
  return {
    count: words.length,
    faint: words
      .filter((node) => !node.closest(exempt))
      .map((node) => [contrast(node), node])
      .filter(([found]) => found < 4.5)
      .map(
        ([found, node]) =>
          `${found.toFixed(2)} ${node.tagName}.${node.getAttribute("class")} in ${above(node)?.className?.baseVal ?? above(node)?.className}: ${node.textContent.trim().slice(0, 60)}`,
      ),
  };
};
