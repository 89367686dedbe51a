// Elements, tables and controls. Text from the data is inserted as text, never as markup.
import { percent } from "./numbers.js";

/** @import { RowName } from "./data.js" */

/**
 * A function is a listener: `onclick` listens for click. true sets an empty attribute; false, null and undefined set none.
 * @typedef {Record<string, string | number | boolean | null | undefined | ((event: any) => unknown)>} Attributes
 * @typedef {string | Node | null} Child    null adds nothing
 */

/** @template {Element} E
 * @param {E} element
 * @param {Attributes | null} attributes
 * @param {Child[]} children */
export function fill(element, attributes, children = []) {
    for (const [name, value] of Object.entries(attributes ?? {}))
        if (typeof value === "function") element.addEventListener(name.slice(2), value);
        else if (value !== false && value !== null && value !== undefined)
            element.setAttribute(name, value === true ? "" : String(value));
    element.append(...children.filter((child) => child !== null));
    return element;
}

/** @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes | null} [attributes]
 * @param {Child[]} children */
export const html = (tag, attributes = null, ...children) => fill(document.createElement(tag), attributes, children);

/** @type {(id: string) => HTMLElement} */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {(id: string) => HTMLInputElement} */
export const inputById = (id) => /** @type {HTMLInputElement} */ (byId(id));

const SVG = /** @type {"http://www.w3.org/2000/svg"} */ (byId("defs").namespaceURI);

/** @template {keyof SVGElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes | null} [attributes]
 * @param {Child[]} children */
export const svg = (tag, attributes = null, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** @type {(...children: Child[]) => HTMLElement} */
export const paragraph = (...children) => html("p", null, ...children);
/** @type {(...children: Child[]) => HTMLElement} */
export const note = (...children) => html("p", { class: "note" }, ...children);
/** @type {(text: string) => HTMLElement} */
export const code = (text) => html("code", null, text);
/** @type {(rows: number, columns: number) => HTMLElement} */
export const shape = (rows, columns) => html("span", { class: "shape" }, `${rows} × ${columns}`);

/** A token's text; special tokens such as </s> look different.
 * @type {(text: string) => HTMLElement} */
export const piece = (text) => html("span", { class: /^<.*>$/.test(text) ? "piece special" : "piece" }, text);

/** The name of a row: "fed → predicted" in the decoder.
 * @param {RowName} name */
export const rowName = ([first, predicted]) =>
    html("span", null, piece(first), ...(predicted === undefined ? [] : [" → ", piece(predicted)]));

/** A probability or weight as a bar with its number.
 * @type {(p: number, text?: string) => HTMLElement} */
const bar = (p, text = percent(p)) =>
    html("span", { class: "bar" }, html("i", { style: `width: ${100 * p}%` }), html("b", null, text));

/** A formula, in which ^… is raised and _… is lowered.
 * @param {string} text */
export function formula(text) {
    const parts = text.split(/([\^_](?:\([^)]*\)|\w+))/).map((part) => {
        const tag = part.length > 1 && (part[0] === "^" ? "sup" : part[0] === "_" && "sub");
        return tag ? html(tag, null, part.slice(1).replace(/^\((.*)\)$/, "$1")) : part;
    });
    return html("span", null, ...parts);
}

// ---- tables ----

/** @type {(...children: Child[]) => HTMLElement} */
export const rowHeader = (...children) => html("th", { scope: "row" }, ...children);
/** @type {(...children: Child[]) => HTMLElement} */
export const cell = (...children) => html("td", null, ...children);
/** @type {(p: number, text?: string) => HTMLElement} */
export const barCell = (p, text) => html("td", { class: "wide" }, bar(p, text));

/** @type {(cells: HTMLElement[], chosen?: boolean) => HTMLElement} */
export const tableRow = (cells, chosen = false) => html("tr", { class: chosen && "chosen" }, ...cells);

/** @type {(headings: Child[], rows: HTMLElement[]) => HTMLElement} */
export const table = (headings, rows) =>
    html(
        "table",
        null,
        headings.length ? html("thead", null, tableRow(headings.map((heading) => html("th", null, heading)))) : null,
        html("tbody", null, ...rows),
    );

// ---- controls ----

/** A choice of one option: radio buttons that look like a row of tabs.
 * @template {string | number} T
 * @param {string} name
 * @param {[value: T, label: string][]} options
 * @param {T} value     the checked one
 * @param {(value: T) => void} choose */
export const choice = (name, options, value, choose) =>
    options.map(([option, label]) =>
        html(
            "label",
            null,
            html("input", { type: "radio", name, value: option, checked: option === value, onchange: () => choose(option) }),
            html("span", null, label),
        ),
    );

/** Attributes of a button of a group of which one is chosen, and has the focus of the group.
 * @type {(chosen: boolean) => Attributes} */
export const pressed = (chosen) => ({ "aria-pressed": String(chosen), tabindex: chosen ? 0 : -1 });

/** @type {Record<string, [right: number, down: number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** A keydown listener that calls move(right, down) for an arrow key: one of them is -1 or 1, the other 0.
 * @param {(right: number, down: number) => void} move
 * @returns {(event: KeyboardEvent) => void} */
export const onArrow = (move) => (event) => {
    if (!(event.key in ARROWS)) return;
    event.preventDefault();
    move(...ARROWS[event.key]);
};
