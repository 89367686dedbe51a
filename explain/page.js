// The header of the page, and the choices that redraw every section: the sentence and the theme.
import { drawAlignedChoice, drawAlignment } from "./alignment.js";
import { chooseFirstCell, drawAttention } from "./attention.js";
import { drawBox } from "./box.js";
import { checkpoint, data, experiment, view } from "./data.js";
import { drawDecoding } from "./decoding.js";
import { byId, choice, html } from "./elements.js";
import { readScales } from "./heatmaps.js";
import { drawMap } from "./map.js";
import { drawPositions } from "./positions.js";

/** @import { Stack } from "./data.js" */

function drawHeader() {
    const { encoder, decoder, d_model, dtype, source_language, target_language } = checkpoint;
    const quotes = data.lines.map((line) =>
        html(
            "blockquote",
            null,
            html("p", { lang: source_language }, line.text),
            html("p", { lang: target_language }, line.translation),
            experiment(line) ? html("p", { class: "note" }, experiment(line)) : null,
        ),
    );
    /** @type {[number, string][]} */
    const options = data.sentences.map((one, i) => [i, [one.text, experiment(one)].filter(Boolean).join(", ")]);
    byId("lines").replaceChildren(...quotes);
    byId("sentences").hidden = data.sentences.length === 1;
    byId("sentences").append(...choice("sentence", options, view.sentence, chooseSentence));
    /** @type {(name: string, stack: Stack) => string} */
    const stack = (name, { n_layers, n_heads, d_head, d_ff }) =>
        `${name}: ${n_layers} layers, ${n_heads} heads of ${d_head}, d_ff ${d_ff}`;
    byId("checkpoint").textContent =
        `${source_language} to ${target_language}, ${dtype} weights, d_model ${d_model}. ${stack("Encoder", encoder)}. ` +
        `${stack("Decoder", decoder)}. ${normWords()}. Positions: ` +
        `${checkpoint.source_positions ? "stored tables" : "sinusoids"}. ${frameWords()}. transformer.c ${data.version}`;
}

function normWords() {
    const { before, embedding, final, epsilon } = checkpoint.norm,
        places = [`${before ? "before" : "after"} each sublayer`, embedding && "of embeddings", final && "after each stack"];
    return `Layer norm ${places.filter(Boolean).join(", ")}${epsilon === 1e-5 ? "" : `, epsilon ${epsilon}`}`;
}

/** What splits text, and the pieces around it. */
function frameWords() {
    const { tokenizer, before, after, start, forced } = checkpoint,
        source = [...before, "text", ...after].join(" ");
    return `Tokenizer: ${tokenizer}, source ${source}, target ${[start, ...forced, "text"].join(" ")}`;
}

/** @param {number} i */
function chooseSentence(i) {
    view.sentence = i;
    view.step = view.position = 0;
    chooseFirstCell();
    drawSections();
}

function drawSections() {
    readScales();
    drawAlignedChoice();
    drawAlignment();
    drawMap();
    drawBox();
    drawAttention();
    drawDecoding();
    drawPositions();
}

/** Follows the system's theme until the button chooses one. */
const systemDark = matchMedia("(prefers-color-scheme: dark)");

/** @param {"dark" | "light"} theme */
function setTheme(theme) {
    const other = theme === "dark" ? "light" : "dark",
        button = byId("theme");
    document.documentElement.dataset.theme = theme;
    button.textContent = other === "dark" ? "Dark" : "Light";
    button.setAttribute("aria-label", `Switch to ${other} mode`);
    button.onclick = () => {
        systemDark.onchange = null;
        setTheme(other);
    };
    drawSections();
}

const setSystemTheme = () => setTheme(systemDark.matches ? "dark" : "light");
systemDark.onchange = setSystemTheme;

drawHeader();
chooseFirstCell();
setSystemTheme();

// The lines between pieces connect points on the screen, so a change of width redraws them.
let drawnWidth = 0;
new ResizeObserver(() => {
    const width = byId("pieces").clientWidth;
    if (width !== drawnWidth) drawAlignment();
    drawnWidth = width;
}).observe(byId("pieces"));
