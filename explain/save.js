// Saves a section as an SVG file, for slides: boxes, pictures and words in the places that the browser has given them.
import { byId, html, svg } from "./elements.js";

const DRAWN_STYLES = [
    ...["fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "opacity", "marker-end"],
    ...["font-family", "font-size", "font-style", "font-weight", "text-anchor", "dominant-baseline"],
];

/** A copy of an element of a drawing, which needs no style sheet.
 * @param {SVGElement} drawing */
function copyStyled(drawing) {
    const copy = /** @type {SVGElement} */ (drawing.cloneNode(true)),
        originals = [drawing, ...drawing.querySelectorAll("*")];
    [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
        const style = getComputedStyle(originals[i]);
        for (const name of DRAWN_STYLES)
            /** @type {SVGElement} */ (element).style.setProperty(name, style.getPropertyValue(name));
    });
    return copy;
}

/** The background and border of an element, if it has any.
 * @type {(style: CSSStyleDeclaration, place: Record<string, number>) => SVGElement[]} */
const boxOf = (style, place) =>
    style.backgroundColor === "rgba(0, 0, 0, 0)" && style.borderBottomWidth === "0px"
        ? []
        : [
              svg("rect", {
                  ...place,
                  rx: parseFloat(style.borderTopLeftRadius),
                  fill: style.backgroundColor,
                  stroke: style.borderBottomWidth === "0px" ? "none" : style.borderBottomColor,
              }),
          ];

/** The words of a text, each in its place.
 * @type {(text: Text, left: number, top: number) => SVGElement[]} */
function wordsOf(text, left, top) {
    const style = getComputedStyle(/** @type {Element} */ (text.parentElement)),
        range = document.createRange();
    return [...text.data.matchAll(/\S+/g)].flatMap(({ 0: word, index }) => {
        range.setStart(text, index);
        range.setEnd(text, index + word.length);
        const { x, y, width, height } = range.getBoundingClientRect(),
            [right, down] = [x - left, y - top];
        const at = style.writingMode.startsWith("vertical")
            ? { transform: `translate(${right + 0.21 * width} ${down}) rotate(90)`, textLength: height }
            : { x: right, y: down + 0.79 * height, textLength: width };
        const { color: fill, fontFamily, fontSize, fontStyle, fontWeight } = style;
        const font = { "font-family": fontFamily, "font-size": fontSize, "font-style": fontStyle, "font-weight": fontWeight };
        return width > 0 ? [svg("text", { ...at, ...font, fill }, word)] : [];
    });
}

/** A rotated element: its shapes without the rotation, and a group that rotates them.
 * @type {(element: HTMLElement, left: number, top: number) => SVGElement[]} */
function rotated(element, left, top) {
    const { transform, transformOrigin } = getComputedStyle(element), // strings, which stay as they are now
        origin = transformOrigin.split(" ").map(parseFloat);
    element.style.transform = "none";
    const box = element.getBoundingClientRect(),
        [x, y] = [box.x - left + origin[0], box.y - top + origin[1]],
        shapes = shapesOf(element, left, top);
    element.style.transform = "";
    return [svg("g", { transform: `translate(${x} ${y}) ${transform} translate(${-x} ${-y})` }, ...shapes)];
}

/** What an element and everything in it looks like, from the point (left, top) on.
 * @type {(node: Node, left: number, top: number) => SVGElement[]} */
function shapesOf(node, left, top) {
    if (node instanceof Text) return wordsOf(node, left, top);
    if (!(node instanceof Element) || node.matches("input, select, .save") || node.getClientRects().length === 0) return [];
    const style = getComputedStyle(node);
    if (node instanceof HTMLElement && style.transform !== "none") return rotated(node, left, top);
    const { x, y, width, height } = node.getBoundingClientRect(),
        place = { x: x - left, y: y - top, width, height };
    if (node instanceof HTMLCanvasElement)
        return [
            svg("image", { ...place, href: node.toDataURL(), preserveAspectRatio: "none", "image-rendering": "pixelated" }),
        ];
    if (node instanceof SVGSVGElement) {
        const copy = copyStyled(node);
        for (const [name, value] of Object.entries({ ...place, overflow: "visible" })) copy.setAttribute(name, String(value));
        return [copy];
    }
    return [...boxOf(style, place), ...[...node.childNodes].flatMap((child) => shapesOf(child, left, top))];
}

/** @param {HTMLElement} section */
function save(section) {
    const { x, y, width, height } = section.getBoundingClientRect(),
        background = getComputedStyle(document.body).backgroundColor;
    const picture = svg(
        "svg",
        { width, height, viewBox: `0 0 ${width} ${height}` },
        copyStyled(/** @type {SVGElement} */ (byId("defs").querySelector("marker"))),
        svg("rect", { width, height, fill: background }),
        ...shapesOf(section, x, y),
    );
    const blob = new Blob([new XMLSerializer().serializeToString(picture)], { type: "image/svg+xml" }),
        href = URL.createObjectURL(blob);
    html("a", { href, download: `${section.id}.svg` }).click();
    URL.revokeObjectURL(href);
}

/** Adds a button to each section that saves it. */
export function addSaveButtons() {
    for (const section of document.querySelectorAll("section"))
        section
            .querySelector("h2")
            ?.before(html("button", { type: "button", class: "save", onclick: () => save(section) }, "Save as SVG"));
}
